"""Streams of what is said and decided: each kind found, each reset by a signature only."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

import pytest
import sqlalchemy as sa
from conftest import FakeClock
from factories.surveillance import FINDING, START, Place, create_place, many_runs, reference_cases

from surveillance.alerts import service as alerts
from surveillance.axes import ALL
from surveillance.declarations import service as declarations
from surveillance.declarations.models import Choice
from surveillance.measures.histogram import Edges
from surveillance.records import baseline, service
from surveillance.records.models import AggregateDay
from surveillance.records.repository import Scope
from surveillance.references import service as references
from surveillance.references.cases import Case
from surveillance.references.models import Reference
from surveillance.references.service import Baseline
from surveillance.streams import groups, outputs
from surveillance.streams.assessment import Assessment, Verdict
from surveillance.streams.evaluation import evaluate
from surveillance.streams.kinds import StreamKind
from surveillance.streams.sentences import sentence
from surveillance.tolerances import service as tolerances
from vigil.kernel.db import Database, ReadSession, WriteSession
from vigil.kernel.events import Events
from vigil.kernel.identity.actor import Actor, Grant
from vigil.kernel.identity.roles import Role
from vigil.kernel.keys import Keys
from vigil.kernel.objects import LocalObjectStore

OFFICER = Actor(id="usr_cso", label="cso", grants=(Grant(Role.CSO),), sites=None)
DAYS, PER_DAY = 60, 40
END = START + timedelta(days=DAYS - 1)
KNOWN = Baseline(2000, 80, override_fp=48, override_fn=32, shown=2500)
# How many of a day's forty cases: usual, and when each kind has moved.
USUAL = {"flagged": 12, "decided": 32, "override_fp": 1, "override_fn": 0, "low": 0}
NOTHING: Mapping[str, int] = {}
MOVED = {
    StreamKind.SCORE: {"low": 12},
    StreamKind.FLAG_RATE: {"flagged": 24},
    StreamKind.OVERRIDE_RATE: {"override_fp": 5, "override_fn": 5},
    StreamKind.OVERRIDE_FP_RATE: {"override_fp": 8},
    StreamKind.OVERRIDE_FN_RATE: {"override_fn": 8},
    StreamKind.IGNORED_RATE: {"decided": 10},
}


def _refer(
    session: WriteSession,
    objects: LocalObjectStore,
    place: Place,
    cases: Sequence[Case] | None = None,
    *,
    day: date = START,
    known: Baseline = KNOWN,
) -> Reference:
    return baseline.set_from_cases(
        session,
        OFFICER,
        objects,
        version_id=place.version_id,
        site_id=place.site_id,
        finding_key=FINDING,
        cases=cases or reference_cases(),
        baseline=known,
        reason="validation set",
        effective_from=day,
    )


def _write(
    session: WriteSession,
    place: Place,
    reference: Reference,
    *,
    group: tuple[str, str] = (ALL, ALL),
    days: int = DAYS,
    first: date = START,
    mode: str = "live",
    moved: Mapping[str, int] = NOTHING,
) -> None:
    """Write a year's rows by hand: each day has forty cases with scores from `low` on."""
    counted = USUAL | dict(moved)
    low = counted.pop("low")
    edges = Edges(tuple(reference.edges))
    scores = [(low + (number + 0.5) * (40 - low) / 40) / 40 for number in range(PER_DAY)]
    rows = [
        {
            "id": f"agg_{group}_{mode}_{number}_{first}",
            "version_id": place.version_id,
            "site_id": place.site_id,
            "mode": mode,
            "finding_key": FINDING,
            "axis": group[0],
            "level": group[1],
            "day": first + timedelta(days=number),
            "reference_id": reference.id,
            "histogram": edges.count(scores),
            "n": PER_DAY,
            "shown": PER_DAY,
            **counted,
            "heard": counted["decided"],
            "heard_fp": counted["override_fp"],
            "heard_fn": counted["override_fn"],
        }
        for number in range(days)
    ]
    session.execute(sa.insert(AggregateDay), rows)


def _look(session: ReadSession, day: date = END) -> dict[StreamKind, Assessment]:
    found = outputs.assess(session, OFFICER, day=day, scope=Scope())
    return {each.kind: each for each in found}


@pytest.fixture
def place(sqlite: Database) -> Place:
    with sqlite.write() as session:
        return create_place(session)


@pytest.mark.parametrize("kind", tuple(outputs.ASKED))
def test_each_kind_is_escalated_and_begins_anew_only_when_somebody_signs(
    sqlite: Database, objects: LocalObjectStore, place: Place, kind: StreamKind
) -> None:
    with sqlite.write() as session:
        reference = _refer(session, objects, place)
        _write(session, place, reference, moved=MOVED[kind])
        judged, raised = evaluate(session, OFFICER, Events(), day=END)
        verdicts = {each.assessment.kind: each.verdict for each in judged}
        assert verdicts[kind] is Verdict.ESCALATE
        alert = next(each for each in raised if each.stream == kind)
        assert evaluate(session, OFFICER, Events(), day=END + timedelta(days=1))[1] == []
        alerts.acknowledge(session, OFFICER, alert.id, "looking into it")
        assert _look(session)[kind].verdict is Verdict.WATCH
        alerts.resolve(session, OFFICER, alert.id, "a new protocol")
        today = session.now().date()
        anew = _look(session, today)[kind]
        assert (anew.verdict, anew.n) == (Verdict.INSUFFICIENT, 0)
        alerts.reopen(session, OFFICER, alert.id, "came back")
        assert _look(session, today)[kind].verdict is Verdict.WATCH


