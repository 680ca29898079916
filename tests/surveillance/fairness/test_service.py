from collections.abc import Callable
from datetime import date, timedelta

import pytest
from conftest import FakeClock
from factories.fairness import Population
from factories.surveillance import FINDING, START, Place

from surveillance.axes import ALL
from surveillance.fairness import rows, service
from surveillance.fairness.kinds import Against, Measure, Method, Verdict
from surveillance.fairness.service import Fairness, Found
from surveillance.records.models import WHOLE_RUN
from vigil.kernel.errors import Forbidden, Invalid
from vigil.kernel.identity.actor import Actor
from vigil.kernel.parts import Parts

Settled = Callable[[Population], Place]
FROM, TO = START, START + timedelta(days=240)


def asked(
    parts: Parts,
    actor: Actor,
    place: Place,
    method: Method = Method.COUNTS,
    site_id: str | None = None,
    finding_key: str | None = None,
    to_day: date = TO,
) -> Fairness:
    with parts.database.read() as session:
        return service.fairness(
            session,
            actor,
            parts.objects,
            version_id=place.version_id,
            site_id=site_id,
            finding_key=finding_key,
            from_day=FROM,
            to_day=to_day,
            method=method,
        )


def one(found: Fairness, measure: Measure, axis: str, finding: str = FINDING) -> Found:
    [gap] = [
        each
        for each in found.found
        if (each.gap.contrast.finding_key, each.gap.contrast.measure, each.gap.contrast.axis)
        == (finding, measure, axis)
    ]
    return gap


@pytest.fixture
def unfair(settle: Settled) -> Place:
    return settle(Population(patients=1500, missed=0.5, ap_of_old=0.6, skipped_ap=0.1))


@pytest.mark.parametrize("method", list(Method))
def test_a_group_that_is_missed_is_found(
    parts: Parts, officer: Actor, unfair: Place, method: Method
) -> None:
    found = asked(parts, officer, unfair, method)
    for measure in (Measure.SENSITIVITY, Measure.AREA):
        gap = one(found, measure, "view").gap
        assert gap.verdict is Verdict.GAP
        assert (gap.contrast.level, gap.contrast.other) == ("AP", "PA")
        assert gap.interval is not None
        assert gap.interval.high < -gap.contrast.margins.tolerated
        assert gap.adjusted is not None
        assert gap.p is not None
        assert gap.p < gap.adjusted < 0.05
    assert one(found, Measure.SENSITIVITY, "sex").gap.verdict is not Verdict.GAP
    skipped = one(found, Measure.SKIPPED_RATE, "view", WHOLE_RUN).gap
    assert skipped.verdict is Verdict.GAP


def test_counts_and_records_tell_the_same_figures(
    parts: Parts, officer: Actor, unfair: Place
) -> None:
    counts, records = (asked(parts, officer, unfair, method) for method in Method)
    for measure in Measure:
        finding = WHOLE_RUN if measure.value.endswith("ed_rate") else FINDING
        seen, exact = (one(each, measure, "view", finding).gap for each in (counts, records))
        assert seen.interval is not None
        assert exact.interval is not None
        near = 0.01 if measure is Measure.AREA else 1e-6
        assert seen.interval.estimate == pytest.approx(exact.interval.estimate, abs=near)
        assert seen.contrast.one.cases == exact.contrast.one.cases
        width, other = (i.high - i.low for i in (seen.interval, exact.interval))
        assert width == pytest.approx(other, rel=0.35)
    assert counts.labelled == records.labelled


@pytest.mark.parametrize("method", list(Method))
def test_a_gap_between_ages_is_mix_of_views(
    parts: Parts, officer: Actor, unfair: Place, method: Method
) -> None:
    found = asked(parts, officer, unfair, method)
    ages = one(found, Measure.SENSITIVITY, "age_band")
    assert ages.gap.verdict in {Verdict.GAP, Verdict.POSSIBLE}
    most = ages.mix
    assert most is not None
    assert most.axis == "view"
    assert most.explains
    assert abs(most.mix.estimate) > abs(most.effect.estimate)
    assert "are mix of view" in rows.said(found.version, ages) or most.reverses


