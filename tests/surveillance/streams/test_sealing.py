"""Packed months: the same counts as the rows, and none of them once a row has changed."""

from datetime import date, timedelta

import numpy as np
import pytest
import sqlalchemy as sa
from factories.surveillance import FINDING, START, Place, create_place, many_runs, reference_cases
from hypothesis import given
from hypothesis import strategies as st

from inference.decisions.models import Decision
from surveillance.axes import ALL, AXES
from surveillance.records import baseline, service
from surveillance.records.facts import RunFacts
from surveillance.records.repository import Scope
from surveillance.streams import places, repository, sealing
from surveillance.streams.packs import packed, unpacked
from surveillance.streams.parts import SEPARATOR, Part
from surveillance.streams.series import Series
from vigil.app.tables import metadata
from vigil.kernel.db import Database, ReadSession
from vigil.kernel.identity.actor import Actor, Grant, system_actor
from vigil.kernel.identity.roles import Role
from vigil.kernel.keys import Keys
from vigil.kernel.objects import LocalObjectStore

OFFICER = Actor(id="usr_cso", label="cso", grants=(Grant(Role.CSO),), sites=None)
VIGIL = system_actor("test")
DAYS = 75  # from 1 September: two whole months and some days
END = START + timedelta(days=DAYS - 1)
BOTH = (ALL, *AXES)


@pytest.fixture
def runs(database: Database, objects: LocalObjectStore, keys: Keys) -> list[RunFacts]:
    with database.write() as session:
        place = create_place(session)
        baseline.set_from_cases(
            session,
            OFFICER,
            objects,
            version_id=place.version_id,
            finding_key=FINDING,
            cases=reference_cases(),
            reason="validation set",
            effective_from=START,
        )
        other = create_place(session, "RYY01", place)
        facts = [*_runs(place, 1), *_runs(other, 2)]
        service.record_runs(session, keys, facts)
    return facts


def _runs(place: Place, seed: int) -> list[RunFacts]:
    return many_runs(place, days=DAYS, per_day=2, seed=seed)


def _read(session: ReadSession, scope: Scope, axes: tuple[str, ...]) -> list[Series]:
    return [one for turn in places.in_turn(session, VIGIL, scope, axes) for one in turn]


def _same(one: list[Series], other: list[Series]) -> bool:
    facts = [
        [
            (*each.stream, each.axis, each.level, each.reference_id),
            *(value.tolist() for value in vars(each).values() if isinstance(value, np.ndarray)),
        ]
        for each in (*one, *other)
    ]
    return facts[: len(one)] == facts[len(one) :]


def test_packed_months_are_read_as_their_rows_were(
    database: Database, runs: list[RunFacts]
) -> None:
    scopes = [
        Scope(),
        Scope(to_day=date(2026, 10, 10)),
        Scope(from_day=date(2026, 9, 20)),
        Scope(version_id=runs[0].version_id, site_id=runs[0].site_id),
        Scope(finding_key=FINDING),
    ]
    with database.read() as session:
        before = [_read(session, scope, axes) for scope in scopes for axes in ((ALL,), BOTH)]
    with database.write() as session:
        assert sealing.seal(session, END) == 4
        assert sealing.seal(session, END) == 0
    with database.read() as session:
        after = [_read(session, scope, axes) for scope in scopes for axes in ((ALL,), BOTH)]
    assert all(_same(*pair) for pair in zip(before, after, strict=True))
    assert sum(int(series.n.sum()) for series in after[0]) == len(runs)


def test_a_changed_row_takes_the_seal_back_and_the_next_look_packs_anew(
    database: Database, runs: list[RunFacts], keys: Keys
) -> None:
    late = next(one for one in runs if one.day == date(2026, 10, 5))
    before = dict.fromkeys(one.decision for one in late.findings)
    changed = Decision.OVERRIDE_FP if Decision.OVERRIDE_FP not in before else Decision.AGREE_POS
    with database.write() as session:
        sealing.seal(session, END)
        service.set_decisions(session, keys, late.run_id, {FINDING: changed})
    with database.read() as session:
        seals = repository.seals(session, VIGIL, Scope())
        assert seals[late.version_id, late.site_id] == date(2026, 9, 30)
        assert sorted(seals.values()) == [date(2026, 9, 30), date(2026, 10, 31)]
        held = _read(session, Scope(), (ALL,))
    with database.write() as session:
        assert sealing.seal(session, END) == 1
    with database.read() as session:
        assert _same(held, _read(session, Scope(), (ALL,)))
        mine = next(one for one in held if one.site_id == late.site_id)
        on = mine.ordinals == late.day.toordinal()
        again = [one for one in runs if one.day == late.day and one.site_id == late.site_id]
        assert int(mine.decided[on].sum()) == len(again)


@pytest.mark.parametrize("change", ["insert", "update", "delete"])
def test_nobody_changes_a_sealed_day_unseen(
    database: Database, runs: list[RunFacts], change: str
) -> None:
    table = metadata.tables["aggregate_day"]
    with database.write() as session:
        sealing.seal(session, END)
        row = session.execute(sa.select(table).where(table.c.day == date(2026, 9, 9))).first()
        assert row is not None
        facts = dict(row._mapping)
        here = table.c.id == row.id
        if change == "delete":
            session.execute(sa.delete(table).where(here))
        elif change == "update":
            session.execute(sa.update(table).where(here).values(n=table.c.n + 1))
        else:
            session.execute(sa.insert(table), [facts | {"id": "agg_new", "level": "new"}])
        seals = repository.seals(session, VIGIL, Scope())
        assert seals[row.version_id, row.site_id] == date(2026, 8, 31)


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 54), st.integers(0, 9)), min_size=0, max_size=6
    )
)
def test_a_pack_gives_back_what_went_in(sizes: list[tuple[int, int, int]]) -> None:
    parts = [
        Part(
            SEPARATOR.join(["v", "s", f"é{number}", "sex", "F", "live", "ref"]),
            np.arange(days, dtype=np.int32),
            np.full((days, 6), value, dtype=np.int32),
            np.full((days, slots), -value, dtype=np.int32),
        )
        for number, (days, slots, value) in enumerate(sizes)
    ]
    found = list(unpacked(packed(parts)))
    assert [one.name for one in found] == [one.name for one in parts]
    for one, other in zip(found, parts, strict=True):
        assert np.array_equal(one.ordinals, other.ordinals)
        assert np.array_equal(one.counted, other.counted)
        assert np.array_equal(one.histograms, other.histograms)
