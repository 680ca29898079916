"""Readiness over HTTP, for programs and for people."""

import csv
import io
from dataclasses import dataclass

import pytest
from factories.deployments import place_deployment
from factories.identity import create_person, create_site
from factories.nodes import create_node
from factories.safety import Cast, create_cast, create_version
from factories.web import browser, create_web
from fastapi import FastAPI
from fastapi.testclient import TestClient

from inference.readiness import api, pages
from model_registry.deployments.models import Mode
from model_registry.versions.models import ModelVersion
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import Site
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts

JSON = {"Accept": "application/json"}
FORM = {"item": "dpia", "reference": "IG-14", "owner": "DPO", "valid_from": "2026-11-01",
        "reason": "assessed"}  # fmt: skip


@dataclass(frozen=True)
class World:
    app: FastAPI
    cast: Cast
    version: ModelVersion
    far: Site
    reader: Actor

    def client(self, actor: Actor | None = None) -> TestClient:
        return browser(self.app, actor or self.cast.manager)


@pytest.fixture
def world(parts: Parts) -> World:
    with parts.database.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast)
        place_deployment(session, version, cast.site.id, Mode.LIVE)
        create_node(session, cast.site.id, "PACS", is_destination=True)
        far = create_site(session, "RYY01")
        reader = create_person(session, "RXX", Role.READER)
    app = create_web(parts, api.router, pages.router, domains={"readiness": "inference.readiness"})
    return World(app, cast, version, far, reader)


def test_the_matrix_and_its_table_say_the_same(world: World) -> None:
    client = world.client()
    items = client.get("/api/v1/sites/readiness", headers=JSON).json()["items"]
    table = list(csv.DictReader(io.StringIO(client.get("/api/v1/sites/readiness.csv").text)))

    assert [(row["site"], row["models"][0]["mode"]) for row in items] == [
        ("RXX01", "live"), ("RYY01", None),
    ]  # fmt: skip
    assert "dcb0160" in items[0]["models"][0]["lacking"]
    assert [row["lacking"].split() for row in table] == [
        row["models"][0]["lacking"] for row in items
    ]
    assert [row["mode"] for row in table] == ["live", ""]


def test_a_name_is_no_formula_in_a_spreadsheet() -> None:
    assert api._cell("=1+1") == "'=1+1"
    assert api._cell("@x") == "'@x"
    assert api._cell("Royal") == "Royal"


def test_the_matrix_comes_in_pieces(world: World) -> None:
    client = world.client()
    first = client.get("/api/v1/sites/readiness?limit=1", headers=JSON)
    assert [row["site"] for row in first.json()["items"]] == ["RXX01"]
    cursor = first.json()["next_cursor"]
    after = client.get(f"/api/v1/sites/readiness?limit=1&cursor={cursor}", headers=JSON).json()
    assert [row["site"] for row in after["items"]] == ["RYY01"]
    assert after["next_cursor"] is None


def test_evidence_is_recorded_read_and_shown(world: World) -> None:
    client, cast = world.client(), world.cast
    made = client.post(
        "/api/v1/readiness/evidence",
        data=FORM | {"site": "RXX01", "model_id": world.version.model_id},
        files={"document": ("dpia.html", b"<script>alert(1)</script>")},
        headers=JSON,
    )
    assert made.status_code == 201, made.text
    document = client.get(f"{made.headers['Location']}/document")
    assert document.content == b"<script>alert(1)</script>"
    assert document.headers["Content-Type"] == "application/octet-stream"
    assert document.headers["Content-Disposition"].startswith("attachment")

    path = f"/api/v1/sites/{cast.site.id}/readiness?model_id={world.version.model_id}"
    checklist = client.get(path, headers=JSON).json()
    [dpia] = [one for one in checklist["models"][0]["items"] if one["item"] == "dpia"]
    assert (dpia["state"], dpia["expires_on"]) == ("met", "2027-11-01")
    assert dpia["evidence_id"] == made.json()["id"]
    assert {one["item"] for one in checklist["items"]} == {
        "echo", "heard", "test_study", "result", "dspt",
    }  # fmt: skip


