from collections.abc import Callable
from datetime import timedelta

import pytest
from conftest import FakeClock
from factories.fairness import Population, populate
from factories.identity import create_organisation, create_person
from factories.surveillance import FINDING, START, Place, create_place, reference_cases

from surveillance.records import baseline
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts

Settled = Callable[[Population], Place]


@pytest.fixture(autouse=True)
def later(clock: FakeClock) -> None:
    """Look back at populations when the last of their days is over."""
    clock.advance(180 * 24 * 3600)


@pytest.fixture
def officer(parts: Parts) -> Actor:
    """An officer of the network: reads every site and works at none."""
    with parts.database.write() as session:
        create_organisation(session, "NET", OrganisationKind.NETWORK)
        return create_person(session, "NET", Role.CSO)


@pytest.fixture
def settle(parts: Parts, officer: Actor) -> Settled:
    """Make a site with a reference and a population."""

    def settled(population: Population) -> Place:
        with parts.database.write() as session:
            place = create_place(session)
            baseline.set_from_cases(
                session,
                officer,
                parts.objects,
                version_id=place.version_id,
                finding_key=FINDING,
                cases=reference_cases(),
                reason="validation set",
                effective_from=START - timedelta(days=1),
            )
            populate(session, place, population)
        return place

    return settled


@pytest.fixture
def clinician(parts: Parts) -> Callable[[], Actor]:
    """An officer of the site itself, once it is there."""

    def created() -> Actor:
        with parts.database.write() as session:
            return create_person(session, "RXX", Role.CSO)

    return created
