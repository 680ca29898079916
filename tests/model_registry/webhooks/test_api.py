"""Webhooks over HTTP and at the terminal: whose they are, and that a secret is told once."""

import contextlib
import json
from dataclasses import dataclass, replace
from typing import Any

import pytest
from factories.identity import SETUP, create_organisation, create_person, create_site
from factories.web import browser, create_web
from factories.webhooks import Receiver, create_webhook, verify, work
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlmodel import select
from typer.testing import CliRunner

from model_registry.webhooks import api, cli, pages, service
from model_registry.webhooks.addresses import Hosts
from model_registry.webhooks.errors import BadWebhook
from model_registry.webhooks.models import MessageState, WebhookDelivery
from model_registry.webhooks.settings import WebhookSettings
from vigil.kernel.console import root
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts
from vigil.kernel.web.models import IdempotencyKey

JSON = {"Accept": "application/json"}
NEW = {"url": "https://example.org/vigil", "topics": ["version.*"], "reason": "our board"}


@dataclass(frozen=True)
class World:
    app: FastAPI
    manager: Actor
    seller: Actor
    other: Actor
    hospital: Actor
    one_site: Actor
    reader: Actor

    def client(self, actor: Actor) -> TestClient:
        return browser(self.app, actor)


@pytest.fixture
def world(parts: Parts) -> World:
    with parts.database.write() as session:
        create_organisation(session, "NET", OrganisationKind.NETWORK)
        for code in ("ACME", "BETA"):
            create_organisation(session, code, OrganisationKind.SUPPLIER)
        site = create_site(session)
        people = {
            "manager": create_person(session, "NET", Role.NETWORK_MANAGER),
            "seller": create_person(session, "ACME", Role.SUPPLIER),
            "other": create_person(session, "BETA", Role.SUPPLIER),
            "hospital": create_person(session, "RXX", Role.NETWORK_MANAGER),
            "one_site": create_person(session, "RXX", Role.NETWORK_MANAGER, site_id=site.id),
            "reader": create_person(session, "RXX", Role.READER),
        }
    app = create_web(
        parts, api.router, pages.router, domains={"webhooks": "model_registry.webhooks"}
    )
    return World(app, **people)


def test_a_secret_is_told_once(world: World, parts: Parts) -> None:
    client = world.client(world.seller)
    made = client.post("/api/v1/webhooks", json=NEW, headers=JSON | {"Idempotency-Key": "k1"})
    assert made.status_code == 201, made.text
    secret, path = made.json()["secret"], made.headers["Location"]
    assert secret.startswith("whsec_")
    for address in (path, "/api/v1/webhooks", path.removeprefix("/api/v1"), "/webhooks"):
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert secret not in answer.text
    with parts.database.read() as session:
        assert session.get(IdempotencyKey, ("k1", world.seller.id, "POST /api/v1/webhooks")) is None

    rotated = client.post(f"{path}/rotate", json={"reason": "it was seen"}, headers=JSON).json()
    assert rotated["secret"] != secret
    assert rotated["previous_until"].startswith("2026-11-22T10:00")


def test_a_webhook_is_its_organisation_s(world: World) -> None:
    path = world.client(world.seller).post("/api/v1/webhooks", json=NEW).headers["Location"]
    other, network = world.client(world.other), world.client(world.manager)
    reason = {"reason": "because"}

    assert other.get(path, headers=JSON).status_code == 404
    assert other.get(f"{path}/deliveries", headers=JSON).status_code == 404
    for deed in ("end", "rotate", "test"):
        assert other.post(f"{path}/{deed}", json=reason, headers=JSON).status_code == 404
    assert other.get("/api/v1/webhooks", headers=JSON).json()["items"] == []
    # The network sees where everybody's messages go, and can end that.
    assert len(network.get("/api/v1/webhooks", headers=JSON).json()["items"]) == 1
    assert network.post(f"{path}/end", json=reason, headers=JSON).json()["active"] is False
    assert network.post(f"{path}/end", json=reason, headers=JSON).status_code == 409


def test_nobody_makes_one_for_another(world: World) -> None:
    theirs = NEW | {"organisation": "BETA"}
    assert world.client(world.seller).post("/api/v1/webhooks", json=theirs).status_code == 403
    assert world.client(world.hospital).post("/api/v1/webhooks", json=theirs).status_code == 403
    assert world.client(world.manager).post("/api/v1/webhooks", json=theirs).status_code == 201


def test_who_acts_at_one_site_only_may_not(world: World) -> None:
    assert world.client(world.hospital).post("/api/v1/webhooks", json=NEW).status_code == 201
    refused = world.client(world.one_site).post("/api/v1/webhooks", json=NEW, headers=JSON)
    assert refused.status_code == 403
    assert "all sites" in refused.json()["detail"]
    assert world.client(world.one_site).get("/api/v1/webhooks", headers=JSON).status_code == 403
    assert world.client(world.reader).get("/webhooks").status_code == 403


def test_every_fault_is_named(world: World) -> None:
    body = NEW | {"url": "http://u:p@10.0.0.1/", "topics": ["study.*", "deployment.live"]}
    answer = world.client(world.seller).post("/api/v1/webhooks", json=body, headers=JSON)
    assert answer.status_code == 422
    detail = json.dumps(answer.json())
    for words in ("study.* stands for nothing", "credentials", "https", "private network"):
        assert words in detail
    assert "u:p" not in detail


def test_what_can_be_told_is_listed(world: World) -> None:
    topics = world.client(world.seller).get("/api/v1/webhooks/topics", headers=JSON).json()
    assert {"name": "stop.lifted", "says": "Two people lifted the stop."} in topics


