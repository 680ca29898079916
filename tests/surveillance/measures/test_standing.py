"""Where streams stand on their last day: what the whole track says of it, many at once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveillance.measures import bets, cusum, standing, tracks
from surveillance.measures.histogram import Counts, quantile_edges

EDGES = quantile_edges(np.linspace(0, 1, 2000).tolist(), bins=20)
REFERENCE = EDGES.count(np.linspace(0, 1, 2000).tolist())


def _counts(rng: np.random.Generator, days: int, cases: float, low: float = 0.0) -> Counts:
    return np.stack(
        [EDGES.count(rng.uniform(low, 1, rng.poisson(cases)).tolist()) for _ in range(days)]
    )


@settings(deadline=None)
@given(st.integers(0, 10_000), st.lists(st.integers(1, 90), min_size=1, max_size=6))
def test_many_streams_of_any_length_stand_as_each_would_alone(
    seed: int, lengths: list[int]
) -> None:
    rng = np.random.default_rng(seed)
    cases = rng.choice([0.5, 2.0, 40.0], len(lengths))
    rows = [_counts(rng, days, n) for days, n in zip(lengths, cases, strict=True)]
    together = np.zeros((len(rows), max(lengths), EDGES.slots), dtype=np.int64)
    for place, row in zip(together, rows, strict=True):
        place[: len(row)] = row
    shifts = rng.choice([0.1, 0.3], len(rows))
    found = standing.standings(
        bets.on_scores(together, np.stack([REFERENCE] * len(rows)), shifts), np.array(lengths)
    )
    for row, shift, one in zip(rows, shifts, found, strict=True):
        track = tracks.of_scores(row, REFERENCE, float(shift))
        assert one.log_level == pytest.approx(track.levels[-1], abs=1e-9)
        assert one.since == track.since[-1]
        assert one.high == pytest.approx(float(track.high))
        both = max(track.rises[-1], track.falls[-1]) / cusum.LIMIT
        assert one.cusum == pytest.approx(both, abs=1e-9)


@settings(deadline=None)
@given(st.integers(0, 10_000), st.lists(st.integers(1, 120), min_size=1, max_size=6))
def test_rates_stand_as_each_would_alone(seed: int, lengths: list[int]) -> None:
    rng = np.random.default_rng(seed)
    n = np.zeros((len(lengths), max(lengths)))
    for place, days in zip(n, lengths, strict=True):
        place[:days] = rng.poisson(rng.choice([1.0, 60.0]), days)
    events = rng.binomial(n.astype(np.int64), rng.choice([0.0, 0.05, 0.3])).astype(float)
    happened, of = rng.integers(0, 20, len(lengths)), rng.integers(300, 900, len(lengths))
    factor = np.full(len(lengths), 1.25)
    found = standing.standings(bets.on_rate(events, n, (happened, of), factor), np.array(lengths))
    for row, days in enumerate(lengths):
        track = tracks.of_rate(
            events[row, :days], n[row, :days], (int(happened[row]), int(of[row])), 1.25
        )
        assert found[row].log_level == pytest.approx(track.levels[-1], abs=1e-7)
        assert found[row].low == pytest.approx(float(track.low))
        assert found[row].high == pytest.approx(float(track.high))


def test_overwhelming_evidence_is_a_number_too() -> None:
    counts = np.zeros((1, 400, EDGES.slots), dtype=np.int64)
    counts[..., -3] = 1000
    found = standing.standings(bets.on_scores(counts, REFERENCE[None]), np.array([400]))[0]
    alone = tracks.of_scores(counts[0], REFERENCE)
    assert np.isfinite(found.log_level)
    assert found.log_level == pytest.approx(alone.levels[-1])
