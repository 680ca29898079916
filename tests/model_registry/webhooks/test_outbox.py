"""Who is told of what, once, and with how little."""

import json
from dataclasses import replace
from typing import Any

import pytest
from factories.deployments import go_live
from factories.identity import SETUP, create_organisation, create_site
from factories.nodes import create_node
from factories.safety import Cast, create_acceptance, create_cast, create_version
from factories.webhooks import create_webhook
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from model_registry.webhooks import catalogue, outbox
from model_registry.webhooks.models import Webhook, WebhookDelivery
from vigil.kernel.audit import service as audit
from vigil.kernel.db import Database
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.parts import Parts


@pytest.fixture
def cast(parts: Parts) -> Cast:
    with parts.database.write() as session:
        return create_cast(session)


def told(parts: Parts, webhook: Webhook) -> list[dict[str, Any]]:
    with parts.database.read() as session:
        rows = session.exec(
            select(WebhookDelivery)
            .where(WebhookDelivery.webhook_id == webhook.id)
            .order_by(WebhookDelivery.position)  # type: ignore[arg-type]
        ).all()
    return [json.loads(row.body) for row in rows]


def collect_all(parts: Parts) -> int:
    return outbox.collect(parts) + outbox.collect(parts)


def add(parts: Parts, organisation: str, *topics: str) -> Webhook:
    with parts.database.write() as session:
        return create_webhook(session, parts, topics=topics or ("*",), organisation=organisation)[0]


def play(parts: Parts, cast: Cast) -> None:
    """A version goes live at the first site; the second site connects an archive."""
    with parts.database.write() as session:
        go_live(session, parts.objects, cast)
        create_node(session, cast.site.id, "PACS", is_destination=True)
        other = create_site(session, "RYY01")
        create_node(session, other.id, "THEIRS", is_destination=True)


def test_the_network_hears_all_of_it_in_order(parts: Parts, cast: Cast) -> None:
    webhook = add(parts, "NET")
    play(parts, cast)

    assert collect_all(parts) == len(told(parts, webhook)) > 8
    kinds = [one["type"] for one in told(parts, webhook)]
    assert kinds.index("safety_case.signed") < kinds.index("deployment.live")
    assert kinds.count("node.added") == 2
    assert collect_all(parts) == 0


def test_a_supplier_hears_of_its_own_only(parts: Parts, cast: Cast) -> None:
    with parts.database.write() as session:
        create_organisation(session, "BETA", OrganisationKind.SUPPLIER)
    own, other = add(parts, "ACME"), add(parts, "BETA")
    play(parts, cast)
    collect_all(parts)

    kinds = {one["type"] for one in told(parts, own)}
    assert {"safety_case.signed", "deployment.live"} <= kinds
    # A site's judgement and its archives are the site's.
    assert not {kind for kind in kinds if kind.startswith(("acceptance.", "node."))}
    assert told(parts, other) == []


def test_a_provider_hears_of_its_own_sites_only(parts: Parts, cast: Cast) -> None:
    own = add(parts, "RXX")
    play(parts, cast)
    other = add(parts, "RYY")
    with parts.database.write() as session:
        version = create_version(session, cast, "2.0.0")
        create_acceptance(session, parts.objects, cast, version)
    collect_all(parts)

    messages = told(parts, own)
    assert {one["data"]["site"] for one in messages} == {"RXX01"}
    assert "acceptance.signed" in {one["type"] for one in messages}
    assert told(parts, other) == []


def test_topics_choose(parts: Parts, cast: Cast) -> None:
    one, family = add(parts, "NET", "deployment.live"), add(parts, "NET", "acceptance.*")
    play(parts, cast)
    collect_all(parts)

    assert [message["type"] for message in told(parts, one)] == ["deployment.live"]
    assert {message["type"] for message in told(parts, family)} == {
        "acceptance.drafted", "acceptance.signed",
    }  # fmt: skip


def test_what_was_before_is_not_told(parts: Parts, cast: Cast) -> None:
    play(parts, cast)
    webhook = add(parts, "NET")
    assert collect_all(parts) == 0
    assert told(parts, webhook) == []


