import pytest
from factories.identity import create_organisation, create_person, create_site
from factories.safety import (
    Cast,
    accept,
    create_acceptance,
    create_case,
    create_cast,
    create_version,
    sign_case,
)

from model_registry.safety import repository, service
from model_registry.safety.errors import (
    AlreadyJudged,
    NotAnOfficer,
    UnknownAcceptance,
    UnknownSafetyCase,
)
from model_registry.safety.models import AcceptanceKind, SignOffStatus
from model_registry.versions.errors import UnknownVersion
from vigil.kernel.db import Database, WriteSession
from vigil.kernel.errors import Forbidden
from vigil.kernel.events import Events
from vigil.kernel.identity import repository as identity
from vigil.kernel.identity.actor import Actor, system_actor
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Role
from vigil.kernel.objects import LocalObjectStore


def test_a_case_is_bound_to_the_digest_of_its_version_and_of_its_bytes(
    database: Database, objects: LocalObjectStore
) -> None:
    with database.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast)
        case = create_case(session, objects, cast, version)

        assert case.status is SignOffStatus.DRAFT
        assert case.version_digest == version.digest
        assert objects.get(case.content_digest) == f"case of {version.id}".encode()
        assert repository.signed_case(session, version.digest) is None


@pytest.mark.parametrize("who", ["supplier_officer", "network_officer"])
def test_an_officer_of_the_supplier_or_the_network_signs_a_case(
    database: Database, objects: LocalObjectStore, who: str
) -> None:
    with database.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast)
        case = create_case(session, objects, cast, version)
        signer: Actor = getattr(cast, who)

        signed = service.sign_case(session, signer, case_id=case.id, reason="read it")

        assert signed.status is SignOffStatus.SIGNED
        assert signed.signed_by == signer.id
        assert repository.signed_case(session, version.digest) == signed


def _nobody(session: WriteSession, cast: Cast) -> list[Actor]:
    create_organisation(session, "OTH", OrganisationKind.SUPPLIER)
    return [
        system_actor("worker"),
        cast.manager,
        cast.submitter,
        cast.site_officer,
    ]


def test_nobody_else_signs_a_case(sqlite: Database, objects: LocalObjectStore) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        case = create_case(session, objects, cast, create_version(session, cast))
        for actor in _nobody(session, cast):
            with pytest.raises(NotAnOfficer):
                service.sign_case(session, actor, case_id=case.id, reason="try")


def test_an_officer_who_submitted_the_version_does_not_sign_its_case(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast, submitted_by=cast.supplier_officer.id)
        case = create_case(session, objects, cast, version)
        with pytest.raises(NotAnOfficer, match="hands in"):
            service.sign_case(session, cast.supplier_officer, case_id=case.id, reason="mine")


def test_an_officer_who_handed_in_the_case_does_not_sign_it(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        both = create_person(session, "ACME", Role.SUPPLIER, Role.CSO)
        version = create_version(session, cast)
        case = service.submit_case(
            session,
            both,
            objects,
            version_id=version.id,
            title="Case",
            content=b"case",
            reason="done",
        )
        with pytest.raises(NotAnOfficer, match="hands in"):
            service.sign_case(session, both, case_id=case.id, reason="mine")


@pytest.mark.parametrize("field", ["professional_body", "registration_number"])
def test_an_officer_without_a_registration_signs_nothing(
    sqlite: Database, objects: LocalObjectStore, field: str
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast)
        case = create_case(session, objects, cast, version)
        acceptance = create_acceptance(session, objects, cast, version)
        for actor in (cast.network_officer, cast.site_officer):
            user = identity.user(session, actor.id)
            assert user is not None
            setattr(user, field, None)
            session.add(user)
        with pytest.raises(NotAnOfficer, match="registration"):
            service.sign_case(session, cast.network_officer, case_id=case.id, reason="try")
        with pytest.raises(NotAnOfficer, match="registration"):
            service.sign_acceptance(
                session,
                cast.site_officer,
                Events(),
                acceptance_id=acceptance.id,
                reason="try",
            )


def test_a_new_signed_case_takes_the_place_of_the_old_one(
    database: Database, objects: LocalObjectStore
) -> None:
    with database.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast)
        old = sign_case(session, objects, cast, version)
        new = sign_case(session, objects, cast, version)

        assert repository.signed_case(session, version.digest) == new
        assert old.status is SignOffStatus.STALE
        assert old.stale_reason == f"Superseded by {new.id}"


