import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveillance.measures.intervals import newcombe, of_mean_rank, wilson


def test_wilson_gives_newcombes_published_example() -> None:
    # Newcombe, Statistics in Medicine 1998;17:857-872, table I: 81/263, 15/148, 0/20, 1/29.
    expected = {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0.0, 0.1611),
        (1, 29): (0.0061, 0.1718),
    }
    for (events, n), (low, high) in expected.items():
        interval = wilson(events, n)
        assert (round(interval.low, 4), round(interval.high, 4)) == (low, high)


def test_newcombe_gives_his_published_example() -> None:
    # Statistics in Medicine 1998;17:873-890, table II, method 10: 56/70 against 48/80.
    interval = newcombe(56, 70, 48, 80)
    assert round(interval.estimate, 4) == 0.2
    assert (round(interval.low, 4), round(interval.high, 4)) == (0.0524, 0.3339)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_stays_between_zero_and_one_and_holds_its_estimate(case: tuple[int, int]) -> None:
    interval = wilson(*case)
    assert 0 <= interval.low <= interval.estimate <= interval.high <= 1


@pytest.mark.parametrize(("events", "n"), [(0, 0), (3, 2), (-1, 5)])
def test_no_cases_are_no_proportion(events: int, n: int) -> None:
    with pytest.raises(ValueError, match="no proportion"):
        wilson(events, n)


def test_the_interval_of_a_mean_rank_narrows_with_the_cases() -> None:
    few, many = of_mean_rank(0.5, 100), of_mean_rank(0.5, 10_000)
    assert few.high - few.low == pytest.approx(10 * (many.high - many.low))
    assert many.high == pytest.approx(0.5 + 1.96 / (12 * 10_000) ** 0.5, abs=1e-5)
