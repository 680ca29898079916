"""Streams of what later turned out to be so, against what the reference's own labels show."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pytest
from factories.surveillance import FINDING, START, THRESHOLD, Place, create_place
from numpy.typing import NDArray

from inference.runs.models import RunMode
from surveillance.alerts import service as alerts
from surveillance.alerts.models import Alert
from surveillance.axes import ALL
from surveillance.declarations import service as declarations
from surveillance.declarations.models import Choice
from surveillance.measures.histogram import Edges
from surveillance.records import baseline
from surveillance.records.models import Basis, TruthDay
from surveillance.records.repository import Scope
from surveillance.references.cases import Case
from surveillance.references.models import Reference
from surveillance.streams import performance
from surveillance.streams.assessment import Assessment, Verdict
from surveillance.streams.evaluation import evaluate
from surveillance.streams.kinds import StreamKind
from surveillance.streams.sentences import sentence
from vigil.kernel.db import Database, WriteSession
from vigil.kernel.events import Events
from vigil.kernel.identity.actor import Actor, Grant
from vigil.kernel.identity.roles import Role
from vigil.kernel.objects import LocalObjectStore

OFFICER = Actor(id="usr_cso", label="cso", grants=(Grant(Role.CSO),), sites=None)
DAYS = 60
END = START + timedelta(days=DAYS - 1)
KINDS = tuple(performance.ASKED)
Drawn = tuple[NDArray[np.float64], NDArray[np.bool_]]


def _draw(rng: np.random.Generator, n: int, *, fall: float = 0.0) -> Drawn:
    """Return scores and truths: honest probabilities, but those of positives too low by `fall`.

    A negative `fall` makes those of negatives too high instead.
    """
    score = rng.beta(0.6, 1.4, n)
    truth = rng.random(n) < score
    if fall < 0:
        return np.where(truth, score, score - fall * (1 - score)), truth
    return np.where(truth, score * (1 - fall), score), truth


def _cases(*, labelled: bool = True) -> list[Case]:
    rng = np.random.default_rng(1)
    scores, truths = _draw(rng, 3000)
    women = rng.random(3000) < 0.5
    return [
        Case(
            float(score),
            bool(score >= THRESHOLD),
            {"sex": "F" if is_woman else "M"},
            bool(truth) if labelled else None,
        )
        for score, truth, is_woman in zip(scores, truths, women, strict=True)
    ]


def _days(
    place: Place,
    reference: Reference,
    *,
    fall: float = 0.0,
    per_day: int = 40,
    group: tuple[str, str] = (ALL, ALL),
    days: int = DAYS,
) -> Iterator[TruthDay]:
    rng = np.random.default_rng(2)
    edges = Edges(tuple(reference.edges))
    for number in range(days):
        scores, truths = _draw(rng, per_day, fall=fall)
        flags = scores >= THRESHOLD
        yield TruthDay(
            id=f"agg_{group}_{number}",
            basis=Basis.LABEL,
            version_id=place.version_id,
            site_id=place.site_id,
            mode=RunMode.LIVE,
            finding_key=FINDING,
            axis=group[0],
            level=group[1],
            day=START + timedelta(days=number),
            reference_id=reference.id,
            positives=edges.count(scores[truths].tolist()),
            negatives=edges.count(scores[~truths].tolist()),
            tp=int((flags & truths).sum()),
            fp=int((flags & ~truths).sum()),
            tn=int((~flags & ~truths).sum()),
            fn=int((~flags & truths).sum()),
            claimed=per_day,
            claim_sum=int(1e6 * scores.sum()),
            brier_sum=int(1e6 * ((truths - scores) ** 2).sum()),
        )


@pytest.fixture
def place(database: Database) -> Place:
    with database.write() as session:
        return create_place(session)


def _refer(
    session: WriteSession, objects: LocalObjectStore, place: Place, *, labelled: bool = True
) -> Reference:
    return baseline.set_from_cases(
        session,
        OFFICER,
        objects,
        version_id=place.version_id,
        finding_key=FINDING,
        cases=_cases(labelled=labelled),
        reason="validation set",
        effective_from=START,
    )


def _look(session: WriteSession, day: date = END) -> dict[StreamKind, Assessment]:
    found = performance.assess(session, OFFICER, day=day, scope=Scope())
    return {each.kind: each for each in found}


def test_a_version_that_does_as_it_did_is_quiet(
    database: Database, objects: LocalObjectStore, place: Place
) -> None:
    with database.write() as session:
        session.add_all(_days(place, _refer(session, objects, place)))
        session.flush()
        found = _look(session)
    assert {kind: each.verdict for kind, each in found.items()} == dict.fromkeys(
        KINDS, Verdict.QUIET
    )
    assert "labelled positives are missed" in sentence(found[StreamKind.MISS_RATE])


def test_a_version_that_misses_more_is_escalated_with_what_it_was_held_against(
    database: Database, objects: LocalObjectStore, place: Place
) -> None:
    with database.write() as session:
        session.add_all(_days(place, _refer(session, objects, place), fall=0.7))
        session.flush()
        judged, raised = evaluate(session, OFFICER, Events(), day=END)
    verdicts = {each.assessment.kind: each.verdict for each in judged}
    for kind in (StreamKind.MISS_RATE, StreamKind.AREA, StreamKind.CALIBRATION):
        assert verdicts[kind] is Verdict.ESCALATE
        alert = _alert_of(raised, kind)
        assert alert.interval_low <= alert.estimate <= alert.interval_high
        assert (alert.axis, alert.level) == (ALL, ALL)
        assert alert.e_value > 1
    assert verdicts[StreamKind.FALSE_ALARM_RATE] is Verdict.QUIET
    area = _alert_of(raised, StreamKind.AREA)
    assert area.estimate < area.tolerance < area.baseline


def _alert_of(raised: list[Alert], kind: StreamKind) -> Alert:
    return next(each for each in raised if each.stream == kind)


def test_without_labels_in_the_reference_nothing_stands_in_for_a_baseline(
    database: Database, objects: LocalObjectStore, place: Place
) -> None:
    with database.write() as session:
        reference = _refer(session, objects, place, labelled=False)
        session.add_all(_days(place, reference, fall=0.4))
        session.flush()
        found = _look(session)
    assert {each.verdict for each in found.values()} == {Verdict.INSUFFICIENT}
    assert "0 of 30 labelled positives in the reference" in sentence(found[StreamKind.MISS_RATE])


def test_few_labels_show_an_estimate_and_raise_no_alarm(
    database: Database, objects: LocalObjectStore, place: Place
) -> None:
    with database.write() as session:
        reference = _refer(session, objects, place)
        session.add_all(_days(place, reference, fall=0.9, days=7))
        session.flush()
        found = _look(session)[StreamKind.MISS_RATE]
    assert found.verdict is Verdict.INSUFFICIENT
    assert found.interval is not None
    assert found.shortage is not None
    assert 30 <= found.shortage.have < found.shortage.need == 150
    assert found.shortage.suffices_on is not None


def test_a_group_is_held_against_its_own_and_the_same_group_twice_is_one(
    database: Database, objects: LocalObjectStore, place: Place
) -> None:
    with database.write() as session:
        reference = _refer(session, objects, place)
        session.add_all(_days(place, reference, per_day=80))
        session.add_all(_days(place, reference, fall=0.5, group=("sex", "F")))
        session.add_all(_days(place, reference, group=("sex", "M")))
        session.add_all(_days(place, reference, per_day=80, group=("view", "PA")))
        session.add_all(_days(place, reference, group=("imd", "1")))
        session.flush()
        found = performance.assess_groups(session, OFFICER, day=END, scope=Scope())
    verdicts = {(each.axis, each.level, each.kind): each.verdict for each in found}
    assert verdicts["sex", "F", StreamKind.MISS_RATE] is Verdict.WATCH
    assert verdicts["sex", "M", StreamKind.MISS_RATE] is Verdict.QUIET
    assert not any(axis == "view" for axis, _, _ in verdicts)
    # A group that the reference does not know has nothing to be held against.
    assert verdicts["imd", "1", StreamKind.MISS_RATE] is Verdict.INSUFFICIENT
    told = [sentence(each) for each in found if each.kind is StreamKind.MISS_RATE]
    assert any("pneumonia: in deprivation decile 1, insufficient data" in each for each in told)
    assert any("pneumonia: in sex F, " in each for each in told)


def test_what_the_network_mutes_is_judged_no_more(
    database: Database, objects: LocalObjectStore, place: Place
) -> None:
    with database.write() as session:
        session.add_all(_days(place, _refer(session, objects, place), fall=0.7))
        for site_id, name in ((None, "area"), (place.site_id, "miss_rate")):
            made = declarations.choose(
                session, OFFICER, name=name, choice=Choice.MUTE, reason="why", site_id=site_id
            )
            made.made_at = datetime.combine(END, time(), UTC)
        session.flush()
        found = _look(session)
    assert set(found) == set(KINDS) - {StreamKind.AREA, StreamKind.MISS_RATE}


@pytest.mark.parametrize("kind", KINDS)
def test_only_a_signed_resolution_begins_anew(
    sqlite: Database, objects: LocalObjectStore, kind: StreamKind
) -> None:
    with sqlite.write() as session:
        place = create_place(session)
        fall = -0.7 if kind in {StreamKind.FALSE_ALARM_RATE, StreamKind.PPV} else 0.9
        session.add_all(_days(place, _refer(session, objects, place), fall=fall))
        session.flush()
        _, raised = evaluate(session, OFFICER, Events(), day=END)
        held = [alert for alert in raised if alert.stream == kind]
        assert len(held) == 1
        assert evaluate(session, OFFICER, Events(), day=END)[1] == []
        alerts.resolve(session, OFFICER, held[0].id, "labels of another finding")
        today = session.now().date()
        found = _look(session, today)
        assert (found[kind].verdict, found[kind].n) == (Verdict.INSUFFICIENT, 0)
        assert evaluate(session, OFFICER, Events(), day=today)[1] == []
        assert Verdict.WATCH in {each.verdict for each in found.values()}
        # Nobody had resolved it then.
        assert _look(session)[kind].verdict is Verdict.WATCH


def test_labels_of_one_kind_only_are_named_and_judge_nothing_that_rests_on_both(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        place = create_place(session)
        for row in _days(place, _refer(session, objects, place)):
            row.negatives, row.fp, row.tn = np.zeros_like(row.negatives), 0, 0
            session.add(row)
        session.flush()
        found = _look(session)
    for kind in (StreamKind.PPV, StreamKind.CALIBRATION):
        assert found[kind].verdict is Verdict.NOT_JUDGED
        assert "labelled cases are with the finding: the others are not" in sentence(found[kind])
    assert found[StreamKind.AREA].verdict is Verdict.INSUFFICIENT
    assert found[StreamKind.MISS_RATE].verdict is Verdict.QUIET
