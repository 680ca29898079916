"""Signing keys: proposed by their supplier, trusted by somebody else, revoked for good."""

from dataclasses import dataclass

import pytest
from factories.identity import SETUP, create_organisation, create_person, create_site
from factories.packages import SIGNING_KEY
from sqlmodel import select

from model_registry.keys import service
from model_registry.keys.errors import (
    AlreadyRevoked,
    BadKey,
    KeyKnown,
    NotItsSupplier,
    NotProposed,
    OwnKey,
    UnknownKey,
)
from model_registry.keys.models import KeyStatus, SupplierKey
from model_registry.packages.signature import key_id_of, new_private_key, public_bytes, public_pem
from model_registry.versions.errors import NotTheNetwork
from vigil.kernel.audit.models import AuditEvent
from vigil.kernel.db import Database, WriteSession
from vigil.kernel.errors import Forbidden, Invalid
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Role

RAW = public_bytes(SIGNING_KEY)


@dataclass(frozen=True)
class People:
    supplier: Actor
    colleague: Actor
    other: Actor
    manager: Actor
    reader: Actor


def people(session: WriteSession) -> People:
    create_organisation(session, "ACME", OrganisationKind.SUPPLIER)
    create_organisation(session, "OTHER", OrganisationKind.SUPPLIER)
    create_organisation(session, "NET", OrganisationKind.NETWORK)
    return People(
        supplier=create_person(session, "ACME", Role.SUPPLIER),
        colleague=create_person(session, "ACME", Role.NETWORK_MANAGER),
        other=create_person(session, "OTHER", Role.SUPPLIER),
        manager=create_person(session, "NET", Role.NETWORK_MANAGER),
        reader=create_person(session, "NET", Role.READER),
    )


def proposed(session: WriteSession, actor: Actor, public_key: str = RAW.hex()) -> SupplierKey:
    return service.propose(
        session, actor, public_key=public_key, label="release server", reason="first key"
    )


def test_a_key_is_proposed_trusted_and_revoked(database: Database) -> None:
    with database.write() as session:
        cast = people(session)
        key = proposed(session, cast.supplier)
        assert (key.status, key.key_id) == (KeyStatus.PROPOSED, key_id_of(RAW))
        service.trust(session, cast.manager, row_id=key.id, reason="compared by telephone")
        assert (key.status, key.trusted_by) == (KeyStatus.TRUSTED, cast.manager.id)
        service.revoke(session, cast.supplier, row_id=key.id, reason="the laptop was stolen")
    with database.read() as session:
        kept = service.key(session, cast.supplier, key.id)
        assert (kept.status, kept.revoked_reason) == (KeyStatus.REVOKED, "the laptop was stolen")
        tags = [one.tag for one in session.exec(select(AuditEvent)) if one.subject == key.id]
    assert tags == ["supplier:key:propose", "registry:key:trust", "registry:key:revoke"]


def test_pem_and_digits_are_the_same_key(sqlite: Database) -> None:
    with sqlite.write() as session:
        cast = people(session)
        key = proposed(session, cast.supplier, public_pem(RAW).decode())
        assert key.public_key == RAW.hex()
        with pytest.raises(KeyKnown):
            proposed(session, cast.supplier)
        assert proposed(session, cast.other).organisation_id != key.organisation_id


def test_several_keys_are_trusted_at_once(sqlite: Database) -> None:
    with sqlite.write() as session:
        cast = people(session)
        for key in (SIGNING_KEY, new_private_key()):
            row = proposed(session, cast.supplier, public_bytes(key).hex())
            service.trust(session, cast.manager, row_id=row.id, reason="compared")
        known = service.known_keys(session, row.organisation_id)
    assert [key.status for key in known] == [KeyStatus.TRUSTED] * 2


@pytest.mark.parametrize(
    "text", ["", "zz" * 32, "ab" * 31, "00" * 32, "-----BEGIN PUBLIC KEY-----"]
)
def test_what_is_no_key_is_refused(sqlite: Database, text: str) -> None:
    with sqlite.write() as session:
        cast = people(session)
        with pytest.raises(BadKey, match="public_key"):
            proposed(session, cast.supplier, text)


