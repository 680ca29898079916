"""A card goes while its version serves patients: it is said to whoever has to act."""

import json
from typing import Any

import pytest
from factories.deployments import place_deployment
from factories.identity import create_organisation, create_person, create_site
from factories.packages import CARD, yaml_bytes
from factories.versions import create_checked_version, create_version
from factories.webhooks import create_webhook
from sqlmodel import select

from model_registry.deployments.models import Mode
from model_registry.deployments.stale import StaleUse, stale_in_use
from model_registry.safety import repository as safety
from model_registry.safety.models import SafetyCase, SignOffStatus
from model_registry.versions.models import ModelVersion
from model_registry.webhooks import outbox
from model_registry.webhooks.models import Webhook, WebhookDelivery
from transparency_cards.cards import repository, service
from transparency_cards.cards.service import PublishedCard
from vigil.app.pages.waiting import waiting_for
from vigil.kernel.db import WriteSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts

GATES = (PublishedCard(),)
WHY = "patient John Smith was missed"


def _publish(session: WriteSession, parts: Parts, seller: Actor, version: ModelVersion) -> str:
    card = service.publish(session, seller, parts.objects, version_id=version.id, reason="ready")
    return card.id


def _people(session: WriteSession) -> tuple[Actor, Actor]:
    create_organisation(session, "NET", OrganisationKind.NETWORK)
    seller = create_person(session, "ACME", Role.SUPPLIER)
    return seller, create_person(session, "NET", Role.NETWORK_MANAGER)


def _cards(found: list[StaleUse]) -> list[StaleUse]:
    return [one for one in found if one.gate.name == "card"]


def _told(parts: Parts, webhook: Webhook) -> list[dict[str, Any]]:
    with parts.database.read() as session:
        rows = session.exec(
            select(WebhookDelivery).where(WebhookDelivery.webhook_id == webhook.id)
        ).all()
    return [json.loads(row.body) for row in rows]


def test_a_version_that_serves_patients_without_its_card_is_shown_and_told(parts: Parts) -> None:
    with parts.database.write() as session:
        version = create_checked_version(session, parts.objects)
        seller, manager = _people(session)
        site, other = create_site(session, "RXX01"), create_site(session, "RYY01")
        live = place_deployment(session, version, site.id, Mode.LIVE)
        place_deployment(session, version, other.id, Mode.SHADOW)
        card_id = _publish(session, parts, seller, version)
        topics = ("deployment.uncovered",)
        hears, _ = create_webhook(session, parts, topics=topics, organisation="RXX")
        does_not, _ = create_webhook(session, parts, topics=topics, organisation="RYY")
        assert _cards(stale_in_use(session, manager, GATES)) == []

    with parts.database.write() as session:
        service.withdraw(session, seller, card_id=card_id, reason=WHY)
    outbox.collect(parts)

    with parts.database.read() as session:
        for actor in (manager, seller):
            (lost,) = _cards(stale_in_use(session, actor, GATES))
            assert (lost.deployment.id, lost.gate.stale_at) == (live.id, session.now())
            assert lost.gate.why == "the card was withdrawn, and no other is in force"
        tasks = waiting_for(session, manager, GATES)
        assert any("without a published transparency card" in task.why for task in tasks)
    (message,) = _told(parts, hears)
    assert message["type"] == "deployment.uncovered"
    assert message["data"]["facts"] == {"kind": "card"}
    assert WHY not in json.dumps(message)
    assert _told(parts, does_not) == []


def test_a_card_that_is_published_again_says_the_same_and_touches_no_signature(
    parts: Parts,
) -> None:
    """Intended use cannot change under a digest: the card is among the bytes."""
    with parts.database.write() as session:
        version = create_checked_version(session, parts.objects)
        seller, _ = _people(session)
        case = SafetyCase(
            id=session.new_id("sc"),
            organisation_id=version.organisation_id,
            version_id=version.id,
            version_digest=version.digest,
            content_digest="0" * 64,
            title="Clinical safety case report",
            status=SignOffStatus.SIGNED,
            submitted_by=seller.id,
            submitted_at=session.now(),
        )
        session.add(case)
        first = _publish(session, parts, seller, version)
        service.withdraw(session, seller, card_id=first, reason="a pause")
        second = _publish(session, parts, seller, version)

        before, after = (repository.card(session, one) for one in (first, second))
        assert before is not None
        assert after is not None
        assert (before.content, before.content_digest) == (after.content, after.content_digest)
        assert case.status is SignOffStatus.SIGNED


@pytest.mark.parametrize("field", ["intended_use", "out_of_scope"])
def test_another_intended_use_is_another_version_that_nobody_signed(
    parts: Parts, field: str
) -> None:
    with parts.database.write() as session:
        first = create_version(session, parts.objects)
        said = CARD | {field: ["Children"] if field == "out_of_scope" else "Children too"}
        second = create_version(session, parts.objects, version="1.0.1", card_yaml=yaml_bytes(said))
        same_model = first.model_id == second.model_id
        assert (same_model, first.digest == second.digest) == (True, False)
        assert safety.signed_case(session, second.digest) is None
