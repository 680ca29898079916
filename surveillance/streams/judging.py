"""From samples to assessments: many at once, and none stopped by another. Pure.

What one stream's numbers do to the arithmetic is that stream's verdict, never the end of the look
at all others: a batch that fails is judged again one by one.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from datetime import date
from typing import Any

import numpy as np

from surveillance.measures.detector import WATCH, Evidence
from surveillance.measures.standing import Standing, standings
from surveillance.streams.assessment import (
    RECENT_DAYS,
    Assessment,
    Bounds,
    Shortage,
    shortage_of,
)
from surveillance.streams.kinds import Stream
from surveillance.streams.samples import Sample

# More would leave the processor's cache; fewer would be all overhead.
TOGETHER = 40
# Days of streams that are held at once: memory does not grow with the network.
HELD = 100_000
Item = Sample | Assessment


def judge(items: Iterable[Item]) -> list[Assessment]:
    """Assess every sample, in their order; what is assessed already is passed on."""
    found: list[Assessment] = []
    waiting: list[Item] = []
    held = 0
    for item in items:
        waiting.append(item)
        held += 0 if isinstance(item, Assessment) else len(item.asked.ordinals)
        if held > HELD:
            found.extend(_assessed(waiting))
            waiting, held = [], 0
    return [*found, *_assessed(waiting)]


def made(stream: Stream, reference_id: str | None, make: Callable[[], Item]) -> Item:
    """Return what `make` does, or why it could not: one stream never stops the others."""
    try:
        return make()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is this stream's verdict
        fault = f"{type(error).__name__}: {error}"
        return Assessment(**vars(stream), reference_id=reference_id, fault=fault)


def lacking(stream: Stream, reference_id: str | None, shortage: Shortage) -> Assessment:
    """Return that a stream lacks something before any of its days is looked at."""
    return Assessment(**vars(stream), reference_id=reference_id, n=shortage.have, shortage=shortage)


def _assessed(items: Sequence[Item]) -> list[Assessment]:
    found: dict[int, Assessment] = {}
    ready: dict[Hashable, list[tuple[int, Sample]]] = defaultdict(list)
    for index, item in enumerate(items):
        if isinstance(item, Assessment):
            found[index] = item
        elif (fault := _fault(item)) is not None:
            found[index] = _not_judged(item, fault)
        elif _total(item) < _least(item):
            found[index] = _short(item)
        else:
            ready[item.shape].append((index, item))
    for each in ready.values():
        # Streams of like length together: less of the array is filling.
        each.sort(key=lambda one: len(one[1].asked.ordinals))
        for part in _parts(each):
            done = _judged([sample for _, sample in part])
            found.update((index, one) for (index, _), one in zip(part, done, strict=True))
    return [found[index] for index in range(len(items))]


def _parts(ready: Sequence[tuple[int, Sample]]) -> Iterator[Sequence[tuple[int, Sample]]]:
    for start in range(0, len(ready), TOGETHER):
        yield ready[start : start + TOGETHER]


def _judged(samples: Sequence[Sample]) -> list[Assessment]:
    try:
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            of: Any = type(samples[0])
            lengths = np.array([len(sample.asked.ordinals) for sample in samples])
            found = standings(of.bets(samples), lengths)
        return [_done(one, where) for one, where in zip(samples, found, strict=True)]
    except Exception as error:  # noqa: BLE001 - whatever it is, it is this stream's verdict
        if len(samples) == 1:
            return [_not_judged(samples[0], f"{type(error).__name__}: {error}")]
        return [each for sample in samples for each in _judged([sample])]


def _fault(sample: Sample) -> str | None:
    ordinals = sample.asked.ordinals
    # Labels that came on one day, but are dated on several, are several of one day.
    if len(ordinals) > 1 and (np.diff(ordinals) < 0).any():
        return "its days are out of order"
    return sample.fault() if len(ordinals) else None


def _total(sample: Sample) -> int:
    return int(sample.cases.sum()) if len(sample.asked.ordinals) else 0


def _least(sample: Sample) -> int:
    """Return how many cases are needed to say anything; an estimate needs one at least."""
    asked = sample.asked
    return max(1, asked.need if asked.show is None else asked.show)


def _done(sample: Sample, where: Standing) -> Assessment:
    asked, n = sample.asked, _total(sample)
    if not (math.isfinite(where.low) and math.isfinite(where.high)) or math.isnan(where.log_level):
        return _not_judged(sample, "its numbers are not finite")
    is_enough = n >= asked.need
    evidence = Evidence(where.log_level, len(asked.ordinals), where.since) if is_enough else None
    first = _first(sample, where if is_enough else None)
    window = (_day(asked.ordinals[first]), _day(asked.ordinals[-1]))
    return Assessment(
        **vars(asked.stream),
        reference_id=asked.reference_id,
        n=n,
        shortage=None if is_enough else _shortage(sample),
        event=sample.event() if is_enough else None,
        bounds=Bounds(sample.normal, where.low, where.high),
        evidence=evidence,
        interval=sample.interval(first, where.between),
        window=window,
        cusum=where.cusum if is_enough else 0.0,
        reliance=sample.reliance(first),
    )


def _first(sample: Sample, where: Standing | None) -> int:
    """Return the day that the window begins on: that of the likely change, or the recent days.

    It reaches back as far as the last case, where the days after the change had none; and over all
    days, where there are too few cases for more than an estimate.
    """
    days = len(sample.asked.ordinals)
    if where is None:
        return 0
    is_watched = where.log_level >= np.log(WATCH)
    begins = where.since if is_watched else max(0, days - RECENT_DAYS)
    return min(begins, int(np.flatnonzero(sample.cases)[-1]))


def _short(sample: Sample) -> Assessment:
    asked = sample.asked
    return Assessment(
        **vars(asked.stream),
        reference_id=asked.reference_id,
        n=_total(sample),
        shortage=_shortage(sample),
        reliance=asked.reliance,
    )


def _shortage(sample: Sample) -> Shortage:
    asked = sample.asked
    return shortage_of(asked.ordinals, sample.cases, asked.what, asked.need)


def _not_judged(sample: Sample, fault: str) -> Assessment:
    asked = sample.asked
    return Assessment(**vars(asked.stream), reference_id=asked.reference_id, fault=fault)


def _day(ordinal: Any) -> date:
    return date.fromordinal(int(ordinal))
