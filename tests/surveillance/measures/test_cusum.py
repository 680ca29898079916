"""The classical chart, and what its limit promises."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveillance.measures import cusum, tracks
from surveillance.measures.histogram import quantile_edges


@given(st.lists(st.floats(-6, 6), min_size=1, max_size=60))
def test_the_sum_is_pages_recursion(days: list[float]) -> None:
    held, expected = 0.0, []
    for z in days:
        held = max(0.0, held + z - cusum.SLACK)
        expected.append(held)
    assert cusum.rises(np.array(days)) == pytest.approx(np.array(expected), abs=1e-9)
    up = float(cusum.rises(np.array(days))[-1])
    down = float(cusum.rises(-np.array(days))[-1])
    found = float(cusum.reached(np.array(days), np.array(days)))
    assert found == pytest.approx(max(up, down) / cusum.LIMIT, abs=1e-9)


def test_few_unchanged_streams_pass_the_limit_in_a_year() -> None:
    rng = np.random.default_rng(1)
    z = rng.normal(0, 1, (4000, 365))
    passed = np.maximum(cusum.rises(z), cusum.rises(-z)).max(axis=1) >= cusum.LIMIT
    assert 0.01 < passed.mean() < 0.05


def test_a_shift_of_a_fifth_of_a_standard_deviation_passes_it_in_a_fortnight() -> None:
    rng = np.random.default_rng(2)
    reference = rng.normal(0, 1, 5000)
    edges = quantile_edges(reference.tolist())
    frozen = edges.count(reference.tolist())
    delays = []
    for _ in range(20):
        shifts = np.repeat([0.0, 0.2], [100, 60])
        counts = np.stack([edges.count(rng.normal(shift, 1, 80).tolist()) for shift in shifts])
        track = tracks.of_scores(counts, frozen)
        delays.append(int(np.argmax(track.rises[100:] >= cusum.LIMIT)) + 1)
    assert np.median(delays) <= 14
