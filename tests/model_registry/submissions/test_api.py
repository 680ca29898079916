"""Submissions over HTTP."""

from collections.abc import Iterator

import pytest
from conftest import FakeClock
from factories import packages
from factories.identity import create_person, create_site
from factories.submissions import (
    ANSWERS,
    create_draft,
    create_ready,
    create_reviewer,
    create_submitted,
    create_supplier,
    create_upload,
    rehearsed,
)
from factories.web import anonymous, browser, create_web
from fastapi import FastAPI
from fastapi.testclient import TestClient

from model_registry.submissions import api
from model_registry.submissions.questions import Task
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts

JSON = {"Accept": "application/json"}
SUBMISSIONS = "/api/v1/submissions"
REASON = {"reason": "because"}


@pytest.fixture
def acme(parts: Parts) -> Actor:
    return create_supplier(parts)


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    return create_web(parts, api.router)


def program(app: FastAPI, actor: Actor) -> TestClient:
    client = browser(app, actor)
    client.headers.update(JSON)
    return client


@pytest.fixture
def client(app: FastAPI, acme: Actor) -> Iterator[TestClient]:
    with program(app, acme) as client:
        yield client


@pytest.fixture
def reviewer(app: FastAPI, parts: Parts) -> TestClient:
    return program(app, create_reviewer(parts))


def etag(client: TestClient, path: str) -> dict[str, str]:
    return {"If-Match": client.get(path).headers["ETag"]}


@pytest.mark.parametrize("path", ["", "/sub_x", "/sub_x/messages"])
def test_nobody_reads_without_signing_in(app: FastAPI, path: str) -> None:
    assert anonymous(app).get(f"{SUBMISSIONS}{path}", headers=JSON).status_code == 401


def test_a_whole_submission_by_programs_alone(
    client: TestClient, parts: Parts, acme: Actor
) -> None:
    made = client.post(SUBMISSIONS, json={"title": "linear-three 1.0.0"})
    path = made.headers["Location"]
    assert (made.status_code, made.json()["reference"]) == (201, "VGL-2026-0001")

    upload = create_upload(parts, acme)
    body = {"upload_id": upload.id}
    given = client.put(f"{path}/package", json=body, headers=etag(client, path))
    assert given.json()["package"]["manifest"]["model"]["name"] == "linear-three"
    assert client.post(f"{path}/test-runs").status_code == 202
    rehearsed(parts, upload.id)
    for task, answers in ANSWERS.items():
        sent = client.put(
            f"{path}/answers/{task.value}",
            json={"answers": dict(answers)},
            headers=etag(client, path),
        )
        assert sent.status_code == 200, sent.text
    assert {task["status"] for task in sent.json()["tasks"]} == {"Completed"}

    done = client.post(f"{path}/submit", json=REASON, headers=etag(client, path))
    assert (done.status_code, done.json()["state"]) == (200, "submitted")
    assert done.json()["version_id"]
    [line] = client.get(f"{SUBMISSIONS}?state=submitted").json()["items"]
    assert line["version_status"] == "submitted"


def test_a_change_says_what_it_is_a_change_of(
    client: TestClient, parts: Parts, acme: Actor
) -> None:
    path = f"{SUBMISSIONS}/{create_draft(parts, acme).id}"
    address = f"{path}/answers/release_notes"
    body = {"answers": dict(ANSWERS[Task.RELEASE_NOTES])}
    first = etag(client, path)

    assert client.put(address, json=body).status_code == 428
    assert client.put(address, json=body, headers=first).status_code == 200
    late = client.put(address, json=body, headers=first)
    assert (late.status_code, late.json()["type"]) == (412, "/problems/changed-meanwhile")
    assert client.put(address, json=body, headers={"If-Match": '"x"'}).status_code == 412


def test_an_etag_spares_the_answer(client: TestClient, parts: Parts, acme: Actor) -> None:
    path = f"{SUBMISSIONS}/{create_draft(parts, acme).id}"
    tag = client.get(path).headers["ETag"]

    assert tag.startswith('"1.')
    assert client.get(path, headers={"If-None-Match": tag}).status_code == 304


def test_wrong_answers_are_named(client: TestClient, parts: Parts, acme: Actor) -> None:
    path = f"{SUBMISSIONS}/{create_draft(parts, acme).id}"
    body = {"answers": {"changes": ""}}

    answer = client.put(f"{path}/answers/release_notes", json=body, headers=etag(client, path))
    asked = client.put(f"{path}/answers/limitations", json=body, headers=etag(client, path))

    assert [e["pointer"] for e in answer.json()["errors"]] == ["#/changes", "#/known_problems"]
    assert asked.status_code == 422


def test_submitting_twice_with_one_key_is_submitting_once(
    client: TestClient, parts: Parts, acme: Actor
) -> None:
    path = f"{SUBMISSIONS}/{create_ready(parts, acme).id}"
    headers = etag(client, path) | {"Idempotency-Key": "once"}

    first = client.post(f"{path}/submit", json=REASON, headers=headers)
    again = client.post(f"{path}/submit", json=REASON, headers=headers)
    other = client.post(f"{path}/submit", json=REASON, headers=etag(client, path))

    assert first.status_code == 200, first.text
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (first.json(), "true")
    assert (other.status_code, other.json()["type"]) == (409, "/problems/not-a-draft")