def test_the_form_shows_the_secret_and_the_page_the_messages(world: World, parts: Parts) -> None:
    client = world.client(world.seller)
    made = client.post(
        "/webhooks",
        data={"url": "https://example.org/x", "topics": "version.* key.*, deployment.live",
              "description": "our board", "reason": "tickets"},
    )  # fmt: skip
    assert made.status_code == 200
    assert "whsec_" in made.text
    assert "shown this once" in made.text
    page = client.get("/webhooks")
    assert "version.*, key.*, deployment.live" in page.text
    path = page.text.split('href="/webhooks/')[1].split('"')[0]

    sent = client.post(f"/webhooks/{path}/test")
    assert (sent.status_code, sent.headers["Location"]) == (303, f"/webhooks/{path}")
    with parts.database.write() as session:
        [message] = session.exec(select(WebhookDelivery)).all()
        message.state, message.last_error = MessageState.DEAD, "Nothing answers at this address."
        session.add(message)
    shown = client.get(f"/webhooks/{path}").text
    assert "Nothing answers at this address." in shown
    assert "Send again" in shown
    again = client.post(f"/webhook-deliveries/{message.id}/redeliver", data={"reason": "up again"})
    assert again.status_code == 303
    assert client.post(f"/webhooks/{path}/rotate", data={"reason": "x"}).text.count("whsec_") == 1
    assert client.post(f"/webhooks/{path}/end", data={"reason": "done"}).status_code == 303
    assert "Ended" in client.get("/webhooks").text


def test_the_terminal_adds_tries_lists_and_ends(parts: Parts, world: World) -> None:
    settings = WebhookSettings(
        data_dir=parts.settings.data_dir, webhook_hosts="network@127.0.0.1:*"
    )
    listed = replace(parts, settings=settings)
    app = root(lambda: listed)
    app.add_typer(cli.app, name="webhook")

    def run(*words: str) -> list[dict[str, Any]]:
        result = CliRunner().invoke(app, ["--json", "webhook", *words])
        assert result.exit_code == 0, result.output
        found: list[dict[str, Any]] = json.loads(result.stdout) if result.stdout else []
        return found

    with Receiver().up() as receiver:
        [made] = run("add", receiver.url, "--topic", "*", "--organisation", "NET",
                     "--reason", "our board")  # fmt: skip
        [message] = run("test", made["id"])
        work(listed)
        [shown] = run("deliveries", made["id"])
        assert (shown["id"], shown["state"]) == (message["id"], "delivered")
        run("redeliver", shown["id"], "--reason", "lost")
        work(listed)
        assert verify(made["secret"], receiver.got[1])
    [rotated] = run("rotate", made["id"], "--reason", "seen")
    assert rotated["secret"] != made["secret"]
    run("remove", made["id"], "--reason", "done")
    assert [row["active"] for row in run("list")] == [False]
    without = CliRunner().invoke(app, ["webhook", "add", receiver.url, "--topic", "*",
                                       "--reason", "x"])  # fmt: skip
    assert without.exit_code == 3


def test_a_refused_form_keeps_what_was_typed(world: World) -> None:
    client = world.client(world.seller)
    data = {"url": "http://10.0.0.1/x", "topics": "study.*", "description": "a <board>",
            "reason": "tickets"}  # fmt: skip
    refused = client.post("/webhooks", data=data)
    assert refused.status_code == 422
    for words in (
        'href="#add-url"', 'id="add-url-error"', 'id="add-topics-error"', "study.* stands for",
        'value="http://10.0.0.1/x"', 'value="study.*"', 'value="a &lt;board&gt;"',
        ">tickets</textarea>",
    ):  # fmt: skip
        assert words in refused.text
    good = data | {"url": "https://example.org/x", "topics": "version.*"}
    silent = client.post("/webhooks", data=good | {"reason": " "})
    assert 'id="add-reason-error"' in silent.text
    assert "No webhook yet." in client.get("/webhooks").text
    long = client.post("/webhooks", data=good | {"description": "y" * 201})
    assert 'id="add-description-error"' in long.text


def test_a_deed_without_a_reason_says_so_at_its_own_field(world: World, parts: Parts) -> None:
    client = world.client(world.seller)
    with parts.database.write() as session:
        webhook, _ = create_webhook(session, parts, organisation="ACME")
    for deed in ("rotate", "end"):
        answer = client.post(f"/webhooks/{webhook.id}/{deed}", data={"reason": ""})
        assert answer.status_code == 422
        assert f'href="#{deed}-reason"' in answer.text
        assert f'id="{deed}-reason-error"' in answer.text
    assert "Active" in client.get(f"/webhooks/{webhook.id}").text


def test_an_organisation_has_so_many_and_no_more(parts: Parts, world: World) -> None:
    with parts.database.write() as session:
        for _ in range(20):
            create_webhook(session, parts, organisation="ACME")
    answer = world.client(world.seller).post("/api/v1/webhooks", json=NEW, headers=JSON)
    assert answer.status_code == 422
    assert "has 20 webhooks" in answer.text


@pytest.mark.parametrize(("organisation", "is_taken"), [("NET", True), ("ACME", False)])
def test_a_host_that_is_listed_for_the_network_is_none_of_a_suppliers(
    parts: Parts, world: World, organisation: str, is_taken: bool
) -> None:
    setting = "network@10.1.2.3:8443"
    hosts = {kind: Hosts.of(setting, kind) for kind in OrganisationKind}
    with parts.database.write() as session:

        def add(port: int) -> None:
            service.add(
                session,
                SETUP,
                parts.keys,
                hosts,
                url=f"https://10.1.2.3:{port}/x",
                topics=["*"],
                description="",
                reason="our board",
                organisation=organisation,
            )

        with contextlib.nullcontext() if is_taken else pytest.raises(BadWebhook):
            add(8443)
        with pytest.raises(BadWebhook):
            add(22)
