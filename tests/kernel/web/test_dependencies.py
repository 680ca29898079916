from typing import Annotated

import pytest
from factories.identity import create_organisation, create_person
from factories.web import ORIGIN, anonymous, browser, create_web
from fastapi import APIRouter, Depends, FastAPI, Form
from fastapi.testclient import TestClient

from vigil.kernel.db import WriteSession
from vigil.kernel.identity import repository, service
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Permission, Role
from vigil.kernel.parts import Parts
from vigil.kernel.web.dependencies import CSRF_FIELD, CSRF_HEADER, SignedInDep, Writing, allowed

router = APIRouter()
Admin = Annotated[Actor, Depends(allowed(Permission.USER_WRITE))]


@router.post("/api/v1/organisations", status_code=201)
def create(session: Writing, actor: SignedInDep) -> dict[str, str]:
    create_organisation(session, "RZZ")
    return {"by": actor.id}


@router.post("/api/v1/unsaved", status_code=201)
def create_unsaved(session: Writing) -> dict[str, str]:
    def disk_full() -> None:
        raise OSError("no space left")

    create_organisation(session, "RZZ")
    session.before_commit.append(disk_full)
    return {"saved": "yes"}


@router.post("/api/v1/raising")
def raise_midway(session: Writing) -> None:
    create_organisation(session, "RZZ")
    raise RuntimeError("patient 943 476 5919")


@router.get("/api/v1/admin")
def administer(actor: Admin) -> dict[str, str]:
    return {"id": actor.id}


@router.get("/page")
def page(actor: SignedInDep) -> dict[str, str]:
    return {"id": actor.id}


@router.post("/form")
def form(actor: SignedInDep, word: Annotated[str, Form()]) -> dict[str, str]:
    return {"word": word}


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    return create_web(parts, router)


@pytest.fixture
def person(parts: Parts) -> Actor:
    with parts.database.write() as session:
        create_organisation(session, "RXX")
        return create_person(session, "RXX", Role.READER)


def organisation_exists(parts: Parts) -> bool:
    with parts.database.read() as session:
        return repository.organisation_by_code(session, "RZZ") is not None


def token_for(parts: Parts, actor: Actor, *scopes: Permission) -> str:
    def issue(session: WriteSession) -> str:
        user = repository.user(session, actor.id)
        assert user is not None
        life = service.SESSION_LIFE
        return service.issue_token(
            session, actor, email=user.email, name="test", scopes=scopes, life=life
        )[1]

    with parts.database.write() as session:
        return issue(session)


def test_a_commit_that_fails_is_a_500_and_never_a_201(app: FastAPI, parts: Parts) -> None:
    answer = anonymous(app).post("/api/v1/unsaved")
    assert answer.status_code == 500
    assert answer.json()["type"] == "/problems/vigil-error"
    assert not organisation_exists(parts)


def test_what_an_endpoint_wrote_is_there_once_it_answered(
    app: FastAPI, parts: Parts, person: Actor
) -> None:
    assert browser(app, person).post("/api/v1/organisations").status_code == 201
    assert organisation_exists(parts)


def test_an_endpoint_that_raises_leaves_nothing_and_says_nothing(
    app: FastAPI, parts: Parts
) -> None:
    answer = anonymous(app).post("/api/v1/raising")
    assert answer.status_code == 500
    assert "943" not in answer.text
    assert not organisation_exists(parts)


def test_an_anonymous_program_gets_401(app: FastAPI) -> None:
    answer = anonymous(app).get("/page")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_an_anonymous_browser_is_led_to_sign_in_and_back(app: FastAPI) -> None:
    answer = anonymous(app).get("/page?state=open", headers={"Accept": "text/html"})
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/sign-in?next=/page%3Fstate%3Dopen"


def test_a_cookie_nobody_holds_is_anonymous(app: FastAPI) -> None:
    client = TestClient(app, cookies={"vigil_session": "made-up"})
    assert client.get("/page").status_code == 401


def test_a_session_ends_after_its_life(app: FastAPI, parts: Parts, person: Actor) -> None:
    client = browser(app, person)
    later = parts.database.clock() + service.SESSION_LIFE
    parts.database.clock = lambda: later
    assert client.get("/page", headers={"Accept": "*/*"}).status_code == 401


def test_a_bearer_token_acts_for_its_owner_within_its_scopes(
    app: FastAPI, parts: Parts, person: Actor
) -> None:
    key = token_for(parts, person, Permission.STUDY_READ)
    headers = {"Authorization": f"Bearer {key}"}
    assert anonymous(app).get("/page", headers=headers).json() == {"id": person.id}
    assert anonymous(app).post("/api/v1/organisations", headers=headers).status_code == 201


@pytest.mark.parametrize("header", ["Bearer unknown", "Basic dTpw", "Bearer"])
def test_a_wrong_authorization_header_is_refused_whatever_the_cookie(
    app: FastAPI, person: Actor, header: str
) -> None:
    answer = browser(app, person).get(
        "/page", headers={"Authorization": header, "Accept": "application/json"}
    )
    assert answer.status_code == 401


def test_who_lacks_the_permission_gets_403(app: FastAPI, parts: Parts, person: Actor) -> None:
    with parts.database.write() as session:
        create_organisation(session, "NET", OrganisationKind.NETWORK)
        admin = create_person(session, "NET", Role.ADMIN)
    assert browser(app, person).get("/api/v1/admin").status_code == 403
    assert browser(app, admin).get("/api/v1/admin").status_code == 200


def test_a_form_with_the_sessions_token_passes(app: FastAPI, person: Actor) -> None:
    client = browser(app, person)
    token = client.headers.pop(CSRF_HEADER)
    answer = client.post("/form", data={"word": "yes", CSRF_FIELD: token})
    assert answer.json() == {"word": "yes"}


@pytest.mark.parametrize(
    "headers",
    [
        {CSRF_HEADER: "guessed"},
        {CSRF_HEADER: ""},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": f"{ORIGIN}:8080"},
    ],
)
def test_a_request_of_another_page_is_refused(
    app: FastAPI, parts: Parts, person: Actor, headers: dict[str, str]
) -> None:
    answer = browser(app, person).post("/api/v1/organisations", headers=headers)
    assert answer.status_code == 403
    assert not organisation_exists(parts)


def test_a_change_without_origin_is_refused(app: FastAPI, person: Actor) -> None:
    client = browser(app, person)
    del client.headers["Origin"]
    assert client.post("/api/v1/organisations").status_code == 403


def test_the_sign_in_form_of_another_site_is_refused(app: FastAPI) -> None:
    answer = anonymous(app).post("/sign-in", headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403


def test_behind_a_proxy_the_public_address_is_ours(parts: Parts, person: Actor) -> None:
    public = parts.settings.model_copy(update={"public_url": "https://vigil.nhs.example/"})
    client = browser(create_web(Parts(**{**vars(parts), "settings": public}), router), person)
    refused = client.post("/api/v1/organisations")
    passed = client.post("/api/v1/organisations", headers={"Origin": "https://vigil.nhs.example"})
    assert (refused.status_code, passed.status_code) == (403, 201)


def test_every_route_that_changes_something_checks_where_it_came_from(app: FastAPI) -> None:
    client = TestClient(app, cookies={"vigil_session": "any"})
    for path in ("/form", "/sign-in", "/sign-out", "/account/tokens", "/api/v1/tokens"):
        assert client.post(path, headers={"Origin": "https://evil.example"}).status_code == 403
