"""What alarms to expect of a world: how many are false, and how long a true one takes. Pure.

The detectors are those of the engine. An alarm is an escalation of one stream by itself among so
many; in a network where others escalate too it comes no later (e-BH).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from scipy.special import gammaincinv

from surveillance.measures import bets, rates
from surveillance.measures.bets import Bets
from surveillance.measures.cusum import LIMIT
from surveillance.measures.detector import HORIZON, WATCH
from surveillance.measures.ebh import SHARE_FALSE
from surveillance.measures.tracks import Track, follow
from surveillance.simulation.paths import Flags
from surveillance.simulation.question import MISS_FACTOR, Tolerances
from surveillance.simulation.worlds import (
    CHANGE,
    DAYS,
    Claims,
    Labelled,
    Numbers,
    Played,
    Random,
    Rate,
    World,
    lowered,
    raised,
    shifted,
    worsened,
)
from surveillance.streams.assessment import MIN_SCORES
from surveillance.streams.kinds import StreamKind

TOGETHER: Final = 25  # replicates; more would leave the processor's cache
SHIFTS: Final = (0.1, 0.2, 0.5)
FACTORS: Final = (1.25, 1.5, 2.0)
MISSES: Final = (0.05, 0.10)
FALLS: Final = (0.05, 0.10)
GAPS: Final = (0.05, 0.10)
MIN_LABELLED: Final = 150
GRID: Final[Mapping[StreamKind, tuple[float, ...]]] = {
    StreamKind.SCORE: (0.05, 0.1, 0.2),
    StreamKind.FLAG_RATE: (1.02, 1.05, 1.1, 1.2),
    StreamKind.OVERRIDE_RATE: (1.1, 1.25, 1.5),
    StreamKind.MISS_RATE: (1.1, 1.25, 1.5),
    StreamKind.AREA: (0.02, 0.03, 0.05),
    StreamKind.OVERRIDE_FP_RATE: (1.1, 1.25, 1.5),
    StreamKind.OVERRIDE_FN_RATE: (1.1, 1.25, 1.5),
    StreamKind.FALSE_ALARM_RATE: (1.1, 1.25, 1.5),
    StreamKind.PPV: (1.1, 1.25, 1.5),
    StreamKind.CALIBRATION: (0.01, 0.02, 0.05),
}
_IN_POINTS: Final = frozenset({StreamKind.MISS_RATE, StreamKind.PPV})
_YEAR: Final = 365.25


@dataclass(frozen=True)
class Delay:
    """How long an escalation takes after a change of this size.

    Attributes:
        days: the median, counted from the day of the change on; None where most never came.
        days_90: the same for nine in ten.
        cases: the median of the cases until then.
        missed: the share of years in which none came before the year was over.
    """

    change: float
    days: float | None
    days_90: float | None
    cases: float | None
    cases_90: float | None
    missed: float


@dataclass(frozen=True)
class Expected:
    """What to expect of one stream with one tolerance.

    Attributes:
        years: stream-years without a change that were played.
        escalations: how many of them escalated, each counted once.
        a_year: false escalations in a stream-year; where none was seen, `at_most` tells.
        at_most: the upper end of their 95 % interval.
        watches: false watches in a stream-year, at least: each year counts one at most.
    """

    kind: StreamKind
    tolerance: float
    years: float
    escalations: int
    a_year: float
    at_most: float
    watches: float
    delays: tuple[Delay, ...]


@dataclass
class _Tally:
    """What was seen of one tolerance."""

    hits: int = 0
    watched: int = 0
    exposed: float = 0.0
    watch_exposed: float = 0.0
    delays: dict[float, list[tuple[float, float]]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Look:
    """The years of some replicates, with or without a change."""

    change: float
    track: Track
    cases: Numbers
    need: int
    bounds: Mapping[float, tuple[Numbers, Numbers]]


def expect(
    world: World,
    *,
    among: int = 1,
    replicates: int = 200,
    seed: int = 0,
    grid: Mapping[StreamKind, Sequence[float]] | None = None,
) -> list[Expected]:
    """Play a world and count.

    Args:
        world: gives the years.
        among: over how many streams false alarms are shared.
        replicates: years.
        seed: the same seed gives the same numbers.
        grid: which tolerances of which kind of stream; by default those of the engine.
    """
    asked = _engine() if grid is None else grid
    tallies: dict[tuple[StreamKind, float], _Tally] = {}
    for start in range(0, replicates, TOGETHER):
        random = np.random.default_rng([seed, start])
        played = world.play(random, min(TOGETHER, replicates - start))
        for kind, tolerances in asked.items():
            for look in _looks(random, played, kind, tolerances):
                _count(tallies, kind, look, among)
    return [_expected(kind, tolerance, tally) for (kind, tolerance), tally in tallies.items()]


def around(usual: Tolerances) -> Mapping[StreamKind, Sequence[float]]:
    """Return the grid with the tolerances that were asked for among it."""
    asked = {
        StreamKind.SCORE: usual.shift,
        StreamKind.FLAG_RATE: usual.flag_factor,
        StreamKind.OVERRIDE_RATE: usual.override_factor,
        StreamKind.MISS_RATE: usual.miss_factor,
        StreamKind.AREA: usual.area,
        StreamKind.OVERRIDE_FP_RATE: usual.override_factor,
        StreamKind.OVERRIDE_FN_RATE: usual.override_factor,
        StreamKind.FALSE_ALARM_RATE: usual.false_alarm_factor,
        StreamKind.PPV: usual.ppv_factor,
        StreamKind.CALIBRATION: usual.calibration,
    }
    return {kind: sorted({*GRID[kind], tolerance}) for kind, tolerance in asked.items()}


def threshold(among: int) -> float:
    """Return the level at which one stream escalates by itself among so many: e-BH with k = 1."""
    return HORIZON * among / SHARE_FALSE


def _engine() -> Mapping[StreamKind, Sequence[float]]:
    usual = Tolerances()
    return {
        StreamKind.SCORE: (usual.shift,),
        StreamKind.FLAG_RATE: (usual.flag_factor,),
        StreamKind.OVERRIDE_RATE: (usual.override_factor,),
        StreamKind.MISS_RATE: (MISS_FACTOR,),
        StreamKind.AREA: (usual.area,),
    }


def _looks(
    random: Random, played: Played, kind: StreamKind, tolerances: Sequence[float]
) -> Iterator[_Look]:
    if kind is StreamKind.SCORE:
        yield from _of_scores(played, tolerances)
    elif kind is StreamKind.AREA and played.labelled is not None:
        yield from _of_area(random, played.labelled, tolerances)
    elif kind is StreamKind.CALIBRATION and played.claims is not None:
        yield from _of_claims(*played.claims, tolerances)
    else:
        yield from _of_rate(random, played, kind, tolerances)


def _of_scores(played: Played, tolerances: Sequence[float]) -> Iterator[_Look]:
    cases = played.counts[..., :-2].sum(-1)
    reference: Any = played.reference
    for change in (0.0, *SHIFTS):
        counts: Any = shifted(played.counts, played.reference, change, CHANGE)
        for tolerance in tolerances:
            found = bets.on_scores(counts, reference, np.full(len(counts), tolerance))
            yield _Look(
                change, follow(found), cases, MIN_SCORES, {tolerance: (found.low, found.high)}
            )


def _of_rate(
    random: Random, played: Played, kind: StreamKind, tolerances: Sequence[float]
) -> Iterator[_Look]:
    rate, changes, need, falls = {
        StreamKind.FLAG_RATE: (played.flags, FACTORS, MIN_SCORES, True),
        StreamKind.OVERRIDE_RATE: (played.overrides, FACTORS, 30, False),
        StreamKind.MISS_RATE: (played.misses, MISSES, 150, False),
        StreamKind.OVERRIDE_FP_RATE: (played.shares.get(kind), FACTORS, 30, False),
        StreamKind.OVERRIDE_FN_RATE: (played.shares.get(kind), FACTORS, 30, False),
        StreamKind.FALSE_ALARM_RATE: (played.shares.get(kind), FACTORS, 150, False),
        StreamKind.PPV: (played.shares.get(kind), MISSES, 150, True),
    }.get(kind, (None, (), 0, False))
    if rate is None:
        return
    baseline = (rate.baseline_events, rate.baseline_n)
    usual = float(baseline[0].sum() / max(1.0, baseline[1].sum()))
    bounds = {
        tolerance: (
            rates.tolerated_fall(*baseline, tolerance) if falls else np.zeros(len(baseline[0])),
            rates.tolerated_rise(*baseline, tolerance),
        )
        for tolerance in tolerances
    }
    for change in (0.0, *changes):
        now = _changed(random, kind, rate, usual, change) if change else rate
        # The evidence does not depend on the factor: it is the estimate that must pass it.
        found = bets.on_rate(now.events, now.n, baseline, tolerances[0], falls=falls)
        yield _Look(change, follow(found), now.n, need, bounds)


def _changed(random: Random, kind: StreamKind, rate: Rate, usual: float, change: float) -> Rate:
    if kind is StreamKind.PPV:
        return lowered(random, rate, max(0.0, 1 - change / max(usual, 1e-9)), CHANGE)
    factor = 1 + change / max(usual, 1e-9) if kind in _IN_POINTS else change
    return raised(random, rate, factor, CHANGE)


def _of_claims(now: Claims, before: Claims, tolerances: Sequence[float]) -> Iterator[_Look]:
    size = np.maximum(before.n.sum(-1), 1.0)
    normal = (before.gap.sum(-1) / size)[:, None]
    # As the engine has it: a day's own variance would be none where all went well.
    mean = np.cumsum(now.brier, -1) / np.maximum(np.cumsum(now.n, -1), 1.0)
    for change in (0.0, *GAPS):
        gap = now.gap - normal * now.n
        gap[..., CHANGE:] += change * now.n[..., CHANGE:]
        for tolerance in tolerances:
            found = bets.on_gaps(now.n, gap, mean * now.n, size, np.full(len(size), tolerance))
            bounds = {tolerance: (found.low, found.high)}
            yield _Look(change, follow(found), now.n, MIN_LABELLED, bounds)


def _of_area(random: Random, of: Labelled, tolerances: Sequence[float]) -> Iterator[_Look]:
    for change in (0.0, *FALLS):
        now = worsened(random, of, change, CHANGE) if change else of
        cases = now.positives[..., :-2].sum(-1).astype(np.float64)
        for tolerance in tolerances:
            each = [
                bets.on_area(up, down, of.expected, tolerance)
                for up, down in zip(now.positives, now.negatives, strict=True)
            ]
            found = Bets(
                **{name: np.stack([getattr(b, name) for b in each]) for name in vars(each[0])}
            )
            yield _Look(change, follow(found), cases, 150, {tolerance: (found.low, found.high)})


def _count(
    tallies: dict[tuple[StreamKind, float], _Tally], kind: StreamKind, look: _Look, among: int
) -> None:
    track, seen = look.track, np.cumsum(look.cases, axis=-1)
    enough = seen >= look.need
    certain = enough & (track.levels >= np.log(threshold(among)))
    for tolerance, (low, high) in look.bounds.items():
        tally = tallies.setdefault((kind, tolerance), _Tally())
        estimate = track.estimate
        beyond = (estimate < low[..., None]) | (estimate > high[..., None])
        first = _first(certain & beyond)
        if look.change:
            tally.delays.setdefault(look.change, []).extend(_delays(first, seen))
            continue
        chart = np.maximum(track.rises, track.falls) / LIMIT
        watch = _first(enough & ((track.levels >= np.log(WATCH)) | (chart >= 1)))
        tally.hits += int((first < DAYS).sum())
        tally.exposed += float(np.minimum(first + 1, DAYS).sum()) / _YEAR
        tally.watched += int((watch < DAYS).sum())
        tally.watch_exposed += float(np.minimum(watch + 1, DAYS).sum()) / _YEAR


def _first(hit: Flags) -> Any:
    return np.where(hit.any(-1), np.argmax(hit, axis=-1), DAYS)


def _delays(first: Any, seen: Numbers) -> list[tuple[float, float]]:
    """Return days and cases of each replicate that had not alarmed before; infinite for never."""
    found = []
    for replicate, day in enumerate(first.tolist()):
        if day == DAYS:
            found.append((np.inf, np.inf))
        elif day >= CHANGE:
            cases = seen[replicate, day] - seen[replicate, CHANGE - 1]
            found.append((float(day - CHANGE + 1), float(cases)))
    return found


def _expected(kind: StreamKind, tolerance: float, tally: _Tally) -> Expected:
    years = max(tally.exposed, 1e-9)
    # The exact upper limit of a Poisson mean; with none seen it is the rule of three, nearly.
    limit = _poisson_limit(tally.hits) / years
    delays = tuple(_delay(change, np.array(seen)) for change, seen in tally.delays.items())
    watches = tally.watched / max(tally.watch_exposed, 1e-9)
    return Expected(kind, tolerance, years, tally.hits, tally.hits / years, limit, watches, delays)


def _poisson_limit(hits: int) -> float:
    return float(gammaincinv(hits + 1, 0.975))


def _delay(change: float, seen: Numbers) -> Delay:
    if not len(seen):
        return Delay(change, None, None, None, None, 1.0)
    days, cases = (np.quantile(column, [0.5, 0.9], method="higher") for column in seen.T)
    return Delay(
        change,
        days=_finite(days[0]),
        days_90=_finite(days[1]),
        cases=_finite(cases[0]),
        cases_90=_finite(cases[1]),
        missed=float(np.isinf(seen[:, 0]).mean()),
    )


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
