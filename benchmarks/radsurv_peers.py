"""What others would have done with the same scores: detectors as their makers ship them.

Each peer gives, for one year, the days on which it alarms. Per-case detectors see the cases in
order and are restarted after an alarm, as their manuals say.
"""

import os
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from scipy.stats import ks_2samp

from benchmarks.radsurv_worlds import DAYS, Numbers, Year
from surveillance.measures.histogram import valued
from surveillance.measures.ranks import ranks

Alarms = Callable[[Year], list[int]]
EVIDENTLY_THRESHOLD = 0.1
CUSUM_SLACK = 0.5
RANK_SD = (1 / 12) ** 0.5


def peers() -> Mapping[str, Alarms]:
    """Return those that are installed."""
    found: dict[str, Alarms] = {
        "KS p<0.05 daily": lambda year: _daily(year, _kolmogorov_smirnov),
        "Evidently default daily": evidently_default(),
    }
    if find_spec("river"):
        drift: Any = import_module("river.drift")
        found["river ADWIN"] = lambda year: _by_case(year, drift.ADWIN)
        found["river PageHinkley"] = lambda year: _by_case(year, drift.PageHinkley)
    return found


def missing() -> list[str]:
    """Return the peers that are not installed, by name."""
    return [name for name in ("river", "nannyml") if find_spec(name) is None]


def evidently_default() -> Alarms:
    """Return Evidently's own test for a number whose reference has more than 1,000 rows."""
    os.environ["DO_NOT_TRACK"] = "1"
    tests: Any = import_module("evidently.legacy.calculations.stattests")
    kinds: Any = import_module("evidently.legacy.core").ColumnType
    series: Any = import_module("pandas").Series

    def drifted(reference: Numbers, current: Numbers) -> bool:
        answer = tests.wasserstein_stat_test.func(
            series(reference), series(current), kinds.Numerical, EVIDENTLY_THRESHOLD
        )
        return bool(answer[1])

    return lambda year: _daily(year, drifted)


def cusum(year: Year, limit: float) -> list[int]:
    """Return the alarms of a two-sided CUSUM of day scores (Page, Biometrika 1954;41:100-115)."""
    up = down = 0.0
    alarms = []
    for day, z in enumerate(day_scores(year)):
        up, down = max(0.0, up + z - CUSUM_SLACK), max(0.0, down - z - CUSUM_SLACK)
        if max(up, down) >= limit:
            alarms.append(day)
            up = down = 0.0
    return alarms


def largest_cusum(year: Year) -> float:
    """Return how high the CUSUM of a year rises: what its limit is tuned on."""
    up = down = top = 0.0
    for z in day_scores(year):
        up, down = max(0.0, up + z - CUSUM_SLACK), max(0.0, down - z - CUSUM_SLACK)
        top = max(top, up, down)
    return top


def day_scores(year: Year) -> Numbers:
    """Return each day's mean rank in its own standard errors."""
    held = valued(year.counts)
    n = held.sum(-1)
    scores: Numbers = (held @ ranks(year.reference.counts) / n - 0.5) * np.sqrt(n) / RANK_SD
    return scores


def _kolmogorov_smirnov(reference: Numbers, current: Numbers) -> bool:
    return bool(ks_2samp(reference, current, method="asymp").pvalue < 0.05)


def _daily(year: Year, drifted: Callable[[Numbers, Numbers], bool]) -> list[int]:
    score, day = year.cases
    cut = np.searchsorted(day, np.arange(DAYS + 1))
    return [
        each
        for each in range(DAYS)
        if drifted(year.reference.scores, score[cut[each] : cut[each + 1]])
    ]


def _by_case(year: Year, detector: Callable[[], Any]) -> list[int]:
    running, alarms = detector(), []
    for score, day in zip(*(column.tolist() for column in year.cases), strict=True):
        running.update(score)
        if running.drift_detected:
            alarms.append(day)
            running = detector()
    return sorted(set(alarms))
