"""Cards over HTTP and on the command line: published by staff, read by anybody."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from factories.deployments import place_deployment
from factories.identity import create_organisation, create_person, create_site
from factories.packages import CARD, yaml_bytes
from factories.versions import create_checked_version, create_version
from factories.web import anonymous, browser, create_web
from fastapi import FastAPI
from typer.testing import CliRunner

from model_registry.deployments.models import Mode
from model_registry.versions.models import ModelVersion
from transparency_cards.cards import api, cli, pages
from vigil.kernel.console import root
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts

CARDS = "/api/v1/cards"
HOSTILE = "<img src=x onerror=alert(1)>"


@dataclass(frozen=True)
class People:
    supplier: Actor
    rival: Actor
    reader: Actor


@pytest.fixture
def version(parts: Parts) -> ModelVersion:
    with parts.database.write() as session:
        return create_checked_version(session, parts.objects)


@pytest.fixture
def people(parts: Parts, version: ModelVersion) -> People:
    with parts.database.write() as session:
        create_organisation(session, "RIVAL", OrganisationKind.SUPPLIER)
        create_site(session)
        return People(
            create_person(session, "ACME", Role.SUPPLIER),
            create_person(session, "RIVAL", Role.SUPPLIER),
            create_person(session, "RXX", Role.READER),
        )


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    return create_web(
        parts, api.router, pages.router, domains={"cards": "transparency_cards.cards"}
    )


def publish(app: FastAPI, actor: Actor, version: ModelVersion) -> Any:
    body = {"version_id": version.id, "reason": "for the register"}
    return browser(app, actor).post(CARDS, json=body)


def page(app: FastAPI, path: str) -> Any:
    answer = anonymous(app).get(path, headers={"Accept": "text/html"})
    assert answer.status_code == 200, answer.text
    return answer


def test_a_supplier_publishes_and_anybody_reads(
    app: FastAPI, people: People, version: ModelVersion
) -> None:
    made = publish(app, people.supplier, version)

    assert made.status_code == 201
    assert made.json()["version_digest"] == version.digest
    shown = anonymous(app).get(made.headers["Location"])
    assert shown.json() == made.json()
    assert [one["id"] for one in anonymous(app).get(CARDS).json()] == [made.json()["id"]]
    again = publish(app, people.supplier, version)
    assert (again.status_code, again.json()["type"]) == (409, "/problems/already-published")


def test_a_withdrawn_card_is_gone_from_api_and_register(
    app: FastAPI, people: People, version: ModelVersion
) -> None:
    card = publish(app, people.supplier, version).json()["id"]
    path, body = f"{CARDS}/{card}/withdraw", {"reason": "a wrong figure"}

    assert browser(app, people.rival).post(path, json=body).status_code == 404
    assert browser(app, people.reader).post(path, json=body).status_code == 403
    assert anonymous(app).post(path, json=body).status_code == 401
    assert browser(app, people.supplier).post(path, json=body).status_code == 204
    assert browser(app, people.supplier).post(path, json=body).status_code == 404
    assert anonymous(app).get(f"{CARDS}/{card}").status_code == 404
    assert anonymous(app).get(f"/register/{card}").status_code == 404


def test_only_those_who_may_publish(
    app: FastAPI, people: People, version: ModelVersion, parts: Parts
) -> None:
    body = {"version_id": version.id, "reason": "x"}
    with parts.database.write() as session:
        unchecked = create_version(session, parts.objects, version="9.0.0")

    assert anonymous(app).post(CARDS, json=body).status_code == 401
    assert publish(app, people.reader, version).status_code == 403
    assert publish(app, people.rival, version).status_code == 404
    assert publish(app, people.supplier, unchecked).status_code == 409
    empty = browser(app, people.supplier).post(CARDS, json=body | {"reason": ""})
    assert empty.json()["errors"][0]["pointer"] == "#/reason"
    lacking = browser(app, people.supplier).post(CARDS, json={"reason": "x"})
    assert lacking.json()["errors"][0]["pointer"] == "#/version_id"


def test_the_register_is_read_without_sign_in_cookie_or_script(
    app: FastAPI, people: People, version: ModelVersion
) -> None:
    card = publish(app, people.supplier, version).json()

    listed, shown = page(app, "/register"), page(app, f"/register/{card['id']}")

    for answer in (listed, shown):
        assert "set-cookie" not in answer.headers
        assert CARD["summary_public"] in answer.text
    assert f'href="/register/{card["id"]}"' in listed.text
    assert CARD["intended_use"] in shown.text
    assert "Children" in shown.text
    assert version.digest in shown.text
    assert "It is not used at any site." in shown.text


def test_an_empty_register_says_what_that_means(app: FastAPI) -> None:
    assert "No card is published yet" in page(app, "/register").text


def test_a_card_says_where_the_version_is_used(
    app: FastAPI, people: People, version: ModelVersion, parts: Parts
) -> None:
    card = publish(app, people.supplier, version).json()["id"]
    with parts.database.write() as session:
        site = create_site(session, "RYY01")
        place_deployment(session, version, site.id, Mode.LIVE)

    shown = page(app, f"/register/{card}").text

    assert site.name in shown
    assert "Live" in shown


def test_what_a_supplier_writes_is_text_and_never_markup(
    app: FastAPI, people: People, parts: Parts
) -> None:
    hostile = CARD | {"summary_public": HOSTILE, "title": HOSTILE, "limitations": [HOSTILE]}
    with parts.database.write() as session:
        version = create_checked_version(
            session, parts.objects, version="6.6.6", card_yaml=yaml_bytes(hostile)
        )
    card = publish(app, people.supplier, version).json()["id"]

    for path in ("/register", f"/register/{card}"):
        assert HOSTILE not in page(app, path).text
        assert "&lt;img src=x" in page(app, path).text


def test_cards_at_the_command_line(parts: Parts, version: ModelVersion) -> None:
    app = root(lambda: parts)
    app.add_typer(cli.app, name="card")

    def vigil(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, ["--json", "card", *words])
        assert result.exit_code == code, result.output
        return result.stdout

    assert json.loads(vigil("list")) == []
    [made] = json.loads(vigil("publish", "linear-three@1.0.0", "--reason", "ready"))
    assert made["digest"] == version.digest
    vigil("publish", version.id, "--reason", "again", code=5)
    assert [row["version"] for row in json.loads(vigil("list"))] == [version.id]
    vigil("withdraw", made["card"], "--reason", "a wrong figure")
    vigil("withdraw", made["card"], "--reason", "again", code=4)
    vigil("publish", "no-such@1.0.0", "--reason", "x", code=4)
    assert json.loads(vigil("list")) == []
