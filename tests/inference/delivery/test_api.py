"""Deliveries over HTTP and on the command line."""

import json
from datetime import timedelta

import pytest
from factories.identity import SETUP, create_person, create_site
from factories.nodes import create_node
from factories.results import keep_result
from factories.runs import create_run
from factories.web import browser, create_web
from typer.testing import CliRunner

from inference.delivery import api, attempts, cli, service
from inference.delivery.backoff import Backoff
from inference.delivery.models import Cause, Delivery
from inference.delivery.scu import Sent
from vigil.kernel.console import root
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts

BACKOFF = Backoff(timedelta(seconds=10), timedelta(seconds=60), 3)


@pytest.fixture
def dead(parts: Parts) -> Delivery:
    with parts.database.write() as session:
        site = create_site(session)
        create_node(session, site.id, "PACS", is_source=False, is_destination=True)
        run = create_run(session, parts.objects, site.id).run  # type: ignore[arg-type]
    result = keep_result(parts, run)
    with parts.database.write() as session:
        delivery = service.plan(session, SETUP, parts, run.id, [result])[0]
        return attempts.note(
            session,
            SETUP,
            parts.queue,
            BACKOFF,
            delivery_id=delivery.id,
            number=1,
            sent=Sent(cause=Cause.NOT_RECOGNISED),
        )


def test_the_dead_are_listed_and_put_back(parts: Parts, dead: Delivery) -> None:
    with parts.database.write() as session:
        operator = create_person(session, "RXX", Role.OPERATOR)
    client = browser(create_web(parts, api.router), operator)

    listed = client.get("/api/v1/deliveries", params={"state": "dead"}).json()["items"]
    assert [(one["id"], one["cause"]) for one in listed] == [(dead.id, "not_recognised")]
    shown = client.get(f"/api/v1/deliveries/{dead.id}").json()
    assert [one["number"] for one in shown["history"]] == [1]

    answer = client.post(f"/api/v1/deliveries/{dead.id}/retry", json={"reason": "known now"})

    assert answer.json()["state"] == "pending"
    assert client.get("/api/v1/deliveries", params={"state": "dead"}).json()["items"] == []
    again = client.post(f"/api/v1/deliveries/{dead.id}/retry", json={"reason": "known now"})
    assert again.status_code == 409


def test_all_of_one_cause_are_put_back(parts: Parts, dead: Delivery) -> None:
    with parts.database.write() as session:
        operator = create_person(session, "RXX", Role.OPERATOR)
    client = browser(create_web(parts, api.router), operator)

    answer = client.post(
        "/api/v1/deliveries/retries", json={"reason": "known now", "cause": "not_recognised"}
    )

    assert [one["id"] for one in answer.json()["items"]] == [dead.id]


def test_another_site_and_a_supplier_see_nothing(parts: Parts, dead: Delivery) -> None:
    with parts.database.write() as session:
        create_site(session, "RYY01")
        stranger = create_person(session, "RYY", Role.OPERATOR)
        supplier = create_person(session, "ACME", Role.SUPPLIER)
    app = create_web(parts, api.router)

    assert browser(app, stranger).get("/api/v1/deliveries").json()["items"] == []
    assert browser(app, stranger).get(f"/api/v1/deliveries/{dead.id}").status_code == 404
    assert browser(app, supplier).get("/api/v1/deliveries").status_code == 403


def test_the_command_line_lists_retries_and_discards(parts: Parts, dead: Delivery) -> None:
    app = root(lambda: parts)
    app.add_typer(cli.app, name="queue")

    def vigil(*words: str) -> str:
        result = CliRunner().invoke(app, ["--json", "queue", *words])
        assert result.exit_code == 0, result.output
        return result.stdout

    assert [row["id"] for row in json.loads(vigil("list"))] == [dead.id]
    assert json.loads(vigil("status"))[0]["count"] == 1
    vigil("retry", "--cause", "not_recognised", "--reason", "known now")
    assert json.loads(vigil("list")) == []
    vigil("discard", dead.id, "--reason", "study withdrawn")
    assert json.loads(vigil("status")) == []


def test_retry_wants_one_delivery_or_a_cause(parts: Parts) -> None:
    app = root(lambda: parts)
    app.add_typer(cli.app, name="queue")

    result = CliRunner().invoke(app, ["queue", "retry", "--reason", "all of them"])

    assert result.exit_code == 3
