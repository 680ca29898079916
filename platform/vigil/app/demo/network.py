"""A made-up network: two sites, a supplier, and the people of each role, with random passwords."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from vigil.kernel.db import WriteSession
from vigil.kernel.identity import service
from vigil.kernel.identity.actor import Grant, system_actor
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Permission, Role
from vigil.kernel.parts import Parts

SETUP = system_actor("setup")
NETWORK, SUPPLIER = "DEMONET", "DEMOSUP"
ADULT_SITE, CHILD_SITE = "DEMOA01", "DEMOB01"
PROVIDERS = {
    "DEMOA": (ADULT_SITE, "Northfield Hospital"),
    "DEMOB": (CHILD_SITE, "Southmoor Children"),
}


TITLES = {
    Role.SUPPLIER: "Supplier's engineer",
    Role.NETWORK_MANAGER: "Network manager",
    Role.CSO: "Clinical safety officer",
    Role.READER: "Radiologist",
    Role.AUDITOR: "Auditor",
}


@dataclass(frozen=True)
class Person:
    """Somebody who acts in the demonstration: how to sign in, and a token for the API."""

    role: str
    email: str
    password: str
    token: str


@dataclass(frozen=True)
class People:
    supplier: Person
    manager: Person
    officer: Person
    site_officers: dict[str, Person]
    readers: dict[str, Person]
    auditor: Person

    def all(self) -> list[Person]:
        return [
            self.supplier,
            self.manager,
            self.officer,
            *self.site_officers.values(),
            *self.readers.values(),
            self.auditor,
        ]


def create(parts: Parts) -> People:
    """Create the organisations, sites and people."""
    with parts.database.write() as session:
        for code, name, kind in (
            (NETWORK, "Demonstration Imaging Network", OrganisationKind.NETWORK),
            (SUPPLIER, "Demonstration Supplier", OrganisationKind.SUPPLIER),
        ):
            service.create_organisation(session, SETUP, ods_code=code, name=name, kind=kind)
        for code, (site, name) in PROVIDERS.items():
            service.create_organisation(
                session, SETUP, ods_code=code, name=name, kind=OrganisationKind.PROVIDER
            )
            service.create_site(session, SETUP, organisation_code=code, ods_code=site, name=name)
        return People(
            supplier=_person(session, SUPPLIER, Role.SUPPLIER),
            manager=_person(session, NETWORK, Role.NETWORK_MANAGER),
            officer=_person(session, NETWORK, Role.CSO),
            site_officers={
                site: _person(session, code, Role.CSO) for code, (site, _) in PROVIDERS.items()
            },
            readers={
                site: _person(session, code, Role.READER) for code, (site, _) in PROVIDERS.items()
            },
            auditor=_person(session, NETWORK, Role.AUDITOR),
        )


def _person(session: WriteSession, organisation: str, role: Role) -> Person:
    email = f"{role.value.replace('_', '.')}@{organisation.lower()}.example"
    password = secrets.token_urlsafe(12)
    service.create_user(
        session,
        SETUP,
        organisation_code=organisation,
        email=email,
        name=f"{TITLES[role]}, {organisation}",
        password=password,
        roles=[Grant(role)],
        professional_body="GMC" if role is Role.CSO else None,
        registration_number="0000000" if role is Role.CSO else None,
    )
    _, token = service.issue_token(
        session,
        SETUP,
        email=email,
        name="demonstration",
        scopes=list(Permission),
        life=timedelta(days=1),
    )
    return Person(role.value, email, password, token)
