from pathlib import Path
from typing import Any

import pytest
from factories.identity import create_organisation, create_person
from factories.surveillance import FINDING, START, Place, create_place, run_facts
from factories.truth import label, studied, uid
from factories.web import anonymous, browser, create_web
from fastapi import FastAPI
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from surveillance.records import service as records
from surveillance.streams import cli
from surveillance.truth import api
from vigil.kernel.console import root
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import OrganisationKind, Site
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts

JSON = {"Accept": "application/json"}
TRUTHS = "/api/v1/surveillance/truths"
HEAD = "study_instance_uid,finding,present,label_day\n"


@pytest.fixture
def officer(parts: Parts) -> Actor:
    with parts.database.write() as session:
        create_organisation(session, "NET", OrganisationKind.NETWORK)
        return create_person(session, "NET", Role.CSO)


@pytest.fixture
def place(parts: Parts, officer: Actor) -> Place:
    with parts.database.write() as session:
        place = create_place(session)
        for number in (1, 2):
            run = run_facts(place, number, score=0.9)
            records.record_runs(session, parts.keys, studied([run], number))
    return place


@pytest.fixture
def told(parts: Parts, place: Place) -> dict[str, str]:
    with parts.database.read() as session:
        code = session.get_one(Site, place.site_id).ods_code
    return {"site": code, "source": "registry", "reason": "audit"}


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    return create_web(parts, api.router)


@pytest.fixture
def client(app: FastAPI, officer: Actor) -> TestClient:
    return browser(app, officer)


def rows(*studies: int) -> list[dict[str, Any]]:
    return [
        {"study_instance_uid": uid(study), "finding": FINDING, "present": True} for study in studies
    ]


def test_labels_by_api_are_counted_line_by_line(client: TestClient, told: dict[str, str]) -> None:
    made = client.post(TRUTHS, json={**told, "labels": rows(1, 2, 7)}, headers=JSON)
    assert made.status_code == 201
    answer = made.json()
    assert answer["verdicts"] == {"accepted": 2, "unknown_study": 1}
    assert answer["rows"] == sum(answer["verdicts"].values())
    assert [(one["line"], one["verdict"]) for one in answer["refused"]] == [(3, "unknown_study")]
    again = client.post(TRUTHS, json={**told, "labels": rows(1, 2, 7)}, headers=JSON)
    assert (again.status_code, again.json()["again"], again.json()["times"]) == (200, True, 2)
    listed = client.get(TRUTHS, headers=JSON).json()["items"]
    assert [one["id"] for one in listed] == [answer["id"]]
    assert client.get(made.headers["Location"], headers=JSON).json()["rows"] == 3
    assert uid(1) not in made.text + client.get(TRUTHS, headers=JSON).text


def test_a_table_says_the_same_as_the_list(client: TestClient, told: dict[str, str]) -> None:
    text = HEAD + f"{uid(1)},{FINDING},1,\n"
    files = {"document": ("labels.csv", text.encode())}
    made = client.post(f"{TRUTHS}/table", data=told, files=files, headers=JSON)
    assert made.json()["verdicts"] == {"accepted": 1}
    moved = HEAD.replace("finding", "diagnosis") + "1,2,3,4\n"
    files = {"document": ("labels.csv", moved.encode())}
    refused = client.post(f"{TRUTHS}/table", data=told, files=files, headers=JSON)
    assert refused.status_code == 422
    assert "diagnosis" in refused.text


def test_groups_by_api(client: TestClient, told: dict[str, str]) -> None:
    groups = [{"study_instance_uid": uid(1), "setting": "gp", "imd": 3}]
    made = client.post("/api/v1/surveillance/groups", json={**told, "groups": groups}, headers=JSON)
    assert (made.status_code, made.json()["verdicts"]) == (201, {"accepted": 1})
    files = {"document": ("g.csv", f"study_instance_uid,setting\n{uid(1)},gp\n".encode())}
    table = client.post("/api/v1/surveillance/groups/table", data=told, files=files, headers=JSON)
    assert table.json()["verdicts"] == {"repeated": 1}


def test_a_reader_and_a_stranger_tell_nothing(
    app: FastAPI, parts: Parts, told: dict[str, str]
) -> None:
    body = {**told, "labels": rows(1)}
    assert anonymous(app).post(TRUTHS, json=body, headers=JSON).status_code in {401, 403}
    with parts.database.write() as session:
        reader = create_person(session, "NET", Role.READER)
    assert browser(app, reader).post(TRUTHS, json=body, headers=JSON).status_code == 403


def test_the_same_by_command(parts: Parts, told: dict[str, str], tmp_path: Path) -> None:
    program = root(lambda: parts)
    program.add_typer(cli.app, name="surveillance")
    table = tmp_path / "labels.csv"
    options = [word for name in told for word in (f"--{name}", told[name])]

    def run(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(program, ["surveillance", "truth", *words])
        assert result.exit_code == code, result.output
        return result.output

    line = label(1, uid(1), 1, day=START).values
    table.write_text(HEAD + ",".join(line.values()) + "\n")
    assert "accepted" in run("add", str(table), *options)
    assert "sent before" in run("add", str(table), *options)
    table.write_text(HEAD + f"{uid(9)},{FINDING},1,\n")
    said = run("add", str(table), *options, code=3)
    assert "line 2: unknown_study" in said
    table.write_text(f"study_instance_uid,ethnicity\n{uid(1)},A\n")
    assert "accepted" in run("groups", str(table), *options)
    assert "labels" in run("list")