def test_a_signed_case_is_not_signed_again(sqlite: Database, objects: LocalObjectStore) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        case = sign_case(session, objects, cast, create_version(session, cast))
        with pytest.raises(AlreadyJudged):
            service.sign_case(session, cast.network_officer, case_id=case.id, reason="again")


def test_a_supplier_neither_sees_nor_hands_in_anothers_case(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast)
        case = create_case(session, objects, cast, version)
        create_organisation(session, "OTH", OrganisationKind.SUPPLIER)
        other = create_person(session, "OTH", Role.SUPPLIER)

        assert repository.cases(session, other) == []
        with pytest.raises(UnknownSafetyCase):
            service.case_by_id(session, other, case.id)
        with pytest.raises(UnknownVersion):
            service.submit_case(
                session,
                other,
                objects,
                version_id=version.id,
                title="Case",
                content=b"case",
                reason="try",
            )


def test_an_acceptance_is_of_its_site_only(sqlite: Database, objects: LocalObjectStore) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        acceptance = accept(session, objects, cast, create_version(session, cast))
        create_site(session, "RYY01")
        neighbour = create_person(session, "RYY", Role.CSO)

        assert repository.acceptances(session, cast.site_officer) == [acceptance]
        for stranger in (neighbour, cast.submitter, cast.supplier_officer):
            assert repository.acceptances(session, stranger) == []
            with pytest.raises(UnknownAcceptance):
                service.sign_acceptance(
                    session, stranger, Events(), acceptance_id=acceptance.id, reason="try"
                )


def test_only_an_officer_of_the_site_accepts(sqlite: Database, objects: LocalObjectStore) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        draft = create_acceptance(session, objects, cast, create_version(session, cast))
        for actor in (cast.manager, system_actor("worker")):
            with pytest.raises(NotAnOfficer):
                service.sign_acceptance(
                    session, actor, Events(), acceptance_id=draft.id, reason="try"
                )


def test_who_submitted_the_version_does_not_accept_it(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast, submitted_by=cast.site_officer.id)
        draft = create_acceptance(session, objects, cast, version)
        with pytest.raises(NotAnOfficer, match="submits"):
            service.sign_acceptance(
                session, cast.site_officer, Events(), acceptance_id=draft.id, reason="mine"
            )


def test_a_reader_drafts_nothing(sqlite: Database, objects: LocalObjectStore) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast)
        reader = create_person(session, "RXX", Role.READER)
        with pytest.raises(Forbidden):
            service.draft_acceptance(
                session,
                reader,
                objects,
                kind=AcceptanceKind.LOCAL_TEST,
                version_id=version.id,
                site_id=cast.site.id,
                thresholds={},
                content=b"judgement",
                passed=True,
                reason="try",
            )


def test_a_later_failed_test_takes_the_place_of_a_passed_one(
    database: Database, objects: LocalObjectStore
) -> None:
    with database.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast)
        kind = AcceptanceKind.LOCAL_TEST
        passed = accept(session, objects, cast, version, kind)
        failed = accept(session, objects, cast, version, kind, passed=False)

        counted = repository.signed_acceptance(
            session,
            kind=kind,
            site_id=cast.site.id,
            configuration_digest=passed.configuration_digest,
        )
        assert counted == failed
        assert passed.status is SignOffStatus.STALE
