import re
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

import pytest
import sqlalchemy as sa
from factories.identity import create_organisation, create_person
from factories.web import anonymous, browser, create_web
from fastapi import APIRouter, FastAPI, Query
from pydantic import BaseModel

from vigil.kernel.db import Database
from vigil.kernel.errors import Fault, Invalid, NotFound
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission, Role
from vigil.kernel.parts import Parts
from vigil.kernel.telemetry import configure_logging
from vigil.kernel.web.app import create_base
from vigil.kernel.web.assets import AssetsMissing
from vigil.kernel.web.dependencies import Reading
from vigil.kernel.web.navigation import Link
from vigil.kernel.web.pages import Page

HTML = {"Accept": "text/html,application/xhtml+xml"}
PAGES = ("/sign-in", "/help", "/accessibility", "/problems", "/problems/not-found", "/nothing")
EXTERNAL = re.compile(r"""(?:src|href|action|content)=["'](?:https?:)?//""")

router = APIRouter()


class Body(BaseModel):
    name: str
    count: int


@dataclass(frozen=True, kw_only=True)
class EmptyPage(Page):
    template: ClassVar[str] = "help.html"


@router.post("/api/v1/things")
def post_thing(body: Body, limit: Annotated[int, Query(le=5)] = 1) -> str:
    return body.name


@router.get("/api/v1/things/{thing_id}")
def get_thing(thing_id: str) -> str:
    raise NotFound("There is no such thing.")


@router.get("/refused")
def refuse() -> str:
    raise Invalid.because([Fault("share", "above 100", "Give a percentage")])


@router.get("/broken")
def break_down() -> str:
    raise ValueError("DOE^JANE")


@router.get("/query")
def query(session: Reading) -> int:
    return int(session.connection().execute(sa.text("SELECT 1")).scalar_one())


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    return create_web(
        parts,
        router,
        navigation=(
            Link("Studies", "/studies", Permission.STUDY_READ),
            Link("Users", "/users", Permission.USER_WRITE),
        ),
    )


@pytest.fixture
def reader(parts: Parts) -> Actor:
    with parts.database.write() as session:
        create_organisation(session, "RXX")
        return create_person(session, "RXX", Role.READER)


def test_an_error_is_problem_details_whose_type_is_a_page(app: FastAPI) -> None:
    answer = anonymous(app).get("/api/v1/things/7")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem == {
        "type": "/problems/not-found",
        "title": "Not found",
        "status": 404,
        "detail": "There is no such thing.",
    }
    assert anonymous(app).get(problem["type"]).status_code == 200


def test_every_fault_is_named_and_no_value_repeated(app: FastAPI) -> None:
    answer = anonymous(app).post("/api/v1/things?limit=9", json={"count": "DOE^JANE"})
    assert answer.status_code == 422
    assert "DOE" not in answer.text
    errors = {error["pointer"]: error for error in answer.json()["errors"]}
    assert set(errors) == {"#/query/limit", "#/name", "#/count"}
    assert errors["#/name"]["remedy"] == "Give this field"
    assert answer.json()["type"] == "/problems/invalid"


def test_a_rules_fault_keeps_its_remedy(app: FastAPI) -> None:
    assert anonymous(app).get("/refused").json()["errors"] == [
        {"pointer": "#/share", "detail": "above 100", "remedy": "Give a percentage"}
    ]


def test_an_unknown_address_and_method_are_problems_too(app: FastAPI) -> None:
    assert anonymous(app).get("/api/v1/nothing").json()["type"] == "/problems/not-found"
    answer = anonymous(app).delete("/api/v1/things")
    assert (answer.status_code, answer.json()["title"]) == (405, "Method Not Allowed")


