import math
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from factories.surveillance import FINDING, create_place, run_facts
from sqlmodel import select

from inference.runs.models import Outcome
from model_registry.packages.monitoring import CATEGORIES, HEADER_NUMBERS
from surveillance.axes import AXES
from surveillance.records import numbers, service
from surveillance.records.facts import FindingFacts, RunFacts
from surveillance.records.models import FEATURE, WHOLE_RUN, AggregateDay, PredictionRecord
from vigil.kernel.db import Database
from vigil.kernel.dicom import ATTRIBUTES
from vigil.kernel.keys import Keys

NOW = datetime(2026, 9, 1, 9, tzinfo=UTC)


def a_run(**given: Any) -> Any:
    held = {"outcome": Outcome.SUCCEEDED, "finished_at": NOW, "image_statistics": None}
    return SimpleNamespace(**{**held, **given})


def an_image(seconds_ago: float = 60, **attributes: Any) -> Any:
    return SimpleNamespace(attributes=attributes, received_at=NOW - timedelta(seconds=seconds_ago))


def finding(score: float | None) -> FindingFacts:
    return FindingFacts("a", score, flagged=False, levels={})


def test_each_number_comes_from_the_first_image_that_knows_it() -> None:
    images = [an_image(30, kvp=None, rows=512), an_image(90, kvp=109, rows=1024)]
    found = numbers.of_run(a_run(), images, [finding(0.2)])
    assert (found["kvp"], found["rows"], found["exposure"]) == (109, 512, None)
    assert found["turnaround"] == 30
    assert "score_max" not in found


def test_several_findings_have_a_largest_and_a_mean_score() -> None:
    found = numbers.of_run(a_run(), [], [finding(0.2), finding(0.6)])
    assert found["score_max"] == 0.6
    assert found["score_mean"] == pytest.approx(0.4)
    broken = numbers.of_run(a_run(), [], [finding(0.2), finding(None)])
    assert math.isnan(broken["score_max"] or 0)


def test_what_was_not_analysed_has_no_image_score_or_turnaround() -> None:
    found = numbers.of_run(a_run(outcome=Outcome.SKIPPED), [an_image(kvp=100)], [])
    assert found["kvp"] == 100
    assert not {"turnaround", "image_mean", "score_max"} & set(found)


def test_the_image_statistics_of_the_run_are_numbers() -> None:
    found = numbers.of_run(a_run(image_statistics={"mean": 0.4, "sd": None}), [], [])
    assert (found["image_mean"], found["image_sd"]) == (0.4, None)


@pytest.mark.parametrize(
    ("name", "value"),
    [("kvp", -1), ("kvp", "high"), ("patient_age", 400), ("rows", True), ("exposure", 1e9)],
)
def test_what_cannot_be_is_invalid_and_not_missing(name: str, value: object) -> None:
    attributes: dict[str, Any] = {name: value}
    found = numbers.of_run(a_run(), [an_image(**attributes)], [])
    assert math.isnan(found[name] or 0)


def test_a_clock_that_jumped_gives_no_duration() -> None:
    assert math.isnan(numbers.seconds(NOW, NOW - timedelta(seconds=1)) or 0)
    assert math.isnan(numbers.seconds(NOW, NOW + timedelta(days=400)) or 0)
    assert numbers.seconds(None, NOW) is None


def facts(place: Any, number: int, value: float | None) -> RunFacts:
    made = run_facts(place, number)
    return RunFacts(**{**vars(made), "features": {"kvp": value}})


def test_numbers_are_counted_and_come_back_from_the_database(
    database: Database, keys: Keys
) -> None:
    with database.write() as session:
        place = create_place(session)
        for number, value in enumerate((100.0, None, math.nan, math.inf)):
            service.record_run(session, keys, facts(place, number, value))
    with database.read() as session:
        rows = session.exec(
            select(PredictionRecord).where(PredictionRecord.finding_key == WHOLE_RUN)
        ).all()
        held = [(row.features or {})["kvp"] for row in rows]
        assert sorted(map(str, held)) == ["100.0", "None", "nan", "nan"]
        day = session.exec(
            select(AggregateDay).where(AggregateDay.finding_key == f"{FEATURE}kvp")
        ).one()
        assert (day.n, day.axis) == (4, "all")


def test_a_number_that_comes_later_counts_once(database: Database, keys: Keys) -> None:
    with database.write() as session:
        place = create_place(session)
        made = facts(place, 1, 100.0)
        service.record_run(session, keys, made)
        for _ in range(2):
            service.set_numbers(session, keys, made.run_id, {"decision_time": 30.0}, made.day)
    with database.read() as session:
        rows = session.exec(
            select(AggregateDay).where(AggregateDay.finding_key.startswith(FEATURE))
        ).all()
        assert {row.finding_key: row.n for row in rows} == {
            f"{FEATURE}kvp": 1,
            f"{FEATURE}decision_time": 1,
        }
        assert FINDING not in {row.finding_key for row in rows}


def test_the_catalogue_of_categories_is_of_axes() -> None:
    assert set(CATEGORIES) <= set(AXES)
    assert all(ATTRIBUTES[name] == "number" for name in HEADER_NUMBERS)