@pytest.mark.parametrize("method", list(Method))
def test_a_gap_that_the_mix_hides_is_found(
    parts: Parts, officer: Actor, settle: Settled, method: Method
) -> None:
    """Women are missed in every view; men have the views in which everybody is."""
    place = settle(Population(patients=3000, missed=0.6, ap_of_men=0.5, missed_women=0.25))
    found = asked(parts, officer, place, method)
    hit = one(found, Measure.SENSITIVITY, "sex")
    assert hit.gap.interval is not None
    assert abs(hit.gap.interval.estimate) < hit.gap.contrast.margins.tolerated
    assert hit.gap.verdict is Verdict.HIDDEN
    assert hit.mix is not None
    assert hit.mix.axis == "view"
    # The group named is the rarer one, men, who fare better where the view is alike.
    assert hit.mix.effect.low > 0
    assert hit.behind is not None
    assert hit.behind < 0.05
    assert "The mix of view hides a gap: where view is alike" in rows.said(found.version, hit)
    row = rows.of(found.version, hit)
    assert (row.verdict, row.mix_axis) == (Verdict.HIDDEN, "view")
    assert row.effect_low is not None
    assert row.effect_p_adjusted == hit.behind


@pytest.mark.parametrize("method", list(Method))
def test_nothing_is_hidden_where_nobody_is_missed(
    parts: Parts, officer: Actor, settle: Settled, method: Method
) -> None:
    place = settle(Population(patients=1000, ap_of_men=0.6, ap_of_old=0.4))
    assert not asked(parts, officer, place, method).of(Verdict.HIDDEN)


def test_where_nobody_is_missed_nothing_is_found(
    parts: Parts, officer: Actor, settle: Settled
) -> None:
    found = asked(parts, officer, settle(Population(patients=800)))
    assert not found.of(Verdict.GAP)
    assert found.looks > 10


def test_patients_who_come_again_make_it_less_certain(
    parts: Parts, officer: Actor, settle: Settled
) -> None:
    place = settle(Population(patients=60, each=20))
    counts, records = (asked(parts, officer, place, method) for method in Method)
    widths = []
    for found in (counts, records):
        interval = one(found, Measure.FLAG_RATE, "sex").gap.interval
        assert interval is not None
        widths.append(interval.high - interval.low)
    assert widths[0] == pytest.approx(widths[1], rel=0.5)


def test_too_few_cases_are_a_verdict_with_how_many_more(
    parts: Parts, officer: Actor, settle: Settled, clinician: Callable[[], Actor]
) -> None:
    place = settle(Population(patients=300, rare=1))
    found = asked(parts, clinician(), place)
    gap = one(found, Measure.SENSITIVITY, "manufacturer").gap
    assert gap.verdict is Verdict.INSUFFICIENT
    assert gap.interval is None
    assert gap.more in {9, 10}
    said = rows.said(found.version, one(found, Measure.SENSITIVITY, "manufacturer"))
    assert "at least 10 are needed on each side" in said


def test_no_gap_says_what_is_excluded_and_insufficient_how_many_more(
    parts: Parts, officer: Actor, settle: Settled
) -> None:
    found = asked(parts, officer, settle(Population(patients=900)))
    for each in found.of(Verdict.NO_GAP):
        assert each.gap.excluded is not None
        assert each.gap.excluded <= each.gap.contrast.margins.excluded
        assert "is excluded" in rows.said(found.version, each) or each.gap.contrast.axis == ALL
    for each in found.of(Verdict.INSUFFICIENT):
        assert each.gap.more is not None
        assert each.gap.more > 0


def test_asking_for_one_finding_does_not_make_it_easier_to_find(
    parts: Parts, officer: Actor, unfair: Place
) -> None:
    whole = asked(parts, officer, unfair)
    narrowed = asked(parts, officer, unfair, finding_key=FINDING)
    assert narrowed.looks == whole.looks
    assert all(each.gap.contrast.finding_key == FINDING for each in narrowed.found)
    expected = one(whole, Measure.AREA, "view").gap.adjusted
    assert one(narrowed, Measure.AREA, "view").gap.adjusted == expected


def test_small_numbers_are_for_the_site_alone(
    parts: Parts, officer: Actor, settle: Settled, clinician: Callable[[], Actor]
) -> None:
    place = settle(Population(patients=400, rare=4))
    elsewhere, own = asked(parts, officer, place), asked(parts, clinician(), place)
    for measure in (Measure.SENSITIVITY, Measure.FLAG_RATE):
        assert one(elsewhere, measure, "manufacturer").withheld
        assert not one(own, measure, "manufacturer").withheld
    row = rows.of(elsewhere.version, one(elsewhere, Measure.SENSITIVITY, "manufacturer"))
    assert (row.n, row.value, row.gap, row.verdict) == (None, None, None, None)
    assert "Withheld" in row.sentence
    assert not own.withheld