def test_an_exception_nobody_foresaw_says_nothing_of_its_cause(
    app: FastAPI, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("info")
    answer = anonymous(app).get("/broken")
    page = anonymous(app).get("/broken", headers=HTML)
    assert (answer.status_code, page.status_code) == (500, 500)
    said = capsys.readouterr()
    for text in (answer.text, page.text, said.out, said.err):
        assert "DOE" not in text
    assert '"error": "ValueError"' in said.err
    assert "Content-Security-Policy" in answer.headers


def test_a_browser_gets_an_error_as_a_page(app: FastAPI) -> None:
    answer = anonymous(app).get("/refused", headers=HTML)
    assert answer.status_code == 422
    assert "Share: above 100. Give a percentage." in answer.text


def test_the_database_being_away_is_said_plainly(parts: Parts) -> None:
    away = Database("sqlite:////nowhere/vigil.sqlite")
    client = anonymous(create_web(replace(parts, database=away), router))
    answer = client.get("/query")
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/unavailable")
    ready = client.get("/health/ready")
    assert (ready.status_code, ready.json()["database"]) == (503, False)
    away.dispose()


def test_health_is_good_when_all_is_well(app: FastAPI) -> None:
    assert anonymous(app).get("/health/live").json() == {"status": "live"}
    ready = anonymous(app).get("/health/ready").json()
    assert ready == {"status": "ready", "database": True, "objects": True}


def test_an_object_store_that_cannot_be_written_is_not_ready(parts: Parts) -> None:
    file = parts.settings.data_dir / "file"
    file.touch()
    settings = parts.settings.model_copy(update={"object_store": file / "below"})
    ready = anonymous(create_web(replace(parts, settings=settings))).get("/health/ready")
    assert (ready.status_code, ready.json()["objects"]) == (503, False)


def test_metrics_name_the_route_and_never_the_path(app: FastAPI) -> None:
    client = anonymous(app)
    client.get("/api/v1/things/std_secret")
    client.get("/nothing/std_secret")
    text = client.get("/metrics").text
    assert "secret" not in text
    counted = (
        'vigil_http_requests_total{method="GET",route="/api/v1/things/{thing_id}",status="404"}'
    )
    assert f"{counted} 1.0" in text
    assert 'route="unmatched"' in text
    assert "vigil_http_request_duration_seconds_bucket" in text


@pytest.mark.parametrize("path", [*PAGES, "/metrics", "/health/live", "/api/v1/openapi.json"])
def test_every_answer_carries_the_security_headers(app: FastAPI, path: str) -> None:
    headers = anonymous(app).get(path, headers=HTML).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in headers


def test_the_nonce_is_new_each_time_and_on_every_inline_script(app: FastAPI) -> None:
    answers = [anonymous(app).get("/help", headers=HTML) for _ in range(2)]
    nonces = set()
    for answer in answers:
        found = re.search(r"'nonce-([^']+)'", answer.headers["Content-Security-Policy"])
        assert found
        nonces.add(found[1])
        inline = re.findall(r"<script(?![^>]*src=)([^>]*)>", answer.text)
        assert all(f'nonce="{found[1]}"' in attributes for attributes in inline)
    assert len(nonces) == 2


@pytest.mark.parametrize("path", PAGES)
def test_no_page_asks_another_server_or_styles_inline(app: FastAPI, path: str) -> None:
    text = anonymous(app).get(path, headers=HTML).text
    assert not EXTERNAL.search(text)
    assert "style=" not in text
    assert text.count("<h1") == 1


@pytest.mark.parametrize("brand", ["neutral", "nhs-organisation"])
def test_the_header_shows_what_the_person_may_do(parts: Parts, reader: Actor, brand: str) -> None:
    branded = replace(parts, settings=parts.settings.model_copy(update={"brand": brand}))
    app = create_web(branded, navigation=(
        Link("Studies", "/studies", Permission.STUDY_READ),
        Link("Users", "/users", Permission.USER_WRITE),
    ))  # fmt: skip
    text = browser(app, reader).get("/account").text
    assert ('href="/studies"' in text, 'href="/users"' in text) == (True, False)
    assert "nhsuk-header__menu" in text
    assert ('aria-label="NHS"' in text) == (brand == "nhs-organisation")
    assert '<input type="hidden" name="csrf_token"' in text


@pytest.mark.parametrize("path", ["/help", "/nothing"])
def test_a_page_for_everybody_keeps_the_navigation(app: FastAPI, reader: Actor, path: str) -> None:
    assert 'href="/studies"' in browser(app, reader).get(path).text


def test_a_stranger_sees_no_navigation(app: FastAPI) -> None:
    assert 'href="/studies"' not in anonymous(app).get("/help", headers=HTML).text


def test_static_files_may_be_kept_for_ever(app: FastAPI) -> None:
    text = anonymous(app).get("/help", headers=HTML).text
    addresses = re.findall(r'"(/assets/[^"]+)"', text)
    assert len(addresses) >= 4
    for address in addresses:
        answer = anonymous(app).get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
    assert anonymous(app).get("/assets/../manifest.json").status_code == 404


def test_without_static_files_it_does_not_start_and_says_why(parts: Parts) -> None:
    settings = parts.settings.model_copy(update={"assets_dir": parts.settings.data_dir / "none"})
    with pytest.raises(AssetsMissing, match="run `vigil assets build`"):
        create_base(replace(parts, settings=settings))
