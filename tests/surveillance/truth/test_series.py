"""A table of a month is thirty days to a detector, and a year never more than 365."""

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from surveillance.truth.series import TruthSeries, from_rows

FIRST = date(2026, 9, 1)
NAMES = {"version_id": "v", "site_id": "s", "finding_key": "f", "axis": "all", "level": "all"}


def row(day: date, told: date | None, tp: int = 1) -> Any:
    zero = dict.fromkeys(("fp", "tn", "fn", "claimed", "claim_sum", "brier_sum"), 0)
    counts = {"positives": b"", "negatives": b"", "tp": tp, **zero}
    return SimpleNamespace(**NAMES, reference_id="r", day=day, told_day=told, **counts)


def series(rows: list[Any]) -> TruthSeries:
    (found,) = from_rows(rows)
    return found


def month(day: date, days: int = 30) -> list[Any]:
    return [row(day, day - timedelta(days=days - number)) for number in range(days)]


def test_the_first_table_has_the_days_that_it_is_dated() -> None:
    found = series(month(FIRST))
    assert found.days == (FIRST,) * 30
    assert found.tp.tolist() == [1] * 30


def test_a_table_has_as_many_days_at_most_as_have_gone_by() -> None:
    found = series([*month(FIRST), *month(FIRST + timedelta(days=7))])
    assert found.days[30:] == (FIRST + timedelta(days=7),) * 7
    assert sum(found.tp[30:].tolist()) == 30
    assert max(found.tp[30:].tolist()) - min(found.tp[30:].tolist()) <= 1


def test_labels_that_come_every_day_are_a_day_a_day() -> None:
    rows = [
        row(FIRST + timedelta(days=day), FIRST + timedelta(days=day - back))
        for day in range(20)
        for back in (9, 4, 1)
    ]
    found = series(rows)
    assert len(found.days) == 3 + 19
    assert found.tp[3:].tolist() == [3] * 19


def test_the_days_of_exams_are_not_divided() -> None:
    assert series([row(FIRST, None), row(FIRST, None, 2)]).tp.tolist() == [3]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 60)), min_size=1, max_size=80))
def test_no_label_is_lost_and_no_year_has_more_days_than_it_has(
    came: list[tuple[int, int]],
) -> None:
    rows = [
        row(FIRST + timedelta(days=day), FIRST + timedelta(days=day - back))
        for day, back in sorted(came, key=lambda one: (one[0], -one[1]))
    ]
    found = series(rows)
    assert int(found.tp.sum()) == len(came)
    first = sum(day == found.days[0] for day in found.days)
    assert len(found.days) - first <= (found.days[-1] - found.days[0]).days
