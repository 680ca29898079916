"""Organisations, sites and people for tests."""

from vigil.kernel.db import WriteSession
from vigil.kernel.identity import service
from vigil.kernel.identity.actor import Actor, Grant, system_actor
from vigil.kernel.identity.models import Organisation, OrganisationKind, Site
from vigil.kernel.identity.roles import Role

SETUP = system_actor("setup")
PASSWORD = "correct horse battery staple"  # noqa: S105 - of people who exist in a test only


def create_organisation(
    session: WriteSession,
    ods_code: str = "RXX",
    kind: OrganisationKind = OrganisationKind.PROVIDER,
) -> Organisation:
    return service.create_organisation(
        session, SETUP, ods_code=ods_code, name=f"Organisation {ods_code}", kind=kind
    )


def create_site(session: WriteSession, ods_code: str = "RXX01") -> Site:
    """A site with a provider organisation of its own."""
    organisation = create_organisation(session, ods_code[:3])
    return service.create_site(
        session,
        SETUP,
        organisation_code=organisation.ods_code,
        ods_code=ods_code,
        name=f"Site {ods_code}",
    )


def create_person(
    session: WriteSession, organisation_code: str, *roles: Role, site_id: str | None = None
) -> Actor:
    """A user with these roles, as the actor that its requests would carry."""
    name = "-".join(role.value for role in roles)
    count = session.new_id("x")[-6:]
    user = service.create_user(
        session,
        SETUP,
        organisation_code=organisation_code,
        email=f"{name}-{count}@{organisation_code.lower()}.example",
        name=f"{name} {count}",
        password=PASSWORD,
        roles=[Grant(role, site_id) for role in roles],
        professional_body="GMC",
        registration_number="1234567",
    )
    return service.actor_for(session, user)