def test_a_trend_is_told_of_every_judged_gap(parts: Parts, officer: Actor, unfair: Place) -> None:
    found = asked(parts, officer, unfair)
    course = one(found, Measure.SENSITIVITY, "view").course
    assert course is not None
    assert len(course.points) == 8
    assert course.trend is not None
    assert not course.moves
    assert "not seen to move" in rows.said(found.version, one(found, Measure.SENSITIVITY, "view"))


def test_a_change_over_time_is_told_of_everybody(
    parts: Parts, officer: Actor, unfair: Place
) -> None:
    found = asked(parts, officer, unfair)
    changes = [each for each in found.found if each.gap.contrast.against is Against.EARLIER]
    assert {each.gap.contrast.measure for each in changes} == set(Measure)
    assert not [each for each in changes if each.gap.verdict is Verdict.GAP]


def test_an_axis_of_one_level_is_named(parts: Parts, officer: Actor, unfair: Place) -> None:
    assert set(asked(parts, officer, unfair).alone) >= {"ethnicity", "imd", "setting"}


@pytest.mark.parametrize("method", list(Method))
def test_of_nothing_nothing_is_said(
    parts: Parts, officer: Actor, settle: Settled, method: Method
) -> None:
    place = settle(Population(patients=20))
    with parts.database.read() as session:
        found = service.fairness(
            session,
            officer,
            parts.objects,
            version_id=place.version_id,
            from_day=START - timedelta(days=60),
            to_day=START - timedelta(days=30),
            method=method,
        )
    assert (found.looks, list(found.found), found.cases) == (0, [], 0)


def test_a_period_within_a_month_has_no_halves(
    parts: Parts, officer: Actor, settle: Settled
) -> None:
    place = settle(Population(patients=200, days=20))
    found = asked(parts, officer, place, to_day=START + timedelta(days=26))
    assert found.cases > 100
    assert not [each for each in found.found if each.gap.contrast.against is Against.EARLIER]


def test_a_period_upside_down_or_too_long_is_named(
    parts: Parts, officer: Actor, settle: Settled
) -> None:
    place = settle(Population(patients=1))
    with pytest.raises(Invalid, match="after the last day"):
        asked(parts, officer, place, to_day=FROM - timedelta(days=1))
    with parts.database.read() as session, pytest.raises(Invalid):
        service.fairness(
            session,
            officer,
            parts.objects,
            version_id=place.version_id,
            from_day=date(1990, 1, 1),
        )


def test_people_from_elsewhere_see_whole_weeks(
    parts: Parts, officer: Actor, settle: Settled, clock: FakeClock
) -> None:
    with parts.database.read() as session:
        found = service.period(session, date(2026, 9, 3), date(2026, 9, 30), whole_weeks=True)
    assert (found.from_day, found.to_day) == (date(2026, 8, 31), date(2026, 9, 27))
    assert found.starts == (date(2026, 8, 31), date(2026, 9, 1))


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2026, 6, 3), date(2026, 6, 3)),  # Wednesday: its Monday alone would be a day
        (date(2026, 6, 1), date(2026, 6, 6)),
        (date(2027, 5, 17), date(2027, 5, 23)),  # the week that is not over
    ],
)
def test_people_from_elsewhere_are_told_of_no_part_of_a_week(
    parts: Parts, first: date, last: date
) -> None:
    with parts.database.read() as session, pytest.raises(Invalid) as refused:
        service.period(session, first, last, whole_weeks=True)
    [fault] = refused.value.faults
    assert "the first to ask for ends on" in fault.remedy
    with parts.database.read() as session:
        found = service.period(session, first, last)
    assert (found.from_day, found.to_day) == (first, last)


def test_a_week_that_is_not_over_is_not_told_whatever_is_asked_for(parts: Parts) -> None:
    with parts.database.read() as session:
        found = service.period(session, date(2027, 4, 1), date(2027, 9, 1), whole_weeks=True)
    assert found.to_day == date(2027, 5, 16)


def test_a_site_of_others_is_not_read(
    parts: Parts, settle: Settled, clinician: Callable[[], Actor]
) -> None:
    place = settle(Population(patients=1))
    with pytest.raises(Forbidden):
        asked(parts, clinician(), place, site_id="sit_elsewhere")
