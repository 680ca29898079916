"""What the engine says of each stream on every day, as if it had been running. Pure.

One pass of `measures.tracks` gives every day at once. The sentence of a day is that of the engine's
own look at the days until then (`streams.judging`), so that both say the same.
"""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from surveillance.measures.cusum import LIMIT
from surveillance.measures.detector import HORIZON, WATCH
from surveillance.measures.ebh import SHARE_FALSE
from surveillance.measures.histogram import Counts
from surveillance.measures.tracks import follow
from surveillance.streams.assessment import Assessment, Verdict
from surveillance.streams.judging import Item, judge
from surveillance.streams.kinds import Stream
from surveillance.streams.samples import Sample

_DAILY: Final = ("counts", "events", "n", "truths", "claim", "variance", "positives", "negatives")
_MOST: Final = 500.0  # of a logarithm: beyond this nobody tells levels apart
Levels = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Path:
    """One stream, on each calendar day of the trial.

    Attributes:
        ordinals: the calendar days, the same for all streams.
        verdicts: one for each of them.
        log_levels: the detector's level; minus infinity before the first case.
        standing: the engine's look on the last day.
        at_watch: its look on the first day that was more than quiet.
        at_escalation: its look on the first day that escalated.
    """

    stream: Stream
    ordinals: Counts
    verdicts: tuple[Verdict, ...]
    log_levels: Levels
    standing: Assessment
    at_watch: Assessment | None
    at_escalation: Assessment | None

    @property
    def first_watch(self) -> date | None:
        return self._first({Verdict.WATCH, Verdict.ESCALATE})

    @property
    def first_escalation(self) -> date | None:
        return self._first({Verdict.ESCALATE})

    def _first(self, among: set[Verdict]) -> date | None:
        found = (i for i, verdict in enumerate(self.verdicts) if verdict in among)
        first = next(found, None)
        return None if first is None else date.fromordinal(int(self.ordinals[first]))


@dataclass(frozen=True)
class _Trace:
    """One stream on its own days."""

    sample: Sample
    log_levels: Levels
    e_values: Levels
    is_enough: Flags
    is_watched: Flags
    is_beyond: Flags


def follow_all(items: Sequence[Item], among: int = 1) -> list[Path]:
    """Follow every sample over all days; what is assessed already stays so on each of them.

    Args:
        items: the streams.
        among: over how many streams false alarms are shared; these are counted at least.
    """
    traces = _traces(items)
    days = _days(items)
    e_values = np.zeros((len(items), len(days)))
    for row, trace in enumerate(traces):
        if trace is not None:
            gained = np.where(trace.is_enough & trace.is_beyond, trace.e_values, 0.0)
            e_values[row] = _on(days, trace.sample, gained, 0.0)
    named = discovered(e_values, max(among, len(items))) if e_values.size else e_values > 0
    return [
        _silent(item, days) if trace is None else _path(trace, days, is_named)
        for item, trace, is_named in zip(items, traces, named, strict=True)
    ]


def discovered(e_values: Levels, total: int, q: float = SHARE_FALSE) -> Flags:
    """Return what e-BH names on each day; e-values are (streams, days) of `total` streams."""
    ordered = -np.sort(-e_values, axis=0)
    rank = np.arange(1, len(e_values) + 1)[:, None]
    passes = ordered * q * rank >= total
    count = np.where(passes.any(0), len(e_values) - np.argmax(passes[::-1], axis=0), 0)
    least = np.take_along_axis(ordered, np.maximum(count - 1, 0)[None], 0)[0]
    found: Flags = (e_values >= least) & (count > 0)
    return found


def until(sample: Any, days: int) -> Any:
    """Return the sample as it was after so many of its days."""
    cut = {name: getattr(sample, name)[:days] for name in _DAILY if hasattr(sample, name)}
    asked = replace(sample.asked, ordinals=sample.asked.ordinals[:days])
    return replace(sample, asked=asked, **cut)


def _days(items: Sequence[Item]) -> Counts:
    """Return the calendar days from the first of any stream to the last."""
    samples = [item for item in items if not isinstance(item, Assessment)]
    held = [sample.asked.ordinals for sample in samples if len(sample.asked.ordinals)]
    if not held:
        return np.empty(0, dtype=np.int64)
    return np.arange(min(each[0] for each in held), max(each[-1] for each in held) + 1)


def _traces(items: Sequence[Item]) -> list[_Trace | None]:
    found: list[_Trace | None] = [None] * len(items)
    shapes: dict[Hashable, list[tuple[int, Sample]]] = defaultdict(list)
    for index, item in enumerate(items):
        if isinstance(item, Assessment) or not len(item.asked.ordinals) or item.fault():
            continue
        shapes[item.shape].append((index, item))
    for each in shapes.values():
        some: Any = [sample for _, sample in each]
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            track = follow(type(some[0]).bets(some))
            beyond = track.is_beyond
        for row, (index, sample) in enumerate(each):
            length = len(sample.asked.ordinals)
            level = track.levels[row, :length]
            chart = np.maximum(track.rises[row, :length], track.falls[row, :length]) / LIMIT
            age = np.maximum(np.arange(1, length + 1), HORIZON)
            found[index] = _Trace(
                sample,
                level,
                np.exp(np.minimum(level, _MOST)) / age,
                np.cumsum(sample.cases) >= max(1, sample.asked.need),
                (level >= np.log(WATCH)) | (chart >= 1),
                beyond[row, :length],
            )
    return found


def _path(trace: _Trace, days: Counts, is_named: Flags) -> Path:
    sample = trace.sample
    enough = _on(days, sample, trace.is_enough, False)
    watched = enough & _on(days, sample, trace.is_watched, False)
    escalated = enough & is_named
    verdicts = tuple(
        Verdict.INSUFFICIENT
        if not is_enough
        else Verdict.ESCALATE
        if is_escalated
        else Verdict.WATCH
        if is_watched
        else Verdict.QUIET
        for is_enough, is_watched, is_escalated in zip(enough, watched, escalated, strict=True)
    )
    (standing,) = judge([sample])
    if standing.fault is not None:
        return _silent(sample, days)
    if standing.event is not None:
        verdicts = (*verdicts[:-1], standing.verdict)
    return Path(
        sample.asked.stream,
        days,
        verdicts,
        _on(days, sample, trace.log_levels, -np.inf),
        standing,
        _look(sample, days, watched | escalated),
        _look(sample, days, escalated),
    )


def _look(sample: Sample, days: Counts, hit: Flags) -> Assessment | None:
    """Return what the engine said on the first day that was hit."""
    if not hit.any():
        return None
    day = int(days[np.argmax(hit)])
    seen = int(np.searchsorted(sample.asked.ordinals, day, side="right"))
    (found,) = judge([until(sample, seen)])
    return found


def _silent(item: Item, days: Counts) -> Path:
    (standing,) = judge([item])
    levels = np.full(len(days), -np.inf)
    verdicts = (standing.verdict,) * len(days)
    return Path(standing.stream, days, verdicts, levels, standing, None, None)


def _on(days: Counts, sample: Sample, values: NDArray[Any], before: Any) -> NDArray[Any]:
    """Return values on calendar days: a day without a case says what the last one with one did."""
    place = np.searchsorted(sample.asked.ordinals, days, side="right") - 1
    found: NDArray[Any] = np.where(place < 0, before, values[np.maximum(place, 0)])
    return found
