import numpy as np
import pytest

from surveillance.measures.resampling import interval, tables


def test_it_is_the_same_each_time() -> None:
    cells, patients = np.array([0, 0, 1, 1]), np.array([0, 1, 2, 3])
    one, other = (tables(cells, patients, 2, np.ones(4), rounds=20) for _ in range(2))
    assert (one == other).all()
    assert one.shape == (20, 2)


def test_a_patient_comes_with_all_its_cases() -> None:
    patients = np.repeat(np.arange(10), 7)
    drawn = tables(np.zeros(70, dtype=np.int64), patients, 1, np.ones(70), rounds=30)
    assert (drawn == 70).all()
    cells = np.repeat(np.arange(10), 7)
    assert (tables(cells, patients, 10, np.ones(70), rounds=30) % 7 == 0).all()


def test_the_interval_is_as_wide_as_the_variance_between_patients() -> None:
    random = np.random.default_rng(4)
    rates = random.beta(2, 2, 300)
    patients = np.repeat(np.arange(300), 8)
    happened = (random.random(2400) < rates[patients]).astype(float)
    drawn = tables(np.zeros(2400, dtype=np.int64), patients, 1, happened, rounds=2000)[:, 0] / 2400
    between = np.bincount(patients, weights=happened - happened.mean()) / 2400
    assert drawn.std() == pytest.approx(np.sqrt((between**2).sum()), rel=0.05)
    found = interval(float(happened.mean()), drawn)
    assert found is not None
    assert found.low < found.estimate < found.high


def test_without_a_number_there_is_no_interval() -> None:
    assert interval(0.1, np.full(5, np.nan)) is None
    assert interval(float("nan"), np.ones(5)) is None


def test_with_few_degrees_of_freedom_the_interval_is_wider() -> None:
    rounds = np.random.default_rng(2).normal(0.3, 0.1, 400)
    narrow, wide = interval(0.3, rounds), interval(0.3, rounds, freedom=9)
    assert narrow is not None
    assert wide is not None
    # Student's quantile, 2.262 for 1.960, and nine tenths of the variance.
    assert wide.high - wide.low == pytest.approx(1.217 * (narrow.high - narrow.low), rel=0.01)
