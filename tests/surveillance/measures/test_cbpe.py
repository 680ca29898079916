import numpy as np
import pytest
from numpy.typing import NDArray

from surveillance.measures.cbpe import Calibrator, estimate, flagged_slots, isotonic
from surveillance.measures.histogram import Counts, Edges, quantile_edges, valued

THRESHOLD = 1.5
Numbers = NDArray[np.float64]


def world(
    rng: np.random.Generator, n: int, distance: float = 1.81, prevalence: float = 0.1
) -> tuple[Numbers, NDArray[np.bool_]]:
    truth = rng.random(n) < prevalence
    return rng.normal(0, 1, n) + distance * truth, truth


def calibrator(rng: np.random.Generator, n: int = 20_000) -> tuple[Calibrator, Edges]:
    scores, truth = world(rng, n)
    edges = quantile_edges(scores.tolist())
    counted = (valued(edges.count(scores[truth == kind].tolist())) for kind in (True, False))
    return Calibrator(*counted), edges


def days(edges: Edges, scores: Numbers, a_day: int = 100) -> tuple[Counts, Counts]:
    parts = np.array_split(scores, len(scores) // a_day)
    histograms = np.vstack([edges.count(part.tolist()) for part in parts])
    return histograms, np.array([int((part >= THRESHOLD).sum()) for part in parts])


def area(scores: Numbers, truth: NDArray[np.bool_]) -> float:
    order = np.argsort(np.argsort(scores)) + 1
    m = int(truth.sum())
    return float((order[truth].sum() - m * (m + 1) / 2) / (m * (len(scores) - m)))


def test_without_a_change_the_estimates_are_what_labels_would_say() -> None:
    rng = np.random.default_rng(1)
    known, edges = calibrator(rng)
    scores, truth = world(rng, 20_000)
    found = estimate(known, *days(edges, scores))
    flagged = scores >= THRESHOLD
    wanted = {
        "area": area(scores, truth),
        "sensitivity": flagged[truth].mean(),
        "specificity": (~flagged[~truth]).mean(),
        "ppv": truth[flagged].mean(),
        "prevalence": truth.mean(),
        "flag_rate": flagged.mean(),
    }
    for name, value in wanted.items():
        interval = getattr(found, name)
        assert interval.estimate == pytest.approx(value, abs=0.02), name
        assert interval.low <= value <= interval.high, name


def test_more_cases_with_the_finding_are_seen() -> None:
    rng = np.random.default_rng(2)
    known, edges = calibrator(rng)
    scores, truth = world(rng, 20_000, prevalence=0.2)
    found = estimate(known, *days(edges, scores)).prevalence
    assert found is not None
    # More than before; less than there are, as the meaning of a score changed with them.
    assert 0.13 < found.estimate < float(truth.mean())


def test_a_model_that_ranks_worse_is_not_seen() -> None:
    """The blind spot, as the page states it: the true area falls and the estimate hardly does."""
    rng = np.random.default_rng(3)
    known, edges = calibrator(rng)
    scores, truth = world(rng, 40_000, distance=1.29)
    found = estimate(known, *days(edges, scores)).area
    assert found is not None
    assert area(scores, truth) == pytest.approx(0.82, abs=0.01)
    assert found.estimate > 0.87


def test_the_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    held = 0
    for seed in range(60):
        rng = np.random.default_rng(100 + seed)
        known, edges = calibrator(rng, 3_000)
        scores, _ = world(rng, 2_000)
        found = estimate(known, *days(edges, scores), replicates=100).area
        assert found is not None
        held += found.low <= 0.8997 <= found.high
    assert held >= 50


def test_rates_rise_and_follow_their_neighbours_where_nothing_was_seen() -> None:
    rates = isotonic(np.array([0, 2, 1, 0, 9]), np.array([0, 10, 10, 0, 10]))
    assert rates == pytest.approx([0.15, 0.15, 0.15, 0.525, 0.9])
    assert (np.diff(rates) >= 0).all()


def test_flags_are_of_the_highest_scores_of_their_day() -> None:
    found = flagged_slots(np.array([[5, 3, 2], [1, 0, 4]]), np.array([4, 9]))
    assert found.tolist() == [[0, 2, 2], [1, 0, 4]]


def test_nothing_to_divide_by_is_none_and_no_number() -> None:
    known = Calibrator(np.array([5, 5]), np.array([50, 5]))
    found = estimate(known, np.array([[4, 0, 0, 0]] * 3), np.zeros(3, dtype=np.int64))
    assert found.ppv is None
    assert found.flag_rate is not None
    nothing = np.zeros((2, 4), dtype=np.int64)
    assert estimate(known, nothing, np.zeros(2, dtype=np.int64)).area is None