def test_a_waiver_is_a_manager_s(world: World) -> None:
    body = {"item": "training", "site": "RXX01", "model_id": world.version.model_id,
            "reason": "no readers here"}  # fmt: skip
    path = "/api/v1/readiness/waivers"
    assert (
        world.client(world.cast.site_officer).post(path, json=body, headers=JSON).status_code == 403
    )
    assert world.client().post(path, json=body, headers=JSON).status_code == 201


def test_suppliers_see_nothing_of_it(world: World) -> None:
    client = world.client(world.cast.submitter)
    for path in (
        "/sites", f"/sites/{world.cast.site.id}", "/api/v1/sites/readiness",
        "/api/v1/sites/readiness.csv", f"/api/v1/sites/{world.cast.site.id}/readiness",
    ):  # fmt: skip
        assert client.get(path).status_code == 403, path


def test_a_hospital_sees_its_own_sites_only(world: World) -> None:
    client = world.client(world.reader)
    assert world.far.name not in client.get("/sites").text
    assert world.cast.site.name in client.get("/sites").text
    assert client.get(f"/sites/{world.far.id}").status_code == 404
    assert "Record evidence" not in client.get(f"/sites/{world.cast.site.id}").text


def test_the_network_at_a_glance(world: World) -> None:
    page = world.client().get("/sites").text
    assert "Live, lacks 11" in page
    assert "Lacks" in page
    live = world.client().get("/sites?show=live").text
    assert world.far.name not in live
    assert "No site is like this." in world.client().get("/sites?show=ready").text


def test_the_page_of_a_site_takes_evidence_and_decisions(world: World) -> None:
    client, path = world.client(), f"/sites/{world.cast.site.id}"
    model_id = world.version.model_id
    page = client.get(f"{path}?model_id={model_id}").text
    for words in ("Check PACS now", "Not asked yet: PACS", "Record evidence", "Not needed here"):
        assert words in page
    done = client.post(
        f"{path}/evidence",
        data=FORM | {"model_id": model_id, "expires_on": ""},
        files={"document": ("", b"")},
    )
    assert (done.status_code, done.headers["Location"]) == (303, f"{path}?model_id={model_id}")
    late = client.post(f"{path}/evidence", data=FORM | {"model_id": model_id, "expires_on": "soon"})
    assert late.status_code == 422
    assert "not a day" in late.text
    waived = client.post(
        f"{path}/waivers", data={"item": "shadow", "model_id": model_id, "reason": "later"}
    )
    assert waived.status_code == 303
    page = client.get(f"{path}?model_id={model_id}").text
    assert "Not needed here: later" in page
    assert "IG-14" in page


def test_a_refused_form_keeps_what_was_typed_and_says_what_is_wrong_at_the_field(
    world: World,
) -> None:
    client, path = world.client(), f"/sites/{world.cast.site.id}"
    typed = FORM | {"model_id": world.version.model_id, "expires_on": "soon", "owner": "the <DPO>"}
    answer = client.post(f"{path}/evidence", data=typed)
    assert answer.status_code == 422
    page = answer.text
    assert 'href="#evidence-expires_on"' in page
    assert 'id="evidence-expires_on-error"' in page
    for kept in (
        'value="IG-14"',
        'value="the &lt;DPO&gt;"',
        'value="soon"',
        ">assessed</textarea>",
    ):
        assert kept in page
    assert '<option value="dpia" selected>' in page
    assert f'<option value="{world.version.model_id}" selected>' in page


def test_a_refused_waiver_fills_its_own_form_and_no_other(world: World) -> None:
    client, path = world.client(), f"/sites/{world.cast.site.id}"
    data = {"item": "dcb0160", "model_id": "", "until": "2031-01-01", "reason": "later"}
    page = client.post(f"{path}/waivers", data=data)
    assert page.status_code == 422
    assert 'id="waiver-model_id-error"' in page.text
    assert page.text.count(">later</textarea>") == 1
    assert 'value="2031-01-01"' in page.text
    silent = client.post(f"{path}/waivers", data=data | {"item": "dspt", "reason": ""})
    assert 'href="#waiver-reason"' in silent.text
    long = client.post(f"{path}/waivers", data=data | {"item": "dspt", "reason": "x" * 2001})
    assert "too long. Use at most 2000 characters" in long.text
    assert "x" * 2001 in long.text
    assert "Nothing was recorded yet." in client.get(path).text