@pytest.mark.parametrize("kind", tuple(outputs.ASKED))
def test_a_new_reference_begins_anew_and_the_old_one_counts_for_the_days_before(
    sqlite: Database, objects: LocalObjectStore, place: Place, kind: StreamKind
) -> None:
    with sqlite.write() as session:
        reference = _refer(session, objects, place)
        _write(session, place, reference, moved=MOVED[kind])
        assert _look(session)[kind].verdict is Verdict.WATCH
        references.keep(
            session,
            OFFICER,
            objects,
            version_id=place.version_id,
            site_id=place.site_id,
            finding_key=FINDING,
            cases=reference_cases(seed=4),
            source=reference.source,
            effective_from=END + timedelta(days=1),
            reason="recalibrated",
            baseline=KNOWN,
        )
        assert _look(session)[kind].verdict is Verdict.WATCH
        anew = _look(session, END + timedelta(days=1))[kind]
        assert anew.verdict is Verdict.INSUFFICIENT
        assert "0 of 200 predictions since the reference" in sentence(anew)


def test_what_the_reference_does_not_tell_is_no_green_light(
    sqlite: Database, objects: LocalObjectStore, place: Place
) -> None:
    with sqlite.write() as session:
        reference = _refer(session, objects, place, known=Baseline(2000, 80))
        _write(session, place, reference)
        found = _look(session)
    # It never fills by itself, so the sentence says what to do.
    for kind, what in (
        (StreamKind.OVERRIDE_FP_RATE, "decided cases"),
        (StreamKind.IGNORED_RATE, "cases shown"),
    ):
        assert found[kind].verdict is Verdict.INSUFFICIENT
        assert f"0 of 300 {what} in the baseline" in sentence(found[kind])
        assert "set a new reference: there are " in sentence(found[kind])
    assert found[StreamKind.OVERRIDE_RATE].verdict is Verdict.QUIET


def test_readers_have_time_to_decide_and_shadow_is_shown_to_nobody(
    sqlite: Database, objects: LocalObjectStore, place: Place
) -> None:
    with sqlite.write() as session:
        reference = _refer(session, objects, place)
        _write(session, place, reference)
        late = END - outputs.DECIDE_WITHIN + timedelta(days=1)
        names = ("decided", "override_fp", "override_fn", "heard", "heard_fp", "heard_fn")
        undecided = dict.fromkeys(names, 0)
        session.execute(sa.update(AggregateDay).where(sa.column("day") >= late).values(undecided))
        assert _look(session)[StreamKind.IGNORED_RATE].verdict is Verdict.QUIET
        _write(session, place, reference, mode="shadow", moved={"override_fp": 9})
        found = _look(session)
    assert found[StreamKind.OVERRIDE_FP_RATE].n == 32 * (DAYS - 14)
    assert found[StreamKind.SCORE].n == 2 * PER_DAY * DAYS


def test_what_the_network_mutes_is_judged_no_more_and_days_of_before_as_they_were(
    sqlite: Database, objects: LocalObjectStore, place: Place, clock: FakeClock
) -> None:
    """A past day is looked at with the mutes that were in force on it."""
    clock.now = datetime.combine(END, time(9), UTC)
    everything = set(outputs.ASKED)
    with sqlite.write() as session:
        reference = _refer(session, objects, place)
        _write(session, place, reference, moved=MOVED[StreamKind.FLAG_RATE])
        made = declarations.choose(
            session, OFFICER, name="flag_rate", choice=Choice.MUTE, reason="set anew"
        )
        muted = everything - {StreamKind.FLAG_RATE}
        assert set(_look(session)) == muted
        assert set(_look(session, END - timedelta(days=1))) == everything
    clock.advance(3 * 24 * 3600)
    with sqlite.write() as session:
        declarations.withdraw(session, OFFICER, made.id, "it is set")
        assert set(_look(session)) == muted
        assert set(_look(session, END + timedelta(days=2))) == muted
        assert set(_look(session, END + timedelta(days=3))) == everything


