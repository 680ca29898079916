import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import wasserstein_distance

from surveillance.measures.divergence import jensen_shannon, stability_index, wasserstein
from surveillance.measures.histogram import Edges, quantile_edges, valued

RNG = np.random.default_rng(4)
REFERENCE = RNG.beta(2, 5, 5000)
CURRENT = RNG.beta(3, 5, 3000)
EDGES: Edges = quantile_edges(REFERENCE.tolist())
BEFORE, NOW = EDGES.count(REFERENCE.tolist()), EDGES.count(CURRENT.tolist())


def test_nothing_is_apart_from_itself() -> None:
    assert stability_index(BEFORE, BEFORE) == 0
    assert jensen_shannon(BEFORE, BEFORE) == 0
    assert wasserstein(BEFORE, BEFORE, EDGES) == 0


def test_jensen_shannon_is_scipys() -> None:
    expected = jensenshannon(valued(NOW), valued(BEFORE), base=2)
    assert jensen_shannon(NOW, BEFORE) == pytest.approx(float(expected))


def test_wasserstein_from_bins_is_near_that_of_the_scores() -> None:
    expected = wasserstein_distance(CURRENT, REFERENCE)
    assert wasserstein(NOW, BEFORE, EDGES) == pytest.approx(expected, abs=0.004)


def test_no_overlap_is_as_far_as_it_gets_and_still_a_number() -> None:
    edges = Edges((0.0, 0.5, 1.0))
    left, right = edges.count([0.1] * 50), edges.count([0.9] * 50)
    assert jensen_shannon(left, right) == pytest.approx(1)
    assert np.isfinite(stability_index(left, right))
