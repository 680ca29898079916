from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from factories.surveillance import (
    FINDING,
    START,
    Place,
    create_place,
    many_runs,
    reference_cases,
)

from surveillance.alerts import service as alerts
from surveillance.alerts.events import AlertRaised
from surveillance.alerts.models import Alert, AlertState, Tier
from surveillance.axes import ALL
from surveillance.records import baseline, service
from surveillance.records.facts import RunFacts
from surveillance.references.service import Baseline
from surveillance.streams.assessment import Verdict
from surveillance.streams.evaluation import Judged, evaluate
from surveillance.streams.kinds import StreamKind
from surveillance.streams.sentences import sentence
from vigil.kernel.db import Database
from vigil.kernel.errors import Forbidden
from vigil.kernel.events import Events
from vigil.kernel.identity.actor import Actor, Grant, system_actor
from vigil.kernel.identity.roles import Role
from vigil.kernel.keys import Keys
from vigil.kernel.objects import LocalObjectStore

OFFICER = Actor(id="usr_cso", label="cso", grants=(Grant(Role.CSO),), sites=None)
VIGIL = system_actor("test")
DAY_30 = START + timedelta(days=29)


def record(database: Database, keys: Keys, facts: Sequence[RunFacts]) -> None:
    with database.write() as session:
        service.record_runs(session, keys, facts)


def look(
    database: Database, day: date, events: Events | None = None
) -> tuple[list[Judged], list[Alert]]:
    with database.write() as session:
        return evaluate(session, OFFICER, events or Events(), day=day)


MAIN = (StreamKind.SCORE, StreamKind.FLAG_RATE, StreamKind.OVERRIDE_RATE)


def verdicts(judged: Sequence[Judged]) -> dict[StreamKind, Verdict]:
    """Return the verdicts of the finding's main streams, for everybody together."""
    return {
        each.assessment.kind: each.verdict
        for each in judged
        if each.assessment.axis == ALL
        and each.assessment.subject == FINDING
        and each.assessment.kind in MAIN
    }


@pytest.fixture
def place(database: Database, objects: LocalObjectStore) -> Place:
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
            baseline=Baseline(decided=2000, overridden=80),
            effective_from=START,
        )
    return place


def test_a_rise_of_overrides_raises_one_alert_and_not_two(
    database: Database, place: Place, keys: Keys
) -> None:
    heard: list[AlertRaised] = []
    events = Events()
    events.subscribe(AlertRaised, lambda _session, event: heard.append(event))
    record(database, keys, many_runs(place, days=20, per_day=30))
    assert look(database, START + timedelta(days=19), events)[1] == []
    shifted = many_runs(
        place, days=10, per_day=30, start=START + timedelta(days=20), seed=2, override_rate=0.2
    )
    record(database, keys, shifted)
    judged, raised = look(database, DAY_30, events)
    assert verdicts(judged) == {
        StreamKind.SCORE: Verdict.QUIET,
        StreamKind.FLAG_RATE: Verdict.QUIET,
        StreamKind.OVERRIDE_RATE: Verdict.ESCALATE,
    }
    assert [(alert.stream, alert.tier, alert.state) for alert in raised] == [
        (StreamKind.OVERRIDE_RATE, Tier.ESCALATE, AlertState.NEW)
    ]
    assert look(database, DAY_30, events)[1] == []
    assert heard == [AlertRaised(raised[0].id)]
    alert = raised[0]
    assert alert.interval_low > alert.baseline
    assert alert.estimate > alert.tolerance > alert.baseline
    assert START + timedelta(days=18) <= alert.window_from <= START + timedelta(days=22)
    assert f"{100 * alert.estimate:.1f}%" in alert.sentence


def test_a_year_without_a_change_is_quiet(database: Database, place: Place, keys: Keys) -> None:
    record(database, keys, many_runs(place, days=60, per_day=15))
    judged, raised = look(database, START + timedelta(days=59))
    assert set(verdicts(judged).values()) == {Verdict.QUIET}
    assert raised == []


