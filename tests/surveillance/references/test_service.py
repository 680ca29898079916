from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from factories.surveillance import FINDING, START, Place, create_place, reference_cases

from surveillance.references import service
from surveillance.references.cases import Case
from surveillance.references.errors import (
    NeedsAPerson,
    NeedsTheNetwork,
    NoReference,
    TooFewCases,
)
from surveillance.references.models import Reference, ReferenceSource, ReferenceStatus
from surveillance.references.service import Baseline
from vigil.kernel.audit.repository import recent
from vigil.kernel.db import Database, WriteSession
from vigil.kernel.errors import Forbidden, Invalid
from vigil.kernel.identity.actor import Actor, Grant, system_actor
from vigil.kernel.identity.roles import Role
from vigil.kernel.objects import LocalObjectStore

OFFICER = Actor(id="usr_cso", label="cso", grants=(Grant(Role.CSO),), sites=None)


@pytest.fixture
def place(sqlite: Database) -> Place:
    with sqlite.write() as session:
        return create_place(session)


def keep(
    session: WriteSession,
    objects: LocalObjectStore,
    place: Place,
    actor: Actor = OFFICER,
    **more: Any,
) -> Reference:
    facts: dict[str, Any] = {
        "version_id": place.version_id,
        "site_id": None,
        "finding_key": FINDING,
        "cases": reference_cases(300),
        "source": ReferenceSource.PACKAGE,
        "effective_from": START,
        "reason": "validation set",
    }
    return service.keep(session, actor, objects, **(facts | more))


def test_a_new_reference_supersedes_and_keeps_the_old_one(
    sqlite: Database, objects: LocalObjectStore, place: Place
) -> None:
    later = START + timedelta(days=10)
    with sqlite.write() as session:
        old = keep(session, objects, place)
        new = keep(session, objects, place, effective_from=later, reason="recalibrated")
        assert (old.status, new.supersedes_id) == (ReferenceStatus.SUPERSEDED, old.id)
        stream = (place.version_id, place.site_id, FINDING)
        on = {
            day: service.on_day(session, *stream, day)
            for day in (START - timedelta(days=1), START, later)
        }
    assert [found.id if found else None for found in on.values()] == [None, old.id, new.id]
    with sqlite.read() as session:
        noted = recent(session, before=None, subject=new.id, limit=1)[0]
    assert (noted.reason, noted.detail["supersedes"]) == ("recalibrated", old.id)


def test_a_sites_own_reference_goes_before_the_common_one(
    sqlite: Database, objects: LocalObjectStore, place: Place
) -> None:
    with sqlite.write() as session:
        own = keep(session, objects, place, site_id=place.site_id)
        keep(session, objects, place, effective_from=START + timedelta(days=5))
        stream = (place.version_id, place.site_id, FINDING)
        found = service.on_day(session, *stream, START + timedelta(days=9))
        assert found is not None
        assert found.id == own.id


def test_vigil_itself_replaces_no_reference_in_force(
    sqlite: Database, objects: LocalObjectStore, place: Place
) -> None:
    with sqlite.write() as session:
        keep(session, objects, place, system_actor("admission"))
        with pytest.raises(NeedsAPerson):
            keep(session, objects, place, system_actor("admission"))


def test_one_sites_officer_sets_the_reference_of_that_site_only(
    sqlite: Database, objects: LocalObjectStore, place: Place
) -> None:
    local = replace(OFFICER, sites=frozenset({place.site_id}))
    with sqlite.write() as session:
        own = keep(session, objects, place, local, site_id=place.site_id)
        with pytest.raises(NeedsTheNetwork):
            keep(session, objects, place, local)
        with pytest.raises(Forbidden):
            keep(session, objects, place, local, site_id="site_other")
        assert service.reference(session, local, own.id).id == own.id
        stranger = replace(OFFICER, sites=frozenset({"site_other"}))
        assert service.references(session, stranger) == []
        with pytest.raises(NoReference):
            service.reference(session, stranger, own.id)


def test_what_cannot_be_a_reference_is_refused(
    sqlite: Database, objects: LocalObjectStore, place: Place
) -> None:
    with sqlite.write() as session:
        with pytest.raises(TooFewCases, match="5 of the 200"):
            keep(session, objects, place, cases=reference_cases(5))
        with pytest.raises(Invalid, match="scores"):
            keep(session, objects, place, cases=[Case(0.5, False)] * 300)
        with pytest.raises(Invalid, match="more overrides"):
            keep(session, objects, place, baseline=Baseline(decided=1, overridden=2))
        with pytest.raises(Invalid, match="reason"):
            keep(session, objects, place, reason=" ")
