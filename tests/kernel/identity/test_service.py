from datetime import timedelta

import pytest
from conftest import FakeClock
from factories.identity import PASSWORD, SETUP, create_organisation, create_person, create_site

from vigil.kernel.db import Database
from vigil.kernel.errors import Forbidden, Invalid
from vigil.kernel.identity import repository, service
from vigil.kernel.identity.actor import Grant
from vigil.kernel.identity.errors import AlreadyThere, BadCredentials, UnknownSite
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Permission, Role


def test_a_person_of_one_provider_reads_its_own_sites_only(database: Database) -> None:
    with database.write() as session:
        own, other = create_site(session, "RXX01"), create_site(session, "RYY01")
        reader = create_person(session, "RXX", Role.READER)

        assert reader.sites == frozenset({own.id})
        assert [site.id for site in repository.sites(session, reader)] == [own.id]
        with pytest.raises(UnknownSite):
            service.site(session, reader, other.ods_code)


def test_a_role_at_one_site_does_not_reach_the_next(database: Database) -> None:
    with database.write() as session:
        first = create_site(session, "RXX01")
        second = service.create_site(
            session, SETUP, organisation_code="RXX", ods_code="RXX02", name="Second"
        )
        officer = create_person(session, "RXX", Role.CSO, site_id=first.id)

        assert officer.may(Permission.ACCEPTANCE_SIGN, first.id)
        assert not officer.may(Permission.ACCEPTANCE_SIGN, second.id)


def test_the_network_reads_every_site_and_a_supplier_none(database: Database) -> None:
    with database.write() as session:
        create_site(session, "RXX01")
        create_organisation(session, "NET", OrganisationKind.NETWORK)
        supplier = create_organisation(session, "SUP", OrganisationKind.SUPPLIER)
        manager = create_person(session, "NET", Role.NETWORK_MANAGER)
        vendor = create_person(session, "SUP", Role.SUPPLIER)

        assert manager.sites is None
        assert vendor.sites == frozenset()
        assert vendor.supplier_id == supplier.id
        assert repository.sites(session, vendor) == []


def test_an_officer_without_a_registration_is_refused(database: Database) -> None:
    with database.write() as session:
        create_organisation(session, "RXX")
        with pytest.raises(Invalid, match="registration_number"):
            service.create_user(
                session,
                SETUP,
                organisation_code="RXX",
                email="cso@rxx.example",
                name="Officer",
                password=PASSWORD,
                roles=[Grant(Role.CSO)],
            )


def test_a_reader_creates_nobody(database: Database) -> None:
    with database.write() as session:
        create_site(session, "RXX01")
        reader = create_person(session, "RXX", Role.READER)
        with pytest.raises(Forbidden, match="user:write"):
            service.create_user(
                session,
                reader,
                organisation_code="RXX",
                email="friend@rxx.example",
                name="Friend",
                password=PASSWORD,
                roles=[],
            )


def test_a_code_is_taken_once(database: Database) -> None:
    with database.write() as session:
        create_organisation(session, "RXX")
        with pytest.raises(AlreadyThere):
            create_organisation(session, "RXX")


def _address(session: object, actor_id: str) -> str:
    user = repository.user(session, actor_id)  # type: ignore[arg-type]
    assert user is not None
    return user.email


def test_a_session_lasts_until_its_end_or_sign_out(database: Database, clock: FakeClock) -> None:
    with database.write() as session:
        create_site(session, "RXX01")
        person = create_person(session, "RXX", Role.READER)
        address = _address(session, person.id)

    token = service.sign_in(database, address.upper(), PASSWORD)
    with database.write() as session:
        signed_in = service.signed_in(session, token)
        assert signed_in is not None
        assert signed_in.actor == person

        service.sign_out(session, person, token)
        assert service.signed_in(session, token) is None

    later = service.sign_in(database, address, PASSWORD)
    clock.advance(timedelta(hours=11).total_seconds())
    with database.read() as session:
        assert service.signed_in(session, later) is None


@pytest.mark.parametrize("known", [True, False])
def test_a_wrong_password_and_an_unknown_address_look_alike(
    database: Database, known: bool
) -> None:
    with database.write() as session:
        create_site(session, "RXX01")
        person = create_person(session, "RXX", Role.READER)
        address = _address(session, person.id) if known else "nobody@rxx.example"

    with pytest.raises(BadCredentials, match="address or the password"):
        service.sign_in(database, address, "wrong password indeed")


def test_a_token_carries_no_more_than_its_scopes(database: Database, clock: FakeClock) -> None:
    with database.write() as session:
        create_organisation(session, "NET", OrganisationKind.NETWORK)
        manager = create_person(session, "NET", Role.NETWORK_MANAGER)
        token, key = service.issue_token(
            session,
            manager,
            email=_address(session, manager.id),
            name="nightly",
            scopes=[Permission.STUDY_READ],
            life=timedelta(days=1),
        )

        program = service.bearer(session, key)
        assert program.may(Permission.STUDY_READ)
        assert not program.may(Permission.RULE_WRITE)
        assert key not in str(token.model_dump())

        clock.advance(timedelta(days=2).total_seconds())
        with pytest.raises(BadCredentials):
            service.bearer(session, key)


def test_a_revoked_token_is_dead_at_once(database: Database) -> None:
    with database.write() as session:
        create_organisation(session, "NET", OrganisationKind.NETWORK)
        manager = create_person(session, "NET", Role.NETWORK_MANAGER)
        address = _address(session, manager.id)
        token, key = service.issue_token(
            session,
            manager,
            email=address,
            name="lost",
            scopes=[Permission.STUDY_READ],
            life=timedelta(days=1),
        )
        service.revoke_token(session, manager, token.id, "the laptop was stolen")

        with pytest.raises(BadCredentials):
            service.bearer(session, key)
