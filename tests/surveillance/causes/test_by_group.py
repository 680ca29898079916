import numpy as np
import pytest

from surveillance.axes import UNKNOWN
from surveillance.causes.by_group import of_groups
from surveillance.causes.cause import CauseKind
from surveillance.causes.groups import Groups, Side


def side(cases: list[float], rates: list[float]) -> Side:
    held = np.array(cases)
    return Side(held, held * np.array(rates))


def by_age(before: Side, since: Side) -> Groups:
    return Groups("age_band", ("40-64", "65-79", UNKNOWN), before, since, variance=0.25)


@pytest.mark.parametrize("known", [0.0, 2.0])
def test_an_axis_that_was_not_known_before_explains_nothing(known: float) -> None:
    before = side([known, 0, 400 - known], [0.3, 0, 0.3])
    since = side([200, 150, 50], [0.7, 0.7, 0.7])
    assert of_groups([by_age(before, since)]) == []


def test_an_axis_that_was_known_of_some_is_still_looked_at() -> None:
    before = side([380, 20, 0], [0.2, 0.9, 0])
    since = side([20, 380, 0], [0.2, 0.9, 0])
    assert [cause.kind for cause in of_groups([by_age(before, since)])] == [CauseKind.MIX]
