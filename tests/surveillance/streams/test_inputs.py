"""Numbers and categories of the input as streams, from records to verdicts."""

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from random import Random

import pytest
from factories.streams import many_inputs, record_all
from factories.surveillance import START, Place, create_place

from surveillance.axes import UNKNOWN
from surveillance.declarations import service as declarations
from surveillance.declarations.models import Choice
from surveillance.measures.histogram import number_edges
from surveillance.records import inputs
from surveillance.records.repository import Scope
from surveillance.references.errors import TooFewCases
from surveillance.streams import categories, features
from surveillance.streams.assessment import Assessment, Verdict
from surveillance.streams.kinds import StreamKind
from surveillance.streams.sentences import sentence
from vigil.kernel.db import Database
from vigil.kernel.identity.actor import Actor, Grant
from vigil.kernel.identity.roles import Role
from vigil.kernel.keys import Keys
from vigil.kernel.objects import LocalObjectStore

OFFICER = Actor(id="usr_cso", label="cso", grants=(Grant(Role.CSO),), sites=None)
A_DAY = 40
CHANGE = 20
DAYS = 45
LAST = START + timedelta(days=DAYS - 1)


@pytest.fixture
def place(sqlite: Database) -> Place:
    with sqlite.write() as session:
        return create_place(session)


def set_inputs(
    database: Database, objects: LocalObjectStore, place: Place, first: int = 400
) -> dict[str, str]:
    with database.write() as session:
        found = inputs.set_from_records(
            session,
            OFFICER,
            objects,
            version_id=place.version_id,
            site_id=place.site_id,
            first=first,
            reason="what is normal",
        )
        return dict(found.left_out)


def look(database: Database, day: date = LAST) -> dict[tuple[str, str, str, str], Assessment]:
    with database.read() as session:
        found: Sequence[Assessment] = [
            *features.assess(session, OFFICER, day=day, scope=Scope()),
            *categories.assess(session, OFFICER, day=day, scope=Scope()),
        ]
    return {(each.subject, each.kind, each.axis, each.level): each for each in found}


def number(found: dict[tuple[str, str, str, str], Assessment], name: str, kind: str) -> Assessment:
    return found[f"feature:{name}", kind, "all", "all"]


def test_a_number_that_moves_is_watched_and_one_that_does_not_is_quiet(
    sqlite: Database, keys: Keys, objects: LocalObjectStore, place: Place
) -> None:
    def made(day: int, random: Random) -> tuple[dict[str, object], dict[str, float | None]]:
        shift = 1.0 if day >= CHANGE else 0.0
        return {}, {
            "image_mean": random.gauss(0.4 + 0.1 * shift, 0.1),
            "image_sd": random.gauss(0.2, 0.05),
            "bits_stored": 12.0 if day < CHANGE else 14.0,
            "rows": 2048.0,
            "exposure": None if day >= CHANGE and random.random() < 0.5 else random.uniform(1, 9),
            "kvp": math.nan if day >= CHANGE and random.random() < 0.5 else 109.0,
            "turnaround": random.expovariate(1 / 30),
        }

    record_all(sqlite, keys, many_inputs(place, made, days=DAYS, per_day=lambda _: A_DAY))
    assert look(sqlite)["feature:rows", "feature", "all", "all"].verdict is Verdict.INSUFFICIENT
    assert set_inputs(sqlite, objects, place) == {}
    found = look(sqlite)
    for name in ("image_mean", "bits_stored"):
        assert number(found, name, StreamKind.FEATURE).verdict is Verdict.WATCH
        assert number(found, name, StreamKind.FEATURE).is_beyond
    for name in ("image_sd", "rows"):
        assert number(found, name, StreamKind.FEATURE).verdict is Verdict.QUIET
        assert number(found, name, StreamKind.MISSING_RATE).verdict is Verdict.QUIET
    assert number(found, "turnaround", StreamKind.TURNAROUND).verdict is Verdict.QUIET
    missing = number(found, "exposure", StreamKind.MISSING_RATE)
    assert missing.verdict is Verdict.WATCH
    assert missing.interval is not None
    assert missing.interval.estimate == pytest.approx(0.5, abs=0.05)
    invalid = number(found, "kvp", StreamKind.MISSING_RATE)
    assert "no possible number" in sentence(invalid)
    assert invalid.verdict is Verdict.WATCH


def test_a_number_with_too_few_values_gets_no_reference_and_says_why(
    sqlite: Database, keys: Keys, objects: LocalObjectStore, place: Place
) -> None:
    def made(_day: int, random: Random) -> tuple[dict[str, object], dict[str, float | None]]:
        return {}, {"kvp": None, "image_mean": random.random()}

    record_all(sqlite, keys, many_inputs(place, made, days=11, per_day=lambda _: A_DAY))
    assert set_inputs(sqlite, objects, place) == {"kvp": "0 of the 200 values needed"}
    with pytest.raises(TooFewCases):
        set_inputs(sqlite, objects, place, first=5000)
    with pytest.raises(TooFewCases):
        set_inputs(sqlite, objects, place, first=10)