def test_a_private_key_is_refused_and_not_repeated(sqlite: Database) -> None:
    with sqlite.write() as session:
        cast = people(session)
        pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAAB\n-----END PRIVATE KEY-----\n"
        with pytest.raises(BadKey, match="spoilt") as refused:
            proposed(session, cast.supplier, pem)
    assert "MC4CAQ" not in str(refused.value)


def test_a_key_needs_a_label_and_a_reason(sqlite: Database) -> None:
    with sqlite.write() as session:
        cast = people(session)
        facts = {"public_key": RAW.hex()}
        with pytest.raises(BadKey, match="label"):
            service.propose(session, cast.supplier, **facts, label=" ", reason="first key")
        with pytest.raises(Invalid, match="reason"):
            service.propose(session, cast.supplier, **facts, label="release server", reason="")


def test_who_proposed_a_key_never_trusts_it(sqlite: Database) -> None:
    with sqlite.write() as session:
        cast = people(session)
        key = proposed(session, cast.supplier)
        with pytest.raises(Forbidden):
            service.trust(session, cast.supplier, row_id=key.id, reason="mine")
        with pytest.raises(OwnKey):
            service.trust(session, cast.colleague, row_id=key.id, reason="my company's")
        by_operator = service.propose(
            session,
            SETUP,
            public_key=public_bytes(new_private_key()).hex(),
            label="spare",
            reason="the supplier sent it by post",
            supplier="ACME",
        )
        with pytest.raises(OwnKey):
            service.trust(session, SETUP, row_id=by_operator.id, reason="both in one")


def test_only_a_supplier_proposes_and_only_for_itself(sqlite: Database) -> None:
    with sqlite.write() as session:
        cast = people(session)
        with pytest.raises(Forbidden):
            proposed(session, cast.manager)
        facts = {"public_key": RAW.hex(), "label": "x", "reason": "y"}
        with pytest.raises(NotItsSupplier):
            service.propose(session, cast.supplier, **facts, supplier="OTHER")
        for code in (None, "NET", "NOBODY"):
            with pytest.raises(NotItsSupplier):
                service.propose(session, SETUP, **facts, supplier=code)


def test_a_key_is_trusted_and_revoked_once(sqlite: Database) -> None:
    with sqlite.write() as session:
        cast = people(session)
        key = proposed(session, cast.supplier)
        service.trust(session, cast.manager, row_id=key.id, reason="compared")
        with pytest.raises(NotProposed):
            service.trust(session, cast.manager, row_id=key.id, reason="again")
        with pytest.raises(Forbidden):
            service.revoke(session, cast.reader, row_id=key.id, reason="why not")
        service.revoke(session, cast.manager, row_id=key.id, reason="it leaked")
        with pytest.raises(AlreadyRevoked):
            service.revoke(session, cast.supplier, row_id=key.id, reason="again")
        with pytest.raises(NotProposed):
            service.trust(session, cast.manager, row_id=key.id, reason="back")
        with pytest.raises(KeyKnown):
            proposed(session, cast.supplier)


def test_another_supplier_sees_nothing_of_it(sqlite: Database) -> None:
    with sqlite.write() as session:
        cast = people(session)
        key = proposed(session, cast.supplier)
        assert service.keys(session, cast.other) == []
        for deed in (service.trust, service.revoke):
            with pytest.raises((UnknownKey, Forbidden)):
                deed(session, cast.other, row_id=key.id, reason="curious")
        assert [one.id for one in service.keys(session, cast.manager)] == [key.id]


@pytest.mark.parametrize("organisation", ["NET", "RXX"])
def test_a_manager_of_one_site_neither_trusts_nor_revokes_a_key(
    sqlite: Database, organisation: str
) -> None:
    with sqlite.write() as session:
        cast = people(session)
        site = create_site(session, "RXX01")
        local = create_person(session, organisation, Role.NETWORK_MANAGER, site_id=site.id)
        key = proposed(session, cast.supplier)
        with pytest.raises(NotTheNetwork):
            service.trust(session, local, row_id=key.id, reason="our scanner's supplier")
        service.trust(session, cast.manager, row_id=key.id, reason="compared by telephone")
        with pytest.raises(Forbidden):
            service.revoke(session, local, row_id=key.id, reason="not ours")
        assert key.status is KeyStatus.TRUSTED
