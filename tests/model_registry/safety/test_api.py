import json

import pytest
from factories.safety import Cast, create_cast, create_version
from factories.web import browser, create_web
from fastapi import FastAPI

from model_registry.safety.api import router
from vigil.kernel.parts import Parts

DOCUMENT = {"document": ("case.yaml", b"title: case", "application/yaml")}


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    return create_web(parts, router)


@pytest.fixture
def cast(parts: Parts) -> Cast:
    with parts.database.write() as session:
        return create_cast(session)


def _version(parts: Parts, cast: Cast) -> str:
    with parts.database.write() as session:
        return create_version(session, cast).id


def test_a_case_is_handed_in_read_and_signed(app: FastAPI, parts: Parts, cast: Cast) -> None:
    form = {"version_id": _version(parts, cast), "title": "Case", "reason": "first release"}
    handed_in = browser(app, cast.submitter).post("/api/v1/safety-cases", data=form, files=DOCUMENT)
    assert handed_in.status_code == 201
    place = handed_in.headers["Location"]

    officer = browser(app, cast.supplier_officer)
    read = officer.get(f"{place}/document")
    assert read.content == b"title: case"
    assert read.headers["Content-Disposition"].startswith("attachment")
    assert officer.post(f"{place}/sign", json={"reason": "read it"}).json()["status"] == "signed"
    again = officer.post(f"{place}/sign", json={"reason": "again"})
    assert (again.status_code, again.json()["title"]) == (409, "This is no draft any more")
    listed = officer.get("/api/v1/safety-cases").json()["items"]
    assert [case["signed_by"] for case in listed] == [cast.supplier_officer.id]


def test_an_acceptance_is_drafted_with_thresholds_and_signed_by_the_site(
    app: FastAPI, parts: Parts, cast: Cast
) -> None:
    form = {
        "kind": "local_test",
        "version_id": _version(parts, cast),
        "site": "RXX01",
        "passed": "true",
        "thresholds": json.dumps({"pneumonia": 0.4}),
        "reason": "120 studies of last month",
    }
    officer, manager = browser(app, cast.site_officer), browser(app, cast.manager)
    drafted = manager.post("/api/v1/acceptances", data=form, files=DOCUMENT)
    assert drafted.status_code == 201
    place = drafted.headers["Location"]

    assert manager.post(f"{place}/sign", json={"reason": "try"}).status_code == 403
    assert officer.post(f"{place}/sign", json={"reason": "agreed"}).json()["status"] == "signed"
    assert officer.get(f"{place}/document").content == b"title: case"
    listed = officer.get("/api/v1/acceptances", params={"site": "RXX01"}).json()["items"]
    assert [acceptance["passed"] for acceptance in listed] == [True]
    assert browser(app, cast.submitter).get(place).status_code == 404


def test_a_threshold_for_another_model_is_named(app: FastAPI, parts: Parts, cast: Cast) -> None:
    form = {
        "kind": "dcb0160",
        "version_id": _version(parts, cast),
        "site": "RXX01",
        "passed": "true",
        "thresholds": json.dumps({"fracture": 0.4}),
        "reason": "try",
    }
    answer = browser(app, cast.manager).post("/api/v1/acceptances", data=form, files=DOCUMENT)
    assert answer.status_code == 422
    assert "thresholds.fracture" in answer.text
