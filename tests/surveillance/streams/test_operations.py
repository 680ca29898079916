"""What is left out, fails, comes and stays away, from records and runs to verdicts."""

from datetime import UTC, date, datetime, time, timedelta
from random import Random

import pytest
from conftest import FakeClock, RecordingQueue
from factories.identity import SETUP
from factories.streams import at_work, many_inputs, record_all
from factories.surveillance import START, Place, create_place

from inference.runs.models import Outcome
from surveillance.alerts.models import Tier
from surveillance.records.repository import Scope
from surveillance.streams import operations, repository, silence
from surveillance.streams.assessment import Assessment, Shortage, Verdict
from surveillance.streams.evaluation import raise_alerts
from surveillance.streams.kinds import Stream, StreamKind
from surveillance.streams.models import DeliveryDay
from surveillance.streams.running import Running
from surveillance.streams.sentences import sentence
from surveillance.streams.silence import Pace, _assessed, _pace
from surveillance.streams.tasks import LISTEN, ask_this_hour
from vigil.kernel.db import Database
from vigil.kernel.events import Events
from vigil.kernel.keys import Keys
from vigil.kernel.parts import Parts

DAYS = 50
CHANGE = 32
LAST = START + timedelta(days=DAYS - 1)


@pytest.fixture
def place(sqlite: Database) -> Place:
    with sqlite.write() as session:
        return create_place(session)


def nothing(_day: int, _random: Random) -> tuple[dict[str, object], dict[str, float | None]]:
    return {}, {}


def look(database: Database, day: date = LAST) -> dict[str, Assessment]:
    with database.read() as session:
        found = operations.assess(session, SETUP, day=day, scope=Scope())
    return {each.kind.value: each for each in found}


def weekly(day: int) -> int:
    return 40 if (START + timedelta(days=day)).weekday() < 5 else 6


def test_failures_and_what_is_left_out_are_watched(
    sqlite: Database, keys: Keys, place: Place
) -> None:
    def ended(day: int, random: Random) -> Outcome:
        share = 0.15 if day >= CHANGE else 0.02
        if random.random() < share:
            return Outcome.FAILED
        return Outcome.SKIPPED if random.random() < 0.1 else Outcome.SUCCEEDED

    with sqlite.write() as session:
        at_work(session, place)
    record_all(sqlite, keys, many_inputs(place, nothing, days=DAYS, per_day=weekly, ended=ended))
    found = look(sqlite)
    failed = found["failed_rate"]
    assert failed.verdict is Verdict.WATCH
    assert failed.is_beyond
    assert "of runs come to no result" in sentence(failed)
    assert found["skipped_rate"].verdict is Verdict.QUIET
    assert found["volume"].verdict is Verdict.QUIET
    assert found["volume"].interval is not None
    assert found["volume"].interval.estimate == pytest.approx(1, abs=0.1)


def test_half_the_volume_is_a_watch_and_so_is_none(
    sqlite: Database, keys: Keys, place: Place
) -> None:
    def per_day(day: int) -> int:
        return weekly(day) // (3 if day >= CHANGE else 1)

    with sqlite.write() as session:
        at_work(session, place)
    record_all(sqlite, keys, many_inputs(place, nothing, days=40, per_day=per_day))
    fewer = look(sqlite, START + timedelta(days=39))["volume"]
    assert (fewer.verdict, fewer.is_beyond) == (Verdict.WATCH, True)
    assert "studies are 3" in sentence(fewer)
    none = look(sqlite, LAST)["volume"]
    assert none.verdict is Verdict.WATCH
    assert none.interval is not None
    assert none.interval.estimate < 0.4


def test_a_version_that_left_lacks_no_studies(sqlite: Database, keys: Keys, place: Place) -> None:
    left = START + timedelta(days=40)
    with sqlite.write() as session:
        at_work(session, place, until=left)
    record_all(sqlite, keys, many_inputs(place, nothing, days=40, per_day=weekly))
    assert look(sqlite, LAST)["volume"].verdict is Verdict.QUIET


def test_a_version_that_was_never_at_work_is_not_judged_by_its_volume(
    sqlite: Database, keys: Keys, place: Place
) -> None:
    record_all(sqlite, keys, many_inputs(place, nothing, days=40, per_day=weekly))
    volume = look(sqlite)["volume"]
    assert volume.verdict is Verdict.INSUFFICIENT
    assert "whole days at work" in sentence(volume)


def test_too_little_to_learn_from_is_said(sqlite: Database, keys: Keys, place: Place) -> None:
    record_all(sqlite, keys, many_inputs(place, nothing, days=9, per_day=lambda _: 40))
    found = look(sqlite, START + timedelta(days=8))
    assert {each.verdict for each in found.values()} == {Verdict.INSUFFICIENT}
    assert "9 of 28 days to learn from" in sentence(found["failed_rate"])


def test_late_deliveries_are_watched_and_dead_ones_told(sqlite: Database, place: Place) -> None:
    rows = [
        {
            "version_id": place.version_id,
            "site_id": place.site_id,
            "day": START + timedelta(days=day),
            "n": 50,
            "late": 1 if day < CHANGE else 12,
            "dead": 0 if day < CHANGE else 1,
        }
        for day in range(DAYS)
    ]
    with sqlite.write() as session:
        repository.replace_days(session, DeliveryDay, START, LAST, rows)
    found = look(sqlite)["delivery"]
    assert found.verdict is Verdict.WATCH
    assert f"{DAYS - CHANGE} of them were given up" in sentence(found)


STREAM = Stream("ver", "site", "-", StreamKind.SILENCE)
MONDAY = datetime(2026, 8, 31, tzinfo=UTC)