def test_shifted_scores_are_found_in_scores_and_flags(
    database: Database, place: Place, keys: Keys
) -> None:
    record(database, keys, many_runs(place, days=15, per_day=30, low=0.45))
    judged, raised = look(database, DAY_30)
    assert verdicts(judged)[StreamKind.SCORE] is Verdict.ESCALATE
    assert verdicts(judged)[StreamKind.FLAG_RATE] is Verdict.ESCALATE
    everybody = {alert.stream for alert in raised if alert.axis == ALL}
    assert everybody == {StreamKind.SCORE, StreamKind.FLAG_RATE}
    # Each group's scores rose as well, and its own reference says so.
    assert {alert.axis for alert in raised} >= {"view"}


def test_too_little_data_is_said_and_is_no_green_light(
    database: Database, place: Place, keys: Keys
) -> None:
    record(database, keys, many_runs(place, days=2, per_day=10))
    judged, raised = look(database, DAY_30)
    assert set(verdicts(judged).values()) == {Verdict.INSUFFICIENT}
    assert raised == []
    texts = {
        each.assessment.kind: sentence(each.assessment)
        for each in judged
        if each.assessment.axis == ALL and each.assessment.subject == FINDING
    }
    assert "20 of 200 predictions" in texts[StreamKind.SCORE]
    assert "20 of 30 decided cases" in texts[StreamKind.OVERRIDE_RATE]


def test_without_a_reference_nothing_is_judged(database: Database, keys: Keys) -> None:
    with database.write() as session:
        place = create_place(session)
    record(database, keys, many_runs(place, days=10, per_day=30))
    judged, _ = look(database, DAY_30)
    assert set(verdicts(judged).values()) == {Verdict.INSUFFICIENT}
    scores = next(each for each in judged if each.assessment.kind is StreamKind.SCORE)
    assert "no reference has been set" in sentence(scores.assessment)


def test_a_resolved_stream_starts_anew(database: Database, place: Place, keys: Keys) -> None:
    record(database, keys, many_runs(place, days=10, per_day=30, override_rate=0.3))
    _, raised = look(database, DAY_30)
    overrides = next(a for a in raised if a.stream == StreamKind.OVERRIDE_RATE)
    with database.write() as session:
        alerts.acknowledge(session, OFFICER, overrides.id, "looking into it")
        alerts.resolve(session, OFFICER, overrides.id, "a reader was being trained")
        today = session.now().date()
    judged, again = look(database, today)
    assert again == []
    assert verdicts(judged)[StreamKind.OVERRIDE_RATE] is Verdict.INSUFFICIENT


def test_an_acknowledged_watch_that_escalates_asks_for_people_again(
    database: Database, place: Place, keys: Keys
) -> None:
    record(database, keys, many_runs(place, days=40, per_day=8, override_rate=0.13))
    tiers: list[tuple[Tier, AlertState]] = []
    for number in range(40):
        _, raised = look(database, START + timedelta(days=number))
        for alert in raised:
            tiers.append((alert.tier, alert.state))
            if alert.tier is Tier.WATCH:
                with database.write() as session:
                    alerts.acknowledge(session, OFFICER, alert.id, "watching")
    assert tiers == [(Tier.WATCH, AlertState.NEW), (Tier.ESCALATE, AlertState.ESCALATED)]


def test_a_small_version_does_not_hide_behind_a_large_one(
    database: Database, place: Place, keys: Keys
) -> None:
    with database.write() as session:
        quiet = create_place(session, "RYY01", place)
    record(database, keys, many_runs(quiet, days=20, per_day=30))
    record(database, keys, many_runs(place, days=20, per_day=30, seed=3, override_rate=0.3))
    _, raised = look(database, DAY_30)
    assert {(a.site_id, a.stream) for a in raised} == {(place.site_id, StreamKind.OVERRIDE_RATE)}


def test_a_reader_may_not_evaluate(database: Database) -> None:
    reader = Actor(id="usr_r", label="r", grants=(Grant(Role.READER),), sites=None)
    with database.write() as session, pytest.raises(Forbidden):
        evaluate(session, reader, Events(), day=START)
