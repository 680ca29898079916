import numpy as np
import pytest

from surveillance.measures.intervals import Interval
from surveillance.measures.trends import slope


def points(*values: float, half: float = 0.02) -> list[Interval]:
    return [Interval(value, value - half, value + half) for value in values]


def test_a_straight_line_is_found_with_its_slope() -> None:
    found = slope([0, 1, 2, 3], points(0.0, 0.1, 0.2, 0.3))
    assert found is not None
    assert found.slope.estimate == pytest.approx(0.1)
    assert found.slope.low > 0


def test_what_scatters_more_than_it_should_is_less_certain() -> None:
    steady, wild = (
        slope([0, 1, 2, 3, 4], points(*values))
        for values in ((0.0, 0.1, 0.2, 0.3, 0.4), (0.0, 0.3, 0.0, 0.5, 0.4))
    )
    assert steady is not None
    assert wild is not None
    assert wild.slope.high - wild.slope.low > 5 * (steady.slope.high - steady.slope.low)


def test_too_few_points_or_one_moment_have_no_slope() -> None:
    assert slope([0, 1, 2], points(0, 0, 0)) is None
    assert slope([1, 1, 1, 1], points(0, 0, 0, 0)) is None


def test_scatter_seen_on_few_points_is_no_trend_by_chance() -> None:
    random = np.random.default_rng(3)
    false = 0
    for _ in range(300):
        found = slope([0, 1, 2, 3], points(*(0.06 * random.standard_normal(4))))
        false += found is not None and not found.slope.low <= 0 <= found.slope.high
    assert false <= 24
