"""Publishing and withdrawing cards, and the gate that asks for one."""

from typing import Any

import pytest
from factories import packages
from factories.identity import SETUP, create_organisation, create_person, create_site
from factories.versions import create_checked_version, create_version
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from model_registry.safety.models import SafetyCase, SignOffStatus
from model_registry.versions import service as versions
from model_registry.versions.errors import NotTheNetwork, UnknownVersion
from model_registry.versions.models import ModelVersion, VersionStatus
from transparency_cards.cards import service
from transparency_cards.cards.errors import AlreadyPublished, NotAdmitted, UnknownCard
from transparency_cards.cards.models import Card, CardStatus
from vigil.kernel.audit import repository as audit
from vigil.kernel.db import Database, WriteSession
from vigil.kernel.errors import Forbidden, Invalid
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Role
from vigil.kernel.objects import LocalObjectStore, sha256

REASON = "ready for the register"


def publish(
    session: WriteSession, objects: LocalObjectStore, version: ModelVersion, actor: Actor = SETUP
) -> Card:
    return service.publish(session, actor, objects, version_id=version.id, reason=REASON)


def test_a_card_is_what_the_supplier_wrote_bound_to_the_versions_bytes(
    database: Database, objects: LocalObjectStore
) -> None:
    with database.write() as session:
        version = create_checked_version(session, objects)
        card = publish(session, objects, version)

    assert card.status is CardStatus.PUBLISHED
    assert card.version_digest == version.digest
    assert card.content_digest == sha256(packages.yaml_bytes(packages.CARD))
    assert card.content["intended_use"] == packages.CARD["intended_use"]
    with database.read() as session:
        assert [one.id for one in service.published(session)] == [card.id]
        assert service.card(session, card.id) == card
        event = audit.recent(session, before=None, subject=card.id, limit=1)[0]
    assert (event.tag, event.reason) == ("card:card:publish", REASON)
    assert event.detail == {"digest": version.digest}


