"""Resumable uploads over HTTP."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace

import httpx2
import pytest
from factories import packages
from factories.submissions import create_reviewer, create_supplier, folder_of
from factories.web import anonymous, browser, create_web
from fastapi import FastAPI
from fastapi.testclient import TestClient

from model_registry.submissions import upload_api
from model_registry.submissions.settings import SubmissionSettings
from vigil.kernel.identity.actor import Actor
from vigil.kernel.parts import Parts

JSON = {"Accept": "application/json"}
PART = {"Content-Type": "application/partial-upload"}
DATA = packages.archive()
DIGEST = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def acme(parts: Parts) -> Actor:
    return create_supplier(parts)


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    settings = SubmissionSettings(data_dir=parts.settings.data_dir, upload_max_mb=1)
    return create_web(replace(parts, settings=settings), upload_api.router)


@pytest.fixture
def client(app: FastAPI, acme: Actor) -> Iterator[TestClient]:
    with browser(app, acme) as client:
        client.headers.update(JSON)
        yield client


def begin(client: TestClient, size: int = len(DATA), sha256: str | None = DIGEST) -> str:
    body = {"size": size, "sha256": sha256, "filename": "package.zip"}
    answer = client.post("/api/v1/uploads", json=body)
    assert answer.status_code == 201, answer.text
    return answer.headers["Location"]


def send(client: TestClient, path: str, offset: int, data: bytes) -> httpx2.Response:
    headers = {**PART, "Upload-Offset": str(offset)}
    return client.patch(path, content=data, headers=headers)


def test_an_upload_is_announced_sent_in_parts_and_completed(client: TestClient) -> None:
    path = begin(client)
    first = send(client, path, 0, DATA[:1000])
    asked = client.head(path)
    second = send(client, path, 1000, DATA[1000:])

    assert (first.headers["Upload-Offset"], first.headers["Upload-Complete"]) == ("1000", "?0")
    assert (asked.status_code, asked.headers["Upload-Offset"]) == (204, "1000")
    assert asked.headers["Upload-Length"] == str(len(DATA))
    assert asked.headers["Cache-Control"] == "no-store"
    assert second.headers["Upload-Complete"] == "?1"
    assert second.json()["digest"] == DIGEST
    assert client.get(path).json()["state"] == "complete"


def test_a_wrong_offset_is_told_the_right_one(client: TestClient) -> None:
    path = begin(client)
    send(client, path, 0, DATA[:1000])

    answer = send(client, path, 0, DATA[:1000])

    assert (answer.status_code, answer.headers["Upload-Offset"]) == (409, "1000")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/wrong-offset"
    assert client.get(path).json()["received"] == 1000


def test_a_wrong_digest_names_the_difference(client: TestClient) -> None:
    path = begin(client, sha256="0" * 64)

    answer = send(client, path, 0, DATA)

    assert answer.status_code == 422
    assert DIGEST in answer.json()["errors"][0]["detail"]
    assert client.get(path).json()["state"] == "abandoned"
    assert send(client, path, 0, DATA).status_code == 409


def test_too_large_is_refused_before_a_byte_is_sent(client: TestClient) -> None:
    answer = client.post("/api/v1/uploads", json={"size": 1024 * 1024 + 1})

    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/too-large")
    assert client.post("/api/v1/uploads", json={"size": 0}).status_code == 422


def test_more_than_declared_is_refused(client: TestClient) -> None:
    path = begin(client, size=10, sha256=None)

    assert send(client, path, 0, b"x" * 11).status_code == 413
    assert client.get(path).json()["received"] == 0


def test_a_chunk_says_what_it_is_and_where(client: TestClient) -> None:
    path = begin(client)

    plain = client.patch(path, content=b"x", headers={"Upload-Offset": "0"})
    nowhere = client.patch(path, content=b"x", headers=PART)

    assert (plain.status_code, nowhere.status_code) == (415, 422)


def test_a_repeated_announcement_is_the_same_upload(client: TestClient) -> None:
    body, key = {"size": 10}, {"Idempotency-Key": "once"}
    first = client.post("/api/v1/uploads", json=body, headers=key)
    again = client.post("/api/v1/uploads", json=body, headers=key)

    assert again.json() == first.json()
    assert again.headers["Location"] == first.headers["Location"]
    other = client.post("/api/v1/uploads", json={"size": 11}, headers=key)
    assert other.status_code == 422
    assert len(client.get("/api/v1/uploads").json()["items"]) == 1


def test_an_upload_is_given_up(client: TestClient, parts: Parts) -> None:
    path = begin(client)
    send(client, path, 0, DATA[:1000])

    assert client.delete(path).status_code == 204
    assert folder_of(parts).uploads() == []
    assert send(client, path, 1000, DATA[1000:]).status_code == 409
    assert client.get("/api/v1/uploads?state=open").json()["items"] == []


def test_another_suppliers_upload_is_not_there(
    client: TestClient, app: FastAPI, parts: Parts
) -> None:
    path = begin(client)
    other = browser(app, create_supplier(parts, "BETA"))
    other.headers.update(JSON)

    assert other.get(path).status_code == 404
    assert other.head(path).status_code == 404
    assert send(other, path, 0, DATA).status_code == 404
    assert other.delete(path).status_code == 404
    assert other.get("/api/v1/uploads").json()["items"] == []
    assert client.get(path).json()["received"] == 0


def test_the_network_looks_and_does_not_send(
    client: TestClient, app: FastAPI, parts: Parts
) -> None:
    path = begin(client)
    reviewer = browser(app, create_reviewer(parts))
    reviewer.headers.update(JSON)

    assert reviewer.get(path).status_code == 200
    assert send(reviewer, path, 0, DATA).status_code == 403
    assert reviewer.post("/api/v1/uploads", json={"size": 10}).status_code == 403


def test_nobody_sends_without_signing_in(client: TestClient, app: FastAPI) -> None:
    path, stranger = begin(client), anonymous(app)

    assert send(stranger, path, 0, DATA).status_code == 401
    assert stranger.get(path, headers=JSON).status_code == 401
    assert stranger.post("/api/v1/uploads", json={"size": 1}, headers=JSON).status_code == 401


def test_a_connection_that_breaks_leaves_what_came(app: FastAPI, client: TestClient) -> None:
    """The server is told by the transport; the test plays its part of the protocol."""
    path = begin(client)
    messages: list[dict[str, object]] = [
        {"type": "http.request", "body": DATA[:700], "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[dict[str, object]] = []
    headers = {**client.headers, **PART, "Upload-Offset": "0", "Cookie": _cookie(client)}

    async def receive() -> dict[str, object]:
        return messages.pop(0)

    async def tell(message: dict[str, object]) -> None:
        sent.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "PATCH",
        "path": path, "raw_path": path.encode(), "query_string": b"", "scheme": "http",
        "root_path": "", "server": ("testserver", 80), "client": ("test", 1),
        "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()],
    }  # fmt: skip

    async def call() -> None:
        await app(scope, receive, tell)  # type: ignore[arg-type]

    assert client.portal is not None
    client.portal.call(call)

    assert client.get(path).json()["received"] == 700
    assert send(client, path, 700, DATA[700:]).json()["digest"] == DIGEST


def test_while_one_part_is_sent_another_is_refused(client: TestClient, parts: Parts) -> None:
    path = begin(client)

    with folder_of(parts).open(path.rpartition("/")[2]):
        assert send(client, path, 0, DATA).status_code == 409
    assert send(client, path, 0, DATA).status_code == 200


def _cookie(client: TestClient) -> str:
    return "; ".join(f"{name}={value}" for name, value in client.cookies.items())