def test_a_number_of_few_values_keeps_each_apart() -> None:
    edges = number_edges([100.0] * 50 + [110.0] * 30 + [125.0] * 20)
    slots = {edges.slot(value) for value in (90.0, 100.0, 110.0, 125.0, 130.0)}
    assert len(slots) == 5
    constant = number_edges([12.0] * 200)
    assert len({constant.slot(value) for value in (11.0, 12.0, 13.0)}) == 3
    with pytest.raises(ValueError, match="no number"):
        number_edges([1.0, math.nan])


def scanners(day: int, random: Random) -> tuple[dict[str, object], dict[str, float | None]]:
    maker = "Alpha" if random.random() < (0.7 if day < CHANGE else 0.4) else "Beta"
    if day >= CHANGE and random.random() < 0.1:
        maker = "Gamma"
    return {"manufacturer": maker, "view": random.choice(["PA", "AP"])}, {}


def test_shares_that_move_are_found_and_a_new_maker_is_an_event(
    sqlite: Database, keys: Keys, objects: LocalObjectStore, place: Place
) -> None:
    record_all(sqlite, keys, many_inputs(place, scanners, days=DAYS, per_day=lambda _: A_DAY))
    set_inputs(sqlite, objects, place)
    found = look(sqlite)
    beta = found["-", StreamKind.CATEGORY, "manufacturer", "beta"]
    assert beta.verdict is Verdict.WATCH
    assert beta.is_beyond
    # Of two levels one says what the other does, so only one of them is a stream.
    views = [each for each in found.values() if (each.kind, each.axis) == ("category", "view")]
    assert [each.verdict for each in views] == [Verdict.QUIET]
    gamma = found["-", StreamKind.UNSEEN_CATEGORY, "manufacturer", "gamma"]
    assert gamma.verdict is Verdict.ESCALATE
    assert gamma.window is not None
    assert gamma.window[0] == START + timedelta(days=CHANGE)
    assert f"was never seen before 21 September 2026, {gamma.n} studies since" in sentence(gamma)


def test_the_first_study_of_a_new_level_is_a_watch_and_ten_escalate(
    sqlite: Database, keys: Keys, place: Place
) -> None:
    def made(day: int, random: Random) -> tuple[dict[str, object], dict[str, float | None]]:
        return {"view": "LL" if day >= 30 and random.random() < 0.02 else "PA"}, {}

    # Without a reference the first four weeks say what is normal.
    record_all(sqlite, keys, many_inputs(place, made, days=DAYS, per_day=lambda _: A_DAY))
    key = ("-", StreamKind.UNSEEN_CATEGORY, "view", "LL")
    by_day = [look(sqlite, START + timedelta(days=day)).get(key) for day in range(29, DAYS)]
    verdicts = [each.verdict for each in by_day if each is not None]
    assert by_day[0] is None
    assert verdicts[0] is Verdict.WATCH
    assert verdicts[-1] is Verdict.ESCALATE


def test_groups_that_are_unknown_at_first_are_no_new_level(
    sqlite: Database, keys: Keys, place: Place
) -> None:
    def made(day: int, _random: Random) -> tuple[dict[str, object], dict[str, float | None]]:
        return ({"view": "PA"} if day >= 30 else {}), {}

    record_all(sqlite, keys, many_inputs(place, made, days=DAYS, per_day=lambda _: A_DAY))
    found = look(sqlite)
    assert not [each for each in found.values() if each.kind is StreamKind.UNSEEN_CATEGORY]
    # That one level alone was had is no share that can be bet on, and no alarm.
    assert UNKNOWN not in {each.level for each in found.values()}


def test_a_muted_stream_is_not_assessed(sqlite: Database, keys: Keys, place: Place) -> None:
    record_all(sqlite, keys, many_inputs(place, scanners, days=DAYS, per_day=lambda _: A_DAY))
    with sqlite.write() as session:
        made = declarations.choose(
            session,
            OFFICER,
            name="manufacturer",
            choice=Choice.MUTE,
            reason="a second scanner is being moved in",
            site_id=place.site_id,
        )
        made.made_at = datetime.combine(START, time(9), UTC)
    found = look(sqlite)
    assert not [
        each for each in found.values() if (each.kind, each.axis) == ("category", "manufacturer")
    ]


def test_too_few_runs_are_said(sqlite: Database, keys: Keys, place: Place) -> None:
    record_all(sqlite, keys, many_inputs(place, scanners, days=3, per_day=lambda _: 5))
    found = look(sqlite, START + timedelta(days=2))
    held = found["-", StreamKind.CATEGORY, "manufacturer", "all"]
    assert held.verdict is Verdict.INSUFFICIENT
    assert "15 of 300 studies to learn from" in sentence(held)