def test_a_message_holds_facts_and_nothing_that_a_person_typed(parts: Parts, cast: Cast) -> None:
    webhook = add(parts, "NET", "safety_case.signed")
    with parts.database.write() as session:
        version = create_version(session, cast)
        subject = "sc_none"
        audit.record(
            session, cast.manager, "registry:version:approved", version.id,
            "John Smith 943 476 5919 looks fine",
            note="PATIENT^NAME", digest=version.digest, label="Smith, John", share=10, passed=True,
            kind={"nested": "PATIENT^NAME"},
        )  # fmt: skip
        audit.record(session, cast.manager, "safety:safety_case:sign", subject, "gone")
    approved = add_late(parts, webhook, "version.approved")
    collect_all(parts)

    [message] = told(parts, webhook)
    text = json.dumps(message)
    assert approved
    for secret in ("John", "Smith", "943", "PATIENT", cast.manager.id, "looks fine"):
        assert secret not in text
    assert message["type"] == "version.approved"
    assert message["data"] == {
        "subject": version.id,
        "actor": "network_manager",
        "supplier": "ACME",
        "model": "linear-three",
        "version": "1.0.0",
        "version_id": version.id,
        "site": None,
        "facts": {"digest": version.digest, "share": 10, "passed": True},
        "links": {
            "self": f"{parts.settings.url}/api/v1/versions/{version.id}",
            "page": f"{parts.settings.url}/models/{version.model_id}/versions/{version.id}",
        },
    }


def add_late(parts: Parts, webhook: Webhook, topic: str) -> bool:
    with parts.database.write() as session:
        row = session.get_one(Webhook, webhook.id)
        row.topics = [topic]
        session.add(row)
    return True


def test_studies_runs_and_readers_are_in_no_topic() -> None:
    for topic in catalogue.TOPICS:
        floor, subject, _ = topic.tag.split(":")
        assert floor in {"registry", "supplier", "safety", "network"}
        assert subject not in {"study", "run", "decision", "result", "delivery", "association"}


def test_an_event_is_told_once_though_two_workers_collect(parts: Parts, cast: Cast) -> None:
    webhook = add(parts, "NET", "node.added")
    with parts.database.write() as session:
        create_node(session, cast.site.id, "PACS")
    outbox.collect(parts)
    with parts.database.write() as session:
        row = session.get_one(Webhook, webhook.id)
        row.cursor = 0
        session.add(row)

    # A restore may put the cursor back: what was told stays told.
    assert outbox.collect(parts) == 0
    assert len(told(parts, webhook)) == 1
    with parts.database.read() as session:
        [message] = session.exec(select(WebhookDelivery)).all()
    with pytest.raises(IntegrityError), parts.database.write() as session:
        session.add(WebhookDelivery(**message.model_dump() | {"id": "whd_again"}))


def test_a_crash_before_the_end_leaves_the_cursor_and_no_message(
    parts: Parts, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = add(parts, "NET", "node.added")
    with parts.database.write() as session:
        create_node(session, cast.site.id, "PACS")

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(outbox, "wake", die)
    with pytest.raises(KeyboardInterrupt):
        outbox.collect(parts)
    assert told(parts, webhook) == []
    monkeypatch.undo()
    assert outbox.collect(parts) == 1


def test_many_other_events_are_passed_without_a_message(
    parts: Parts, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "BATCH", 10)
    webhook = add(parts, "NET", "node.added")
    with parts.database.write() as session:
        for number in range(35):
            audit.record(session, SETUP, "inference:run:finish", f"run_{number}", "done")
        create_node(session, cast.site.id, "PACS")
    assert sum(outbox.collect(parts) for _ in range(6)) == 1
    with parts.database.read() as session:
        assert session.get_one(Webhook, webhook.id).cursor >= 35


def test_on_both_databases_a_message_is_made(database: Database, parts: Parts) -> None:
    here = replace(parts, database=database)
    with database.write() as session:
        cast = create_cast(session)
        create_webhook(session, here, topics=["node.*"])
        create_node(session, cast.site.id, "PACS")
    assert outbox.collect(here) == 1
    assert outbox.collect(here) == 0
