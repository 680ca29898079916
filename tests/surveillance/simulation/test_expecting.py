"""What is expected of a world is what happens in it."""

import numpy as np
import pytest

from surveillance.measures import tracks
from surveillance.simulation.expecting import (
    GRID,
    TOGETHER,
    Expected,
    expect,
    threshold,
)
from surveillance.simulation.worlds import (
    CHANGE,
    DAYS,
    History,
    Labelled,
    Rate,
    Supposed,
    raised,
    shifted,
    worsened,
)
from surveillance.streams.kinds import StreamKind

SCORE_ONLY = {StreamKind.SCORE: (0.1,)}


def of(found: list[Expected], kind: StreamKind) -> Expected:
    return next(one for one in found if one.kind is kind)


def history(days: int = 70, per_day: int = 80, seed: int = 3) -> History:
    random = np.random.default_rng(seed)
    counts = np.pad(random.poisson(per_day / 50, (days, 50)), [(0, 0), (1, 3)]).astype(float)
    n = counts.sum(1)
    nothing = np.zeros(days)
    none = np.zeros(counts.shape, dtype=np.int64)
    flagged = random.binomial(n.astype(int), 0.2).astype(float)
    return History(counts, flagged, n, nothing, nothing, none, none, nothing, None)


def test_the_expectation_is_that_of_a_direct_simulation() -> None:
    """Scores drawn one by one, shifted one by one, and followed by the engine's own tracks."""
    random, delays = np.random.default_rng(8), []
    cuts = np.quantile(random.standard_normal(1_000_000), np.linspace(0, 1, 51))[1:-1]

    def counted(scores: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> list[int]:
        inside = np.bincount(np.searchsorted(cuts, scores), minlength=50)
        return [0, *inside.tolist(), 0, 0, 0]

    for _ in range(40):
        reference = np.array(counted(random.standard_normal(5000)))
        year = [
            counted(random.standard_normal(random.poisson(80)) + 0.2 * (day >= CHANGE))
            for day in range(CHANGE + 120)
        ]
        track = tracks.of_scores(np.array(year), reference)
        hit = (track.levels >= np.log(threshold(1))) & track.is_beyond
        delays.append(int(np.argmax(hit)) - CHANGE + 1)
    (found,) = expect(Supposed(80), replicates=200, seed=1, grid=SCORE_ONLY)
    delay = found.delays[1]
    assert delay.change == 0.2
    assert delay.days == pytest.approx(np.median(delays), abs=2)
    assert delay.cases == pytest.approx(80 * np.median(delays), abs=200)


def test_days_that_differ_delay_and_do_not_alarm() -> None:
    steady, uneven = (
        expect(Supposed(80, day_effect=effect), replicates=100, grid=SCORE_ONLY)[0]
        for effect in (0.0, 0.1)
    )
    assert uneven.a_year <= 0.05
    assert steady.delays[1].days is not None
    assert uneven.delays[1].days is not None
    assert uneven.delays[1].days > steady.delays[1].days


def test_fewer_cases_a_day_take_more_days_and_about_as_many_cases() -> None:
    many, few = (
        expect(Supposed(volume), replicates=50, grid=SCORE_ONLY)[0].delays[2] for volume in (80, 15)
    )
    assert few.days is not None
    assert many.days is not None
    assert few.days > 2 * many.days
    assert few.cases == pytest.approx(many.cases, rel=0.7)


def test_a_history_is_played_by_whole_weeks() -> None:
    world = history()
    world.counts[5::7] = 0
    played = world.play(np.random.default_rng(1), 4)
    assert (played.counts[:, 5::7].sum(-1) == 0).all()
    assert (played.counts[:, 4::7].sum(-1) > 0).all()
    assert played.counts.shape == (4, DAYS, 54)
    assert played.reference.sum(-1) == pytest.approx(world.counts.sum(), rel=0.05)
    assert played.overrides is None


def test_a_history_without_a_change_hardly_ever_escalates() -> None:
    found = expect(history(), replicates=100, grid={**SCORE_ONLY, StreamKind.FLAG_RATE: (1.05,)})
    assert {one.kind for one in found} == {StreamKind.SCORE, StreamKind.FLAG_RATE}
    for one in found:
        assert one.a_year <= 0.05
        assert one.at_most > one.a_year


def test_the_same_seed_gives_the_same_numbers() -> None:
    one, same, other = (
        expect(history(), replicates=TOGETHER, seed=seed, grid=SCORE_ONLY) for seed in (1, 1, 2)
    )
    assert one == same
    assert one != other


def test_a_shift_keeps_the_cases_and_moves_their_mean_rank() -> None:
    counts = history().counts[None]
    reference = counts.sum(axis=1)
    moved = shifted(counts, reference, 0.2, 35)
    assert moved.sum(-1) == pytest.approx(counts.sum(-1))
    assert (moved[:, :35] == counts[:, :35]).all()
    rank = (np.arange(54) - 0.5) / 50
    after, before = ((c[0, 35:] @ rank).sum() / c[0, 35:].sum() for c in (moved, counts))
    assert after - before == pytest.approx(0.0562, abs=0.003)


def test_a_rate_is_raised_by_its_factor() -> None:
    n = np.full((1, DAYS), 1000.0)
    rate = Rate(n * 0.04, n, np.array([400.0]), np.array([10_000.0]))
    now = raised(np.random.default_rng(1), rate, 2.0, CHANGE)
    assert now.events[0, CHANGE:].mean() == pytest.approx(80, rel=0.03)
    assert (now.events[0, :CHANGE] == 40).all()


def test_an_area_falls_by_as_much_as_was_asked() -> None:
    played = Supposed(400, prevalence=0.3, area=0.9).play(np.random.default_rng(2), 1)
    assert isinstance(played.labelled, Labelled)
    now = worsened(np.random.default_rng(1), played.labelled, 0.1, CHANGE)
    up, down = (c[0, CHANGE:].sum(0)[:-2] for c in (now.positives, now.negatives))
    beaten = np.cumsum(down) - down / 2
    assert up @ beaten / (up.sum() * down.sum()) == pytest.approx(0.8, abs=0.01)
    assert now.positives.sum() == played.labelled.positives.sum()
    assert (now.positives >= 0).all()


def test_every_tolerance_of_the_grid_is_answered_for_what_the_history_has() -> None:
    found = expect(history(), replicates=TOGETHER, grid=GRID)
    kinds = (StreamKind.SCORE, StreamKind.FLAG_RATE)
    assert [(one.kind, one.tolerance) for one in found] == [
        (kind, tolerance) for kind in kinds for tolerance in GRID[kind]
    ]