def clinic(a_day: float, weeks: int, seed: int = 3) -> list[datetime]:
    """Arrivals from 8 to 18 o'clock, few at weekends."""
    random = Random(seed)
    found = []
    for day in range(weeks * 7):
        begin = MONDAY + timedelta(days=day, hours=8)
        rate = a_day if begin.weekday() < 5 else a_day / 10
        at = random.expovariate(rate / 10)
        while at < 10:
            found.append(begin + timedelta(hours=at))
            at += random.expovariate(rate / 10)
    return found


def silent(arrivals: list[datetime], now: datetime, places: int = 1) -> Assessment:
    return _assessed(STREAM, _pace(arrivals, MONDAY, now), now, places)


def test_a_night_and_a_weekend_are_no_silence() -> None:
    arrivals = clinic(80, 6)
    end = MONDAY + timedelta(weeks=6)
    for hours in range(-60, 9):
        now = end + timedelta(hours=hours)
        assert silent([at for at in arrivals if at <= now], now).verdict is Verdict.QUIET


def test_a_morning_without_a_study_is_a_watch_and_then_an_event() -> None:
    arrivals = clinic(80, 6)
    end = MONDAY + timedelta(weeks=6)
    by_hour = [silent(arrivals, end + timedelta(hours=hour)) for hour in range(8, 19)]
    verdicts = [each.verdict for each in by_hour]
    assert verdicts[0] is Verdict.QUIET
    assert verdicts[-1] is Verdict.ESCALATE
    # Eight studies an hour: an event within four hours, also in a network of a hundred places.
    assert verdicts.index(Verdict.ESCALATE) <= 4
    assert silent(arrivals, end + timedelta(hours=13), 100).verdict is Verdict.ESCALATE
    assert "no study since" in sentence(by_hour[-1])


def test_a_quiet_place_is_given_more_time() -> None:
    arrivals = clinic(4, 8)
    end = MONDAY + timedelta(weeks=8)
    assert silent(arrivals, end + timedelta(days=1)).verdict is Verdict.QUIET
    assert silent(arrivals, end + timedelta(days=11)).verdict is Verdict.ESCALATE


def test_silence_is_seldom_wrong() -> None:
    watched, escalated = 0, 0
    for seed in range(2):
        arrivals = clinic(40, 12, seed)
        for hour in range(24 * 28, 24 * 84, 5):
            now = MONDAY + timedelta(hours=hour)
            if now.weekday() > 4 or not 8 <= now.hour <= 19:
                continue
            pace = _pace([at for at in arrivals if at <= now], MONDAY, now)
            found = _assessed(STREAM, pace, now, 1)
            watched += found.verdict is Verdict.WATCH
            escalated += found.verdict is Verdict.ESCALATE
    assert escalated == 0
    assert watched <= 1  # measured over a year and a half: 0 events, at most 2 watches


@pytest.mark.parametrize("arrivals", [[], [MONDAY] * 500, clinic(80, 1)])
def test_too_few_arrivals_are_said(arrivals: list[datetime]) -> None:
    found = _pace(arrivals, MONDAY, MONDAY + timedelta(weeks=2))
    assert isinstance(found, Shortage)


def test_arrivals_from_the_future_are_of_a_clock_that_was_set() -> None:
    arrivals = clinic(80, 6)
    now = MONDAY + timedelta(weeks=3)
    found = _pace(arrivals, MONDAY, now)
    assert isinstance(found, Pace)
    assert found.last <= now


def test_an_hourly_look_reads_runs_and_sources(sqlite: Database, place: Place) -> None:
    with sqlite.write() as session:
        at_work(session, place)
    with sqlite.read() as session:
        (found,) = silence.assess_at(session, SETUP, datetime.combine(LAST, time(), UTC))
    assert found.verdict is Verdict.INSUFFICIENT
    assert "0 of 50 arrivals to learn from" in sentence(found)


def test_a_change_of_mode_is_no_pause(sqlite: Database, place: Place) -> None:
    with sqlite.write() as session:
        at_work(session, place, until=START + timedelta(days=10))
    with sqlite.read() as session:
        running = Running.of(session)
    key = (place.version_id, place.site_id)
    ninth = datetime.combine(START + timedelta(days=9), time(12), UTC)
    assert running.at(ninth) == [key]
    assert running.at(ninth + timedelta(days=1)) == []


def test_silence_is_looked_at_once_an_hour(
    parts: Parts, queue: RecordingQueue, clock: FakeClock
) -> None:
    asked = ask_this_hour(parts, None)
    ask_this_hour(parts, asked)
    ask_this_hour(parts, None)
    clock.advance(3600)
    assert ask_this_hour(parts, asked) == asked + timedelta(hours=1)
    keys = [item.key or "" for item in queue.enqueued]
    assert len(set(keys)) == 2
    assert all(key.startswith(LISTEN) for key in keys)


def test_a_silence_raises_one_alert_and_not_two(sqlite: Database, place: Place, keys: Keys) -> None:
    with sqlite.write() as session:
        at_work(session, place)
    stream = Stream(place.version_id, place.site_id, "-", StreamKind.SILENCE)
    arrivals = clinic(80, 6)
    now = MONDAY + timedelta(weeks=6, hours=14)
    found = _assessed(stream, _pace(arrivals, MONDAY, now), now, 1)
    with sqlite.write() as session:
        (alert,) = raise_alerts(session, SETUP, Events(), [found])
        assert raise_alerts(session, SETUP, Events(), [found]) == []
    assert (alert.stream, alert.tier) == ("silence", Tier.ESCALATE)
    assert alert.sentence.startswith("all runs: no study since")