def test_a_version_that_was_not_checked_gets_no_card(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        version = create_version(session, objects)

    with pytest.raises(NotAdmitted, match="submitted"), sqlite.write() as session:
        publish(session, objects, version)


@pytest.mark.parametrize("status", [VersionStatus.REFUSED, VersionStatus.WITHDRAWN])
def test_a_version_that_was_turned_down_gets_no_card(
    sqlite: Database, objects: LocalObjectStore, status: VersionStatus
) -> None:
    with sqlite.write() as session:
        version = create_checked_version(session, objects)
        versions.set_status(
            session, SETUP, version_id=version.id, status=status, reason="not any more"
        )

    with pytest.raises(NotAdmitted, match=status.value), sqlite.write() as session:
        publish(session, objects, version)


def test_a_version_has_one_card_at_a_time(database: Database, objects: LocalObjectStore) -> None:
    with database.write() as session:
        version = create_checked_version(session, objects)
        first = publish(session, objects, version)
    with pytest.raises(AlreadyPublished), database.write() as session:
        publish(session, objects, version)
    with database.write() as session:
        service.withdraw(session, SETUP, card_id=first.id, reason="a wrong figure")
        second = publish(session, objects, version)

    with database.read() as session:
        assert [card.id for card in service.published(session)] == [second.id]
        assert len(session.exec(select(Card)).all()) == 2


def test_the_database_refuses_a_second_card_in_force(
    database: Database, objects: LocalObjectStore
) -> None:
    with database.write() as session:
        card = publish(session, objects, create_checked_version(session, objects))

    with pytest.raises(IntegrityError), database.write() as session:
        session.add(Card(**(card.model_dump() | {"id": "crd_second"})))


def test_a_withdrawn_card_stays_on_record_and_is_shown_no_more(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        card = publish(session, objects, create_checked_version(session, objects))
        service.withdraw(session, SETUP, card_id=card.id, reason="a wrong figure")

    with sqlite.read() as session:
        kept = session.get_one(Card, card.id)
        assert service.published(session) == []
        with pytest.raises(UnknownCard):
            service.card(session, card.id)
    assert (kept.status, kept.withdrawn_at) == (CardStatus.WITHDRAWN, sqlite.clock())
    assert kept.content == card.content
    for card_id in (card.id, "crd_none"):
        with pytest.raises(UnknownCard), sqlite.write() as session:
            service.withdraw(session, SETUP, card_id=card_id, reason="again")


@pytest.mark.parametrize(
    ("said_before", "status"),
    [
        ({"intended_use": "Triage"}, SignOffStatus.STALE),
        ({"limitations": ["None"]}, SignOffStatus.SIGNED),
    ],
)
def test_a_card_that_says_otherwise_of_the_use_makes_the_case_stale(
    sqlite: Database,
    objects: LocalObjectStore,
    said_before: dict[str, Any],
    status: SignOffStatus,
) -> None:
    with sqlite.write() as session:
        version = create_checked_version(session, objects)
        first = publish(session, objects, version)
        case = SafetyCase(
            id=session.new_id("sc"),
            organisation_id=version.organisation_id,
            version_id=version.id,
            version_digest=version.digest,
            content_digest="0" * 64,
            title="Clinical safety case report",
            status=SignOffStatus.SIGNED,
            submitted_by=SETUP.id,
            submitted_at=session.now(),
        )
        session.add(case)
        # A card as an earlier reading of the package may have kept it.
        first.content = first.content | said_before
        service.withdraw(session, SETUP, card_id=first.id, reason="worded badly")
        publish(session, objects, version)

        assert case.status is status


def test_a_deed_without_a_reason_is_refused(sqlite: Database, objects: LocalObjectStore) -> None:
    with sqlite.write() as session:
        version = create_checked_version(session, objects)

    with pytest.raises(Invalid), sqlite.write() as session:
        service.publish(session, SETUP, objects, version_id=version.id, reason=" ")

    with sqlite.read() as session:
        assert session.exec(select(Card)).all() == []


def test_the_supplier_and_a_network_manager_publish_and_nobody_else(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        create_organisation(session, "NET", OrganisationKind.NETWORK)
        create_organisation(session, "OTHER", OrganisationKind.SUPPLIER)
        create_site(session)
        version = create_checked_version(session, objects)
        owner = create_person(session, "ACME", Role.SUPPLIER)
        manager = create_person(session, "NET", Role.NETWORK_MANAGER)
        rival = create_person(session, "OTHER", Role.SUPPLIER)
        officer = create_person(session, "NET", Role.CSO)
        reader = create_person(session, "RXX", Role.READER)

    for actor in (officer, reader):
        with pytest.raises(Forbidden), sqlite.write() as session:
            publish(session, objects, version, actor)
    with pytest.raises(UnknownVersion), sqlite.write() as session:
        publish(session, objects, version, rival)
    with sqlite.write() as session:
        card = publish(session, objects, version, owner)
    with pytest.raises(UnknownVersion), sqlite.write() as session:
        service.withdraw(session, rival, card_id=card.id, reason="a rival's")
    with pytest.raises(Forbidden), sqlite.write() as session:
        service.withdraw(session, reader, card_id=card.id, reason="not mine")
    with sqlite.write() as session:
        service.withdraw(session, manager, card_id=card.id, reason="a wrong figure")


def test_the_gate_is_met_by_a_card_in_force_for_exactly_these_bytes(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    gate = service.PublishedCard()
    with sqlite.write() as session:
        version = create_checked_version(session, objects)
        other = create_checked_version(session, objects, version="2.0.0")
        [missing] = gate.missing(session, version, "site_any")
        card = publish(session, objects, version)
        assert gate.missing(session, version, "site_any") == []
        assert gate.missing(session, other, "site_any") == [missing]
        service.withdraw(session, SETUP, card_id=card.id, reason="a wrong figure")
        assert gate.missing(session, version, "site_any") == [missing]

    assert "transparency card" in missing.what
    assert missing.who


def test_a_card_for_other_bytes_does_not_meet_the_gate(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        version = create_checked_version(session, objects)
        card = publish(session, objects, version)
        card.version_digest = "0" * 64
        session.add(card)
        session.flush()

        assert service.PublishedCard().missing(session, version, "site_any")


@pytest.mark.parametrize("organisation", ["NET", "RXX"])
def test_a_manager_of_one_site_neither_publishes_nor_withdraws_a_card(
    sqlite: Database, objects: LocalObjectStore, organisation: str
) -> None:
    with sqlite.write() as session:
        version = create_checked_version(session, objects)
        create_organisation(session, "NET", OrganisationKind.NETWORK)
        site = create_site(session, "RXX01")
        local = create_person(session, organisation, Role.NETWORK_MANAGER, site_id=site.id)
        with pytest.raises(NotTheNetwork):
            publish(session, objects, version, local)
        card = publish(session, objects, version)
        with pytest.raises(NotTheNetwork):
            service.withdraw(session, local, card_id=card.id, reason="not ours")
        assert card.status is CardStatus.PUBLISHED
