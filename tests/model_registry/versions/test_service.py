"""Versions: submitted once, never changed, seen only by those whose they are."""

from collections.abc import Callable
from typing import Any

import pytest
from factories import packages
from factories.identity import SETUP, create_organisation, create_person
from factories.versions import create_version

from model_registry.versions import service
from model_registry.versions.errors import (
    ForeignSupplier,
    NotAllowedNow,
    UnknownVersion,
    VersionTaken,
)
from model_registry.versions.handover import Handover
from model_registry.versions.models import VersionStatus
from vigil.kernel.audit import repository as audit
from vigil.kernel.db import Database, WriteSession
from vigil.kernel.errors import Forbidden, Invalid
from vigil.kernel.events import Events
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Role
from vigil.kernel.objects import LocalObjectStore, sha256


def supplier(session: WriteSession, code: str) -> Actor:
    create_organisation(session, code, OrganisationKind.SUPPLIER)
    return create_person(session, code, Role.SUPPLIER)


def test_a_version_is_its_bytes(database: Database, objects: LocalObjectStore) -> None:
    with database.write() as session:
        version = create_version(session, objects)
    assert version.digest == sha256(packages.signed_archive())
    assert objects.get(version.digest) == packages.signed_archive()
    assert version.status is VersionStatus.SUBMITTED
    assert service.manifest(version).model.name == "linear-three"
    assert service.package(objects, version).manifest == packages.package().manifest


def test_the_same_bytes_again_are_the_same_version(
    database: Database, objects: LocalObjectStore
) -> None:
    with database.write() as session:
        first = create_version(session, objects)
    with database.write() as session:
        assert create_version(session, objects).id == first.id
        assert len(service.versions(session, SETUP)) == 1


def test_other_bytes_under_the_same_label_are_refused(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        create_version(session, objects)
        with pytest.raises(VersionTaken, match=r"1\.0\.0"):
            create_version(session, objects, README_md=b"changed")


def test_two_versions_belong_to_one_model(
    sqlite: Database, objects: LocalObjectStore, clock: Any
) -> None:
    with sqlite.write() as session:
        old = create_version(session, objects)
        clock.advance(1)
        new = create_version(session, objects, version="1.1.0")
        assert old.model_id == new.model_id
        assert [v.id for v in service.versions(session, SETUP)] == [new.id, old.id]
        assert service.versions(session, SETUP, before=new.id) == [old]
        assert len(service.models(session, SETUP)) == 1


def test_a_supplier_sees_its_own_only(database: Database, objects: LocalObjectStore) -> None:
    with database.write() as session:
        acme, other = supplier(session, "ACME"), supplier(session, "OTHER")
        version = create_version(session, objects, "ACME")
        assert service.version(session, acme, version.id) == version
        assert service.versions(session, other) == []
        assert service.models(session, other) == []
        assert service.model_by_reference(session, other, "ACME/linear-three") is None
        looks: tuple[Callable[[], object], ...] = (
            lambda: service.version(session, other, version.id),
            lambda: service.version_by_digest(session, other, version.digest),
            lambda: service.version_named(session, other, "linear-three@1.0.0"),
            lambda: service.version_named(session, other, "ACME/linear-three@1.0.0"),
            lambda: service.withdraw(
                session, other, version_id=version.id, reason="mine", events=Events()
            ),
        )
        for look in looks:
            with pytest.raises(UnknownVersion):
                look()


def test_a_supplier_submits_for_itself_only(sqlite: Database, objects: LocalObjectStore) -> None:
    with sqlite.write() as session:
        supplier(session, "ACME")
        other = supplier(session, "OTHER")
        with pytest.raises(ForeignSupplier, match=r"model\.supplier"):
            service.submit(
                session, other, objects=objects, handover=Handover.of(packages.archive())
            )


def test_a_provider_is_no_supplier(sqlite: Database, objects: LocalObjectStore) -> None:
    with sqlite.write() as session:
        create_organisation(session, "RXX")
        with pytest.raises(ForeignSupplier):
            create_version(session, objects, "RXX")


def test_only_suppliers_submit(sqlite: Database, objects: LocalObjectStore) -> None:
    with sqlite.write() as session:
        create_organisation(session, "NET", OrganisationKind.NETWORK)
        manager = create_person(session, "NET", Role.NETWORK_MANAGER)
        with pytest.raises(Forbidden):
            service.submit(
                session, manager, objects=objects, handover=Handover.of(packages.archive())
            )


def test_what_cannot_be_read_leaves_nothing(sqlite: Database, objects: LocalObjectStore) -> None:
    with sqlite.write() as session:
        with pytest.raises(Invalid, match="archive"):
            service.submit(session, SETUP, objects=objects, handover=Handover.of(b"garbage"))
        with pytest.raises(Invalid, match=r"card\.yaml: missing"):
            create_version(session, objects, card_yaml=None)
    assert list(objects.digests()) == []


def test_a_version_is_found_by_its_name(sqlite: Database, objects: LocalObjectStore) -> None:
    with sqlite.write() as session:
        version = create_version(session, objects)
        other = create_version(session, objects, "OTHER")
        assert service.version_named(session, SETUP, version.id) == version
        assert service.version_named(session, SETUP, "ACME/linear-three@1.0.0") == version
        assert service.version_named(session, SETUP, "OTHER/linear-three@1.0.0") == other
        with pytest.raises(Invalid, match="CODE/linear-three@1"):
            service.version_named(session, SETUP, "linear-three@1.0.0")


def test_what_is_withdrawn_stays_so(sqlite: Database, objects: LocalObjectStore) -> None:
    with sqlite.write() as session:
        version = create_version(session, objects)
        service.withdraw(
            session, SETUP, version_id=version.id, reason="a fault was found", events=Events()
        )
        with pytest.raises(NotAllowedNow, match="withdrawn"):
            service.set_status(
                session,
                SETUP,
                version_id=version.id,
                status=VersionStatus.CHECKED,
                reason="again",
            )


def test_submission_and_withdrawal_are_in_the_audit(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        version = create_version(session, objects)
        service.withdraw(
            session, SETUP, version_id=version.id, reason="a fault was found", events=Events()
        )
    with sqlite.read() as session:
        events = audit.recent(session, before=None, subject=version.id, limit=10)
    assert [event.tag for event in events] == [
        "registry:version:withdrawn",
        "supplier:version:submit",
    ]
    assert events[1].detail["digest"] == version.digest