def test_what_the_network_mutes_is_judged_no_more_until_it_ends_the_choice(
    sqlite: Database, objects: LocalObjectStore, place: Place
) -> None:
    with sqlite.write() as session:
        reference = _refer(session, objects, place)
        _write(session, place, reference, moved=MOVED[StreamKind.FLAG_RATE])
        made = declarations.choose(
            session,
            OFFICER,
            name="flag_rate",
            choice=Choice.MUTE,
            reason="the threshold is being set anew",
            version_id=place.version_id,
            site_id=place.site_id,
        )
        made.made_at = datetime.combine(START, time(9), UTC)
        session.flush()
        assert set(_look(session)) == set(outputs.ASKED) - {StreamKind.FLAG_RATE}
        judged, raised = evaluate(session, OFFICER, Events(), day=END)
        assert "flag_rate" not in {each.assessment.kind for each in judged}
        assert "flag_rate" not in {alert.stream for alert in raised}
        declarations.withdraw(session, OFFICER, made.id, "it is set")
        made.ended_at = datetime.combine(END, time(9), UTC)
        session.flush()
        assert _look(session)[StreamKind.FLAG_RATE].verdict is Verdict.WATCH


def test_a_network_tolerance_decides_what_is_beyond(
    sqlite: Database, objects: LocalObjectStore, place: Place
) -> None:
    with sqlite.write() as session:
        reference = _refer(session, objects, place)
        _write(session, place, reference, moved=MOVED[StreamKind.FLAG_RATE])
        assert _look(session)[StreamKind.FLAG_RATE].is_beyond
        tolerances.set_tolerance(
            session,
            OFFICER,
            kind="flag_rate",
            amount=3.0,
            reason="a screening programme begins",
            from_day=END,
            site_id=place.site_id,
        )
        assert _look(session, END - timedelta(days=1))[StreamKind.FLAG_RATE].is_beyond
        found = _look(session)[StreamKind.FLAG_RATE]
        assert found.verdict is Verdict.WATCH
        assert not found.is_beyond
        assert not any(
            a.stream == "flag_rate" and a.tier.value == "escalate"
            for a in evaluate(session, OFFICER, Events(), day=END)[1]
        )


def test_a_group_that_moves_is_found_where_everybody_is_quiet(
    sqlite: Database, objects: LocalObjectStore, place: Place
) -> None:
    cases = [
        Case(case.score, case.flagged, {"sex": "F" if number % 4 == 0 else "M"})
        for number, case in enumerate(reference_cases())
    ]
    with sqlite.write() as session:
        reference = _refer(session, objects, place, cases)
        _write(session, place, reference)
        _write(session, place, reference, group=("sex", "F"), days=DAYS - 1, moved={"flagged": 24})
        _write(session, place, reference, group=("sex", "M"), days=DAYS - 1)
        _write(session, place, reference, group=("view", "PA"))
        _write(session, place, reference, group=("imd", "1"), days=3)
        found = groups.assess(session, OFFICER, day=END, scope=Scope())
        _, raised = evaluate(session, OFFICER, Events(), day=END)
    verdicts = {(each.axis, each.level, each.kind): each.verdict for each in found}
    assert verdicts == {
        ("sex", "F", StreamKind.SCORE): Verdict.QUIET,
        ("sex", "F", StreamKind.FLAG_RATE): Verdict.WATCH,
        ("sex", "M", StreamKind.SCORE): Verdict.QUIET,
        ("sex", "M", StreamKind.FLAG_RATE): Verdict.QUIET,
        # The view is that of every case: everybody once more, and left out.
        ("imd", "1", StreamKind.SCORE): Verdict.INSUFFICIENT,
        ("imd", "1", StreamKind.FLAG_RATE): Verdict.INSUFFICIENT,
    }
    # The others are watches: nobody adds a finding, where the baseline has 1.6 % of them.
    loud = [a for a in raised if a.stream != StreamKind.OVERRIDE_FN_RATE]
    assert [(a.stream, a.axis, a.level, a.tier.value) for a in loud] == [
        ("flag_rate", "sex", "F", "escalate")
    ]
    assert "in sex F, 60.0% of cases are flagged" in loud[0].sentence


def test_bad_scores_and_days_to_come_are_said(
    sqlite: Database, objects: LocalObjectStore, place: Place, keys: Keys
) -> None:
    with sqlite.write() as session:
        _refer(session, objects, place)
        service.record_runs(session, keys, many_runs(place, days=20, per_day=20))
        future = session.now().date() + timedelta(days=400)
        service.record_runs(
            session, keys, many_runs(place, days=1, per_day=3, start=future, seed=5)
        )
        first = session.execute(sa.select(AggregateDay).where(sa.column("axis") == ALL)).scalars()
        day = next(row for row in first if row.finding_key == FINDING)
        histogram = day.histogram.copy()
        histogram[-1] = 4
        day.histogram = histogram
        session.add(day)
        session.flush()
        said = sentence(_look(session)[StreamKind.SCORE])
    assert "of 404 scores 4 are no number" in said
    assert "3 cases dated in the future are left out: a clock is wrong" in said


def test_a_baseline_that_is_short_says_when_a_new_reference_can_be_set(
    sqlite: Database, objects: LocalObjectStore, place: Place
) -> None:
    with sqlite.write() as session:
        reference = _refer(session, objects, place, known=Baseline())
        _write(session, place, reference, days=5)
        found = _look(session, START + timedelta(days=4))
    said = sentence(found[StreamKind.OVERRIDE_RATE])
    assert "set a new reference once there are 300 decided cases (160 so far, by about" in said
    assert "10 September 2026 at this pace" in said
