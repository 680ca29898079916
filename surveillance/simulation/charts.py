"""Weekly control charts of a trial, as the plain numbers that a result keeps. Pure."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

import numpy as np

from surveillance.measures.histogram import valued
from surveillance.measures.ranks import ranks
from surveillance.simulation.paths import Path
from surveillance.streams.judging import Item
from surveillance.streams.kinds import StreamKind
from surveillance.streams.samples import Counted, Ranked
from vigil.kernel.web.charts.control import ControlChart, Period

FEWEST: Final = 20
_SIGMAS: Final = 3
_WEEK: Final = 7
_TITLES: Final = {
    StreamKind.SCORE: "Mean rank of the scores among the reference's",
    StreamKind.FLAG_RATE: "Share of cases flagged",
    StreamKind.OVERRIDE_RATE: "Share of decisions that override",
    StreamKind.OVERRIDE_FP_RATE: "Share of decisions that reject a flag",
    StreamKind.OVERRIDE_FN_RATE: "Share of decisions that find what was not flagged",
    StreamKind.MISS_RATE: "Share of positive cases missed",
    StreamKind.FALSE_ALARM_RATE: "Share of negative cases flagged",
    StreamKind.PPV: "Share of labelled flags that are right",
}


def numbers(sample: Item, path: Path) -> dict[str, Any] | None:
    """Return the chart of a stream; None where there is nothing to draw."""
    if not isinstance(sample, Ranked | Counted) or not len(path.ordinals) or sample.fault():
        return None
    if sample.asked.stream.kind not in _TITLES:
        return None
    total, n, variance = _sums(sample)
    week = (sample.asked.ordinals - path.ordinals[0]) // _WEEK
    weeks = int(path.ordinals[-1] - path.ordinals[0]) // _WEEK + 1
    sums, cases = (np.bincount(week, weights=w, minlength=weeks) for w in (total, n))
    return {
        "centre": sample.normal,
        "periods": [
            _period(path, index, sums[index], int(cases[index]), sample.normal, variance)
            for index in range(weeks)
        ],
    }


def drawn(key: str, kind: str, held: Mapping[str, Any], of: str) -> ControlChart:
    """Return the chart that numbers are of."""
    title = f"{_TITLES[StreamKind(kind)]}, {of}"
    periods = [Period(**period) for period in held["periods"]]
    return ControlChart(key, title, held["centre"], periods, percent=True)


def _sums(sample: Ranked | Counted) -> tuple[Any, Any, float]:
    if isinstance(sample, Ranked):
        held = valued(sample.counts)
        return held @ ranks(sample.reference), held.sum(1), 1 / 12
    return sample.events, sample.n, sample.normal * (1 - sample.normal)


def _period(
    path: Path, index: int, total: float, n: int, normal: float, variance: float
) -> dict[str, Any]:
    first = date.fromordinal(int(path.ordinals[0])) + timedelta(days=_WEEK * index)
    spread = _SIGMAS * float(np.sqrt(variance / n)) if n else 0.0
    return {
        "label": f"{first.day} {first:%b %Y}",
        "value": round(float(total) / n, 5) if n >= FEWEST else None,
        "lower": round(max(0.0, normal - spread), 5),
        "upper": round(min(1.0, normal + spread), 5),
        "n": n,
    }
