import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveillance.measures import betting, detector, rates
from surveillance.measures.histogram import Counts, Edges, quantile_edges
from surveillance.measures.ranks import ranks, shift_tolerance

REFERENCE = np.linspace(0, 1, 2000).tolist()
EDGES: Edges = quantile_edges(REFERENCE, bins=20)
RANKS = ranks(EDGES.count(REFERENCE))
TOLERANCE = float(shift_tolerance(5000))


def _days(
    rng: np.random.Generator, days: int, cases: int, low: float = 0, high: float = 1
) -> Counts:
    return np.stack([EDGES.count(rng.uniform(low, high, cases).tolist()) for _ in range(days)])


def test_a_bet_wins_nothing_on_average_without_a_shift() -> None:
    one_case = _days(np.random.default_rng(3), 4000, 1)
    wins = np.exp(betting.log_e(one_case, RANKS, 0.0))
    # Fair bets: the mean of each is one, within four standard errors.
    error = wins.std(axis=0) / np.sqrt(len(wins))
    assert (np.abs(wins.mean(axis=0) - 1) < 4 * error).all()
    assert (np.exp(betting.log_e(one_case, RANKS, TOLERANCE)).mean(axis=0) < 1 + 1e-9).all()


def test_a_bet_wins_nothing_on_average_when_the_shift_is_just_tolerated() -> None:
    bins = RANKS[1:-1]
    tilted = (1 + TOLERANCE / bins.var() * (bins - 0.5)) / len(bins)
    up = np.exp(betting.log_e(np.eye(EDGES.slots, dtype=np.int64), RANKS, TOLERANCE))[:, :4]
    assert tilted @ bins - 0.5 == pytest.approx(TOLERANCE)
    assert tilted @ up[1:-3] == pytest.approx(np.ones(4))


@given(
    st.floats(0.001, 0.9),
    st.floats(0, 1),
    st.integers(1, 30),
)
def test_a_likelihood_ratio_has_expectation_at_most_one_for_every_tolerated_rate(
    tolerated: float, share: float, n: int
) -> None:
    x = np.arange(n + 1)
    for rate, log_e in (
        (tolerated * share, rates.log_e_of_rise(x, np.full(n + 1, n), tolerated)),
        (tolerated + (1 - tolerated) * share, rates.log_e_of_fall(x, np.full(n + 1, n), tolerated)),
    ):
        choose = np.array(
            [float(np.prod([(n - i) / (i + 1) for i in range(k)])) for k in range(n + 1)]
        )
        weight = choose * rate**x * (1 - rate) ** (n - x)
        assert (weight @ np.exp(log_e) <= 1 + 1e-9).all()


def test_the_average_level_grows_no_faster_than_the_days() -> None:
    rng = np.random.default_rng(5)
    x = rng.binomial(40, 0.05, size=(3000, 20))
    levels = [
        np.exp(detector.log_levels(rates.log_e_of_rise(row, np.full(20, 40), 0.05))[-1])
        for row in x
    ]
    assert np.mean(levels) <= 20 + 4 * np.std(levels) / np.sqrt(len(levels))


def test_a_quiet_year_stays_quiet_and_a_shift_does_not() -> None:
    rng = np.random.default_rng(11)
    quiet = betting.log_e(_days(rng, 180, 80), RANKS, TOLERANCE)
    shifted = betting.log_e(_days(rng, 10, 80, 0.25), RANKS, TOLERANCE)
    assert (np.exp(detector.log_levels(quiet)) < detector.WATCH).all()
    evidence = detector.detect(np.concatenate([quiet, shifted]))
    assert evidence.level > 7300
    assert 178 <= evidence.since <= 182


def test_an_override_rise_from_4_to_8_percent_is_found_in_two_weeks() -> None:
    # RADSURV-1 S6: change on day 180, 80 cases a day, threshold of one stream over a year.
    rng = np.random.default_rng(2)
    delays = []
    for _ in range(80):
        overridden = rng.binomial(80, np.repeat([0.04, 0.08], [180, 60]))
        levels = detector.log_levels(rates.log_e_of_rise(overridden, np.full(240, 80), 0.05))
        assert (levels[:180] < np.log(7300)).all()
        delays.append(int(np.argmax(levels[180:] > np.log(7300))) + 1)
    assert np.median(delays) <= 14


def test_no_day_holds_no_evidence() -> None:
    nothing = detector.detect(np.empty((0, 4)))
    assert (nothing.level, nothing.days) == (0, 0)


def test_overwhelming_evidence_stays_a_number() -> None:
    assert np.isfinite(detector.detect(np.full((50, 2), 100.0)).level)


def test_a_small_baseline_tolerates_more() -> None:
    assert rates.tolerated_rise(200, 5000, 1.25) == pytest.approx(0.05)
    assert rates.tolerated_rise(12, 300, 1.25) > 0.06
    assert rates.tolerated_rise(0, 300, 1.25) > 0
    assert rates.tolerated_fall(0, 300, 1.25) == 0
