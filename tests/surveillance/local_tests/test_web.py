"""The same over HTTP, on pages and by command."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from factories.identity import PASSWORD
from factories.local_tests import BRIGHT, DARK, Clinic, make_rule, make_table
from factories.steps import InlineSteps
from factories.web import anonymous, browser, create_web
from fastapi import FastAPI
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from inference.runtime.pool import Runtimes
from model_registry.safety.events import AcceptanceSigned
from model_registry.safety.models import Acceptance, SignOffStatus
from surveillance.local_tests import api, cli, pages, plan_pages
from surveillance.local_tests.models import LocalTest
from surveillance.local_tests.reference import LocalTestEvents
from vigil.kernel.console import root

JSON = {"Accept": "application/json"}
PATH = "/api/v1/acceptance-tests"


@pytest.fixture
def app(clinic: Clinic) -> FastAPI:
    return create_web(
        clinic.parts,
        api.router,
        plan_pages.router,
        pages.router,
        domains={"local_tests": "surveillance.local_tests"},
    )


@pytest.fixture
def client(app: FastAPI, clinic: Clinic) -> TestClient:
    return browser(app, clinic.officer)


def body(clinic: Clinic, **changes: Any) -> dict[str, Any]:
    facts = {
        "version_id": clinic.version_id,
        "site": clinic.ward.site.ods_code,
        "title": "Before go-live",
        "rule": make_rule(),
        "reason": "to see",
    }
    return facts | changes


def planned(client: TestClient, clinic: Clinic) -> str:
    answer = client.post(PATH, json=body(clinic), headers=JSON)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"{PATH}/{answer.json()['id']}"
    return str(answer.json()["id"])


def table(clinic: Clinic) -> bytes:
    uids = {clinic.receive(value).study_instance_uid: value == DARK for value in (DARK, BRIGHT)}
    return make_table({uid: int(label) for uid, label in uids.items()} | {"1.2.3": 1})


def finish(clinic: Clinic, runtimes: Runtimes, test_id: str) -> None:
    clinic.tasks(runtimes).run(InlineSteps(clinic.parts.database), test_id)


def test_from_a_plan_to_a_document_over_http(
    client: TestClient, clinic: Clinic, runtimes: Runtimes
) -> None:
    test = planned(client, clinic)
    files = {"document": ("labels.csv", table(clinic))}

    came = client.post(f"{PATH}/{test}/labels", data={"reason": "r"}, files=files, headers=JSON)
    assert came.status_code == 200, came.text
    assert (came.json()["accepted"], came.json()["unknown"]) == (2, 1)
    assert came.json()["unknown_uids"] == ["1.2.3"]
    assert client.get(f"{PATH}/{test}/document", headers=JSON).status_code == 404
    begun = client.post(f"{PATH}/{test}/run", json={"reason": "r"}, headers=JSON)
    assert (begun.status_code, begun.json()["state"], begun.json()["done"]) == (202, "running", 0)
    finish(clinic, runtimes, test)

    found = client.get(f"{PATH}/{test}", headers=JSON).json()
    assert (found["state"], found["cases"], found["done"]) == ("finished", 2, 2)
    assert found["passed"] is (found["verdict"] == "passed")
    listed = client.get(PATH, headers=JSON).json()["items"]
    assert [one["id"] for one in listed] == [test]
    cases = client.get(f"{PATH}/{test}/cases", headers=JSON).json()["items"]
    assert {case["outcome"] for case in cases} == {"SUCCEEDED"}
    document = client.get(f"{PATH}/{test}/document", headers=JSON)
    assert document.content == clinic.parts.objects.get(found["result_digest"])
    given = client.get(f"{PATH}/{test}/document?to_share=true", headers=JSON).json()
    assert given["findings"][0]["overall"]["suppressed"] is True
    for text in (document.text, json.dumps(cases)):
        assert "1.2.826" not in text


def test_a_bad_rule_is_refused_with_every_fault(client: TestClient, clinic: Clinic) -> None:
    answer = client.post(PATH, json=body(clinic, rule=make_rule(left_out={})), headers=JSON)

    assert answer.status_code == 422
    assert "effusion" in answer.text
    assert client.post(PATH, json=body(clinic, rule={}), headers=JSON).status_code == 422


def test_the_planner_reckons_before_planning(client: TestClient, clinic: Clinic) -> None:
    bar = {"metric": "sensitivity", "at_least": 0.8}
    asked = make_rule(findings=[{"finding": "pneumonia", "bars": [bar]}])
    facts = {name: body(clinic)[name] for name in ("version_id", "site")}

    [need] = client.post(f"{PATH}/reckoning", json=facts | {"rule": asked}, headers=JSON).json()

    assert (need["expected"], need["source"]) == (0.9, "the supplier's claim")
    assert need["cases"] > need["minimum"]
    assert need["widths"][0]["n"] == 25


def test_the_pages_lead_from_labels_to_a_signature(
    client: TestClient, clinic: Clinic, runtimes: Runtimes
) -> None:
    clinic.parts.events.subscribe(
        AcceptanceSigned, LocalTestEvents(clinic.parts).on_acceptance_signed
    )
    assert "No test was planned yet" in client.get("/acceptance-tests").text
    test = planned(client, clinic)
    path = f"/acceptance-tests/{test}"
    page = client.get(path).text
    assert "Add these labels" in page
    assert "Close the labels" not in page

    files = {"document": ("labels.csv", table(clinic))}
    done = client.post(f"{path}/labels", data={"reason": "r"}, files=files)
    assert (done.status_code, done.headers["Location"]) == (303, path)
    page = client.get(path).text
    assert "2 of 3 cells became cases" in page
    assert "Close the labels and run the test" in page
    silent = client.post(f"{path}/run", data={"reason": " "})
    assert (silent.status_code, 'href="#run-reason"' in silent.text) == (422, True)
    bad = client.post(f"{path}/labels", data={"reason": "two readers"}, files={})
    assert (bad.status_code, 'id="labels-document-error"' in bad.text) == (422, True)
    assert ">two readers</textarea>" in bad.text
    assert client.post(f"{path}/run", data={"reason": "r"}).status_code == 303
    assert "0 of 2" in client.get(path).text
    finish(clinic, runtimes, test)

    page = client.get(path).text
    assert "The rule, line by line" in page
    assert "Sign this result" in page
    assert "<svg" in page
    wrong = client.post(f"{path}/sign", data={"reason": "I read it", "password": "guessed"})
    assert wrong.status_code == 422
    assert 'id="sign-password-error"' in wrong.text
    assert ">I read it</textarea>" in wrong.text
    signature = {"reason": "agreed", "password": PASSWORD}
    assert client.post(f"{path}/sign", data=signature).status_code == 303
    page = client.get(path).text
    assert "Sign this result" not in page
    with clinic.parts.database.read() as session:
        row = session.get_one(LocalTest, test)
        signed = session.get_one(Acceptance, row.acceptance_id)
    assert signed.status is SignOffStatus.SIGNED
    assert row.reference_note
    assert row.title in client.get("/acceptance-tests").text


def test_nobody_signs_what_is_not_there(client: TestClient, clinic: Clinic) -> None:
    path = f"/acceptance-tests/{planned(client, clinic)}"

    assert client.post(f"{path}/sign", data={"reason": "r"}).status_code == 404


def test_a_manager_plans_and_does_not_sign(app: FastAPI, clinic: Clinic) -> None:
    manager = browser(app, clinic.manager)
    path = f"/acceptance-tests/{planned(manager, clinic)}"

    assert "Add these labels" in manager.get(path).text
    assert manager.post(f"{path}/sign", data={"reason": "r"}).status_code == 403
    assert anonymous(app).get(path, headers={"Accept": "text/html"}).status_code == 303


def test_the_same_by_command(clinic: Clinic, runtimes: Runtimes, tmp_path: Path) -> None:
    program = root(lambda: clinic.parts)
    program.add_typer(cli.app, name="acceptance-test")

    def run(*words: str, code: int = 0) -> Any:
        result = CliRunner().invoke(program, ["--json", "acceptance-test", *words])
        assert result.exit_code == code, result.output
        return json.loads(result.stdout) if result.stdout.startswith("[") else result.output

    rule, labels = tmp_path / "rule.yaml", tmp_path / "labels.csv"
    bar = {"metric": "sensitivity", "at_least": 0.6}
    asked = {"finding": "pneumonia", "bars": [bar], "min_positives": 1, "min_negatives": 1}
    rule.write_text(yaml.safe_dump(make_rule(findings=[asked])))
    labels.write_bytes(table(clinic))
    words = (clinic.version_id, str(rule), "--site", clinic.ward.site.ods_code)
    named = ("--title", "By hand", "--reason", "r")

    [need] = run("plan", *words, *named, "--dry-run")
    assert (need["metric"], need["expected"]) == ("sensitivity", 0.9)
    assert run("list") == []
    [row] = run("plan", *words, *named)
    [came] = run("labels", row["id"], str(labels), "--reason", "r", code=3)
    assert (came["accepted"], came["unknown"]) == (2, 1)
    run("run", row["id"], "--reason", "r")
    finish(clinic, runtimes, row["id"])
    saved = tmp_path / "result.json"
    [shown] = run("show", row["id"], "--save", str(saved))
    assert (shown["state"], shown["done"]) == ("finished", 2)
    assert json.loads(saved.read_bytes())["verdict"] == shown["verdict"]
    assert len(run("cases", row["id"])) == 2
    rule.write_text("findings: []")
    run("plan", *words, *named, code=3)
