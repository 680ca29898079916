from statistics import NormalDist

import numpy as np
import pytest

from surveillance.measures.histogram import quantile_edges
from surveillance.measures.ranks import mean_rank, ranks, shift_tolerance


@pytest.mark.parametrize(("shift", "moved"), [(0.1, 0.028), (0.2, 0.056), (0.5, 0.138)])
def test_a_shift_moves_the_mean_rank_as_the_formula_says(shift: float, moved: float) -> None:
    draws = np.random.default_rng(7).normal(size=40_000)
    edges = quantile_edges(draws.tolist())
    of = ranks(edges.count(draws.tolist()))
    current = edges.count((draws + shift).tolist())
    assert mean_rank(current, of) - 0.5 == pytest.approx(moved, abs=0.003)
    assert shift_tolerance(1_000_000, shift) == pytest.approx(moved, abs=0.0005)


def test_the_reference_itself_has_mean_rank_one_half() -> None:
    draws = [i / 100 for i in range(100)]
    edges = quantile_edges(draws, bins=7)
    counts = edges.count(draws)
    assert mean_rank(counts, ranks(counts)) == pytest.approx(0.5)


def test_a_score_outside_the_reference_ranks_at_the_end() -> None:
    edges = quantile_edges([0.1, 0.2, 0.3, 0.4], bins=2)
    of = ranks(edges.count([0.1, 0.2, 0.3, 0.4]))
    assert mean_rank(edges.count([0.9, None]), of) == 1
    assert mean_rank(edges.count([0.0, float("nan")]), of) == 0


def test_a_small_reference_widens_the_tolerance() -> None:
    assert shift_tolerance(300) == pytest.approx(3 / (12 * 300) ** 0.5)
    assert shift_tolerance(5000) == pytest.approx(NormalDist().cdf(0.1 / 2**0.5) - 0.5)
