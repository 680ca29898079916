import time
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import pytest
from factories.identity import SETUP, create_organisation, create_person
from factories.web import anonymous, browser, create_web
from fastapi import APIRouter, FastAPI, File, Request, Response, UploadFile
from fastapi.testclient import TestClient
from httpx2 import Response as Answer
from pydantic import BaseModel

from vigil.kernel.db import Database
from vigil.kernel.errors import Conflict
from vigil.kernel.identity import repository
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts
from vigil.kernel.web.dependencies import SignedInDep, Writing
from vigil.kernel.web.idempotency import BeingHandled, Once
from vigil.kernel.web.page import CursorDep, Listing, link_next
from vigil.kernel.web.route import ApiRoute

router = APIRouter(prefix="/api/v1", route_class=ApiRoute)
NUMBERS = list(range(1, 8))


class Code(BaseModel):
    code: str


@router.post("/organisations", status_code=201)
def create(session: Writing, actor: SignedInDep, body: Code, response: Response) -> Code:
    if repository.organisation_by_code(session, body.code):
        raise Conflict("It is there.")
    create_organisation(session, body.code)
    response.headers["Location"] = f"/api/v1/organisations/{body.code}"
    return body


@router.post("/files")
def upload(session: Writing, actor: SignedInDep, file: Annotated[UploadFile, File()]) -> int:
    return len(file.file.read())


@router.get("/numbers")
def numbers(request: Request, response: Response, cursor: CursorDep) -> Listing[int]:
    rows = [n for n in NUMBERS if cursor.after is None or n > cursor.after][: cursor.limit + 1]
    kept, next_cursor = cursor.cut(rows, key=lambda n: n)
    link_next(request, response, next_cursor)
    return Listing(items=kept, next_cursor=next_cursor)


@pytest.fixture
def client(parts: Parts) -> TestClient:
    with parts.database.write() as session:
        create_organisation(session, "RXX")
        actor = create_person(session, "RXX", Role.READER)
    return browser(create_web(parts, router), actor)


def post(client: TestClient, code: str, key: str) -> Answer:
    return client.post(
        "/api/v1/organisations", json={"code": code}, headers={"Idempotency-Key": key}
    )


def test_a_repeat_with_the_same_key_gets_the_first_answer(client: TestClient) -> None:
    first, second = post(client, "RZZ", "k1"), post(client, "RZZ", "k1")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second.headers["Location"] == first.headers["Location"]
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"


def test_the_same_key_with_another_body_is_refused(client: TestClient) -> None:
    post(client, "RZZ", "k1")
    answer = post(client, "RYY", "k1")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/Idempotency-Key"


def test_another_key_is_another_request(client: TestClient) -> None:
    post(client, "RZZ", "k1")
    assert post(client, "RZZ", "k2").status_code == 409


def test_an_error_is_not_kept(client: TestClient) -> None:
    post(client, "RZZ", "k1")
    assert [post(client, "RZZ", "k2").status_code for _ in range(2)] == [409, 409]


def test_a_key_belongs_to_one_person(parts: Parts, client: TestClient) -> None:
    with parts.database.write() as session:
        other = create_person(session, "RXX", Role.READER)
    post(client, "RZZ", "k1")
    app = client.app
    assert isinstance(app, FastAPI)
    assert post(browser(app, other), "RZZ", "k1").status_code == 409


def test_without_a_key_every_request_counts(client: TestClient) -> None:
    codes = [client.post("/api/v1/organisations", json={"code": "RZZ"}) for _ in range(2)]
    assert [answer.status_code for answer in codes] == [201, 409]


def test_an_upload_is_known_by_what_it_holds(client: TestClient) -> None:
    def send(data: bytes) -> Answer:
        files = {"file": ("a.zip", data)}
        return client.post("/api/v1/files", files=files, headers={"Idempotency-Key": "k"})

    assert [send(b"abc").json(), send(b"abc").headers["Idempotent-Replayed"]] == [3, "true"]
    assert send(b"abd").status_code == 422


def test_what_did_not_change_is_not_sent_again(client: TestClient) -> None:
    first = client.get("/api/v1/numbers")
    again = client.get("/api/v1/numbers", headers={"If-None-Match": first.headers["ETag"]})
    changed = client.get(
        "/api/v1/numbers?limit=2", headers={"If-None-Match": first.headers["ETag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    assert changed.status_code == 200


def test_a_list_is_walked_from_cursor_to_cursor(client: TestClient) -> None:
    seen, address = [], "/api/v1/numbers?limit=3"
    while address:
        answer = client.get(address)
        seen += answer.json()["items"]
        address = answer.links.get("next", {}).get("url", "")
    assert seen == NUMBERS


@pytest.mark.parametrize("query", ["limit=101", "limit=0", "cursor=%7Bx", "cursor=!!"])
def test_a_limit_or_cursor_that_is_not_ours_is_refused(client: TestClient, query: str) -> None:
    assert client.get(f"/api/v1/numbers?{query}").status_code == 422


def test_a_strangers_body_is_not_even_read(client: TestClient) -> None:
    app = client.app
    assert isinstance(app, FastAPI)
    answer = anonymous(app).post("/api/v1/organisations", content=b"{not json")
    assert answer.status_code == 401


def test_of_two_at_once_one_does_it(database: Database) -> None:
    """The second waits for the first, and then repeats its answer or asks for patience."""
    deeds: list[str] = []

    def ask() -> object:
        with database.write() as session:
            once = Once(
                request=Request({"type": "http", "method": "POST", "path": "/x", "headers": []}),
                response=Response(),
                session=session,
                actor=SETUP,
                digest="d",
                key="k",
            )

            def do() -> str:
                deeds.append("done")
                time.sleep(0.3)
                return "made"

            return once.answer(do, 201)

    with ThreadPoolExecutor() as pool:
        asked = [pool.submit(ask) for _ in range(2)]
    errors = [future.exception() for future in asked if future.exception()]
    assert deeds == ["done"]
    assert all(isinstance(error, BeingHandled) for error in errors)


def test_an_async_endpoint_that_posts_is_refused_at_start() -> None:
    async def endpoint(session: Writing) -> None: ...

    with pytest.raises(TypeError, match="plain function"):
        router.post("/async")(endpoint)
