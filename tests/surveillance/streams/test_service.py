from dataclasses import replace
from datetime import timedelta

import pytest
from factories.surveillance import FINDING, START, Place, create_place, many_runs, run_facts

from inference.decisions.models import Decision
from inference.runs.models import Outcome, RunMode
from surveillance.records import service as records
from surveillance.streams import service, supplier
from vigil.kernel.db import Database
from vigil.kernel.errors import Forbidden, NotFound
from vigil.kernel.identity.actor import Actor, Grant, system_actor
from vigil.kernel.identity.roles import Role
from vigil.kernel.keys import Keys

OFFICER = Actor(id="usr_cso", label="cso", grants=(Grant(Role.CSO),), sites=None)
OWN = system_actor("test")


@pytest.fixture
def place(sqlite: Database) -> Place:
    with sqlite.write() as session:
        return create_place(session)


def test_the_override_summary_shows_every_denominator(
    sqlite: Database, place: Place, keys: Keys
) -> None:
    facts = [
        run_facts(place, 1, score=0.9, decision=Decision.OVERRIDE_FP),
        run_facts(place, 2, score=0.1, decision=Decision.OVERRIDE_FN),
        run_facts(place, 3, decision=Decision.AGREE_NEG),
        run_facts(place, 4),
        run_facts(place, 5, outcome=Outcome.SKIPPED),
        run_facts(place, 6, outcome=Outcome.FAILED),
        run_facts(place, 7, mode=RunMode.SHADOW),
        run_facts(place, 8, day=START - timedelta(days=1)),
    ]
    with sqlite.write() as session:
        for one in facts:
            records.record_run(session, keys, one)
        asked = {"version_id": place.version_id, "site_id": place.site_id}
        found = service.override_summary(session, OWN, from_day=START, to_day=START, **asked)
        # Six runs are too few to be told to somebody who does not work there.
        elsewhere = service.override_summary(
            session, OFFICER, from_day=START, to_day=START, **asked
        )
    assert elsewhere is None
    assert found is not None
    assert (found.eligible, found.analysed, found.shown, found.decided) == (6, 4, 4, 3)
    assert (found.override_fp, found.override_fn) == (1, 1)
    assert found.rate is not None
    assert found.rate.low < 2 / 3 == found.rate.estimate < found.rate.high


def test_a_rate_of_nothing_is_none(sqlite: Database, place: Place) -> None:
    with sqlite.read() as session:
        found = service.override_summary(
            session,
            OFFICER,
            version_id=place.version_id,
            site_id=place.site_id,
            from_day=START,
            to_day=START,
        )
    assert found is not None
    assert (found.eligible, found.rate) == (0, None)


def test_a_supplier_sees_sums_of_its_own_version_with_small_numbers_withheld(
    sqlite: Database, place: Place, keys: Keys
) -> None:
    own = Actor(
        id="usr_s", label="s", grants=(Grant(Role.SUPPLIER),), supplier_id=place.supplier_id
    )
    groups = [("F", 30), ("M", 20), ("O", 3)]
    with sqlite.write() as session:
        number = 0
        for sex, count in groups:
            for _ in range(count):
                number += 1
                facts = run_facts(place, number, attributes={"patient_sex": sex})
                records.record_run(session, keys, facts)
        cells = supplier.of_version(session, own, place.version_id)
        seen = {(c.axis, c.level): c.n for c in cells if c.finding_key == FINDING}
        # The level of 3 is hidden, and the next smallest too: or 53 - 30 - 20 would tell.
        assert seen["sex", "F"] == 30
        assert seen["sex", "M"] is None
        assert seen["sex", "O"] is None
        assert seen["all", "all"] == 53
        with pytest.raises(NotFound):
            supplier.of_version(session, replace(own, supplier_id="org_other"), place.version_id)
        with pytest.raises(Forbidden):
            supplier.of_version(session, OFFICER, place.version_id)
        with pytest.raises(Forbidden):
            service.assess(session, own, day=START)


def test_a_supplier_does_not_see_the_present_week(
    sqlite: Database, place: Place, keys: Keys
) -> None:
    own = Actor(
        id="usr_s", label="s", grants=(Grant(Role.SUPPLIER),), supplier_id=place.supplier_id
    )
    with sqlite.write() as session:
        today = session.now().date()
        for one in many_runs(place, days=1, per_day=20, start=today):
            records.record_run(session, keys, one)
        assert supplier.of_version(session, own, place.version_id) == []