def test_what_is_missing_is_named(client: TestClient, parts: Parts, acme: Actor) -> None:
    path = f"{SUBMISSIONS}/{create_draft(parts, acme).id}"

    answer = client.post(f"{path}/submit", json=REASON, headers=etag(client, path))

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/incomplete")
    assert "#/package" in {error["pointer"] for error in answer.json()["errors"]}
    assert client.post(f"{path}/test-runs").status_code == 409


def test_a_reviewer_asks_and_the_supplier_answers(
    client: TestClient, reviewer: TestClient, parts: Parts, acme: Actor, clock: FakeClock
) -> None:
    path = f"{SUBMISSIONS}/{create_submitted(parts, acme).id}"
    asked = reviewer.post(
        f"{path}/questions", json={"text": "Which scanners?", "about": "validation"}
    )
    assert asked.status_code == 201, asked.text
    assert client.get(path).json()["open_questions"] == 1

    answers = f"{path}/questions/{asked.json()['id']}/answers"
    assert client.post(answers, json={"text": " "}).status_code == 422
    clock.advance(1)
    assert client.post(answers, json={"text": "Three makers."}).status_code == 201
    clock.advance(1)
    assert client.post(f"{path}/notes", json={"text": "See the card."}).status_code == 201

    assert client.get(path).json()["open_questions"] == 0
    said = reviewer.get(f"{path}/messages").json()["items"]
    assert [(m["side"], m["kind"]) for m in said] == [
        ("network", "question"),
        ("supplier", "answer"),
        ("supplier", "note"),
    ]


def test_each_side_says_only_its_own(
    client: TestClient, reviewer: TestClient, parts: Parts, acme: Actor
) -> None:
    path = f"{SUBMISSIONS}/{create_submitted(parts, acme).id}"
    asked = reviewer.post(f"{path}/questions", json={"text": "Why?"}).json()["id"]

    assert client.post(f"{path}/questions", json={"text": "Why?"}).status_code == 403
    answers = f"{path}/questions/{asked}/answers"
    assert reviewer.post(answers, json={"text": "So."}).status_code == 403
    missing = client.post(f"{path}/questions/msg_x/answers", json={"text": "So."})
    assert (missing.status_code, missing.json()["type"]) == (404, "/problems/unknown-question")


def test_another_suppliers_submission_is_not_there(app: FastAPI, parts: Parts, acme: Actor) -> None:
    ready = create_ready(parts, acme)
    path, other = f"{SUBMISSIONS}/{ready.id}", program(app, create_supplier(parts, "BETA"))
    mine = create_upload(parts, acme, packages.archive(version="2.0.0"))
    theirs = create_draft(parts, acme)
    current = {"If-Match": f'"{ready.revision}"'}

    assert other.get(SUBMISSIONS).json()["items"] == []
    for address in (path, f"{SUBMISSIONS}/{ready.reference}", f"{path}/messages"):
        assert other.get(address).status_code == 404
    body = {"answers": dict(ANSWERS[Task.PEOPLE])}
    assert other.put(f"{path}/answers/people", json=body, headers=current).status_code == 404
    package = {"upload_id": mine.id}
    assert other.put(f"{path}/package", json=package, headers=current).status_code == 404
    for deed in ("submit", "withdraw"):
        answer = other.post(f"{path}/{deed}", json=REASON, headers=current)
        assert answer.status_code == 404
    assert other.post(f"{path}/test-runs").status_code == 404
    assert other.post(f"{path}/notes", json={"text": "hello"}).status_code == 404
    own = other.post(SUBMISSIONS, json={"title": "own"}).headers["Location"]
    stolen = other.put(f"{own}/package", json=package, headers=etag(other, own))
    assert stolen.status_code == 404
    assert theirs.upload_id is None


def test_people_of_a_hospital_are_told_that_it_is_not_for_them(app: FastAPI, parts: Parts) -> None:
    with parts.database.write() as session:
        create_site(session)
        officer = create_person(session, "RXX", Role.CSO)

    assert program(app, officer).get(SUBMISSIONS).status_code == 403


def test_withdrawing_ends_the_version_too(client: TestClient, parts: Parts, acme: Actor) -> None:
    path = f"{SUBMISSIONS}/{create_submitted(parts, acme).id}"

    assert client.post(f"{path}/withdraw", json={"reason": " "}).status_code == 422
    done = client.post(f"{path}/withdraw", json=REASON)

    assert done.json()["state"] == "withdrawn"
    assert client.get(path).json()["version_status"] == "withdrawn"
    assert client.post(f"{path}/withdraw", json=REASON).status_code == 409
    assert client.post(f"{path}/notes", json={"text": "late"}).status_code == 409


def test_lists_come_in_pieces(
    client: TestClient, parts: Parts, acme: Actor, clock: FakeClock
) -> None:
    for number in range(3):
        create_draft(parts, acme, f"draft {number}")
        clock.advance(1)

    first = client.get(f"{SUBMISSIONS}?limit=2").json()
    rest = client.get(f"{SUBMISSIONS}?limit=2&cursor={first['next_cursor']}").json()

    assert [item["title"] for item in first["items"]] == ["draft 2", "draft 1"]
    assert [item["title"] for item in rest["items"]] == ["draft 0"]
    assert rest["next_cursor"] is None
