"""What is tolerated: set by the network with a reason, the most particular first."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from factories.surveillance import FINDING, START, Place, create_place

from model_registry.versions.models import ModelVersion
from surveillance.streams.kinds import StreamKind
from surveillance.tolerances import service
from surveillance.tolerances.amounts import AMOUNTS
from surveillance.tolerances.errors import NeedsTheNetwork
from surveillance.tolerances.service import Proposal
from vigil.kernel.audit.repository import recent
from vigil.kernel.db import Database
from vigil.kernel.errors import Forbidden, Invalid, NotFound
from vigil.kernel.identity.actor import Actor, Grant
from vigil.kernel.identity.roles import Role

OFFICER = Actor(id="usr_cso", label="cso", grants=(Grant(Role.CSO),), sites=None)


@pytest.fixture
def place(database: Database) -> Place:
    with database.write() as session:
        return create_place(session)


def test_the_most_particular_holds_then_the_latest_and_nothing_is_replaced(
    database: Database, place: Place
) -> None:
    here = {"version_id": place.version_id, "site_id": place.site_id}
    steps: list[tuple[dict[str, str], float, date]] = [
        ({}, 1.3, START),
        ({"version_id": place.version_id}, 1.4, START),
        ({"subject": FINDING}, 1.45, START),
        (here, 1.5, START),
        (here, 1.6, START + timedelta(days=5)),
    ]
    with database.write() as session:
        for about, amount, day in steps:
            row = service.set_tolerance(
                session,
                OFFICER,
                kind="override_rate",
                amount=amount,
                reason="agreed",
                from_day=day,
                **about,
            )

        def held(day: date, version: str, site: str, subject: str) -> float:
            found = service.in_force(session, day)
            return found.of("override_rate", version, site, subject)

        own = (place.version_id, place.site_id, FINDING)
        assert held(START - timedelta(days=1), *own) == AMOUNTS["override_rate"].default
        assert held(START, *own) == 1.5
        assert held(START + timedelta(days=5), *own) == 1.6
        assert held(START, place.version_id, "site_other", FINDING) == 1.4
        assert held(START, "ver_other", "site_other", FINDING) == 1.45
        assert held(START, "ver_other", "site_other", "nodule") == 1.3
        assert len(service.tolerances(session, OFFICER)) == len(steps)
    with database.read() as reading:
        tags = [event.tag for event in recent(reading, before=None, subject=row.id, limit=9)]
    assert tags == ["surveillance:tolerance:set"]


def test_what_means_nothing_is_refused(database: Database, place: Place) -> None:
    with database.write() as session:
        for kind, amount in (("score", 0.0), ("flag_rate", 1.0), ("area", 0.6), ("mood", 1.2)):
            with pytest.raises(Invalid):
                service.set_tolerance(session, OFFICER, kind=kind, amount=amount, reason="x")
        with pytest.raises(NotFound):
            service.set_tolerance(
                session, OFFICER, kind="score", amount=0.2, reason="x", site_id="site_other"
            )
        with pytest.raises(Invalid, match="reason"):
            service.set_tolerance(session, OFFICER, kind="score", amount=0.2, reason=" ")


def test_the_officer_of_one_site_sets_none_and_sees_no_other_sites(
    database: Database, place: Place
) -> None:
    local = replace(OFFICER, sites=frozenset({"site_other"}))
    reader = replace(OFFICER, grants=(Grant(Role.READER),))
    with database.write() as session:
        for site_id in (place.site_id, None):
            service.set_tolerance(
                session, OFFICER, kind="score", amount=0.2, reason="agreed", site_id=site_id
            )
        assert [row.site_id for row in service.tolerances(session, local)] == [None]
        with pytest.raises(NeedsTheNetwork):
            service.set_tolerance(session, local, kind="score", amount=0.2, reason="x")
        with pytest.raises(Forbidden):
            service.set_tolerance(session, reader, kind="score", amount=0.2, reason="x")


def test_what_a_package_asks_for_is_a_proposal_only(database: Database, place: Place) -> None:
    with database.write() as session:
        held_fixed = session.get_one(ModelVersion, place.version_id).model_dump()
        asked = {"monitoring": {"tolerances": {"override_rate": 3.0, "joy": 1.0}}}
        new = {"id": "ver_new", "version": "2.0.0", "digest": "f" * 64, "manifest": asked}
        version = ModelVersion(**held_fixed | new)
        session.add(version)
        session.flush()
        assert service.proposals(session, OFFICER, version.id) == [
            Proposal("joy", 1.0, None),
            Proposal("override_rate", 3.0, AMOUNTS["override_rate"].default),
        ]
        held = service.in_force(session, START).of("override_rate", version.id, "", "")
        assert held == AMOUNTS["override_rate"].default


def test_every_amount_is_of_a_kind_and_in_its_own_range() -> None:
    assert set(AMOUNTS) <= {kind.value for kind in StreamKind}
    for amount in AMOUNTS.values():
        assert amount.least < amount.default <= amount.most
