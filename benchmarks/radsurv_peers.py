"""What others would have done with the same days: detectors as their makers ship them, and a CUSUM.

    python -m benchmarks.radsurv_peers [--streams 20] [--only NannyML]

runs the peers that are installed. Each gives, for one year, the days on which it alarms; those that
see one case after the other are restarted after an alarm, as their manuals say.
"""

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from scipy.stats import ks_2samp

from benchmarks.radsurv_worlds import (
    CHANGE,
    DAYS,
    NULLS,
    PER_DAY,
    Change,
    Delay,
    Numbers,
    World,
    Year,
    claimed,
    years,
)
from surveillance.measures import cusum as chart
from surveillance.measures.histogram import Counts, valued
from surveillance.measures.ranks import ranks

Alarms = Callable[[Year], list[int]]
EVIDENTLY_THRESHOLD = 0.1
WEEKS_BACK = 52 * 7  # so that the reference begins with a whole week
RANK_SD = (1 / 12) ** 0.5
SCORE_CHANGES = (Change.SHIFT_SMALL, Change.SHIFT, Change.RAMP, Change.PREVALENCE)
HEAD = ("method", "N0 alarms a year, streams", "N1", *(each.value for each in SCORE_CHANGES))


def peers() -> Mapping[str, Alarms]:
    """Return those that are installed."""
    found: dict[str, Alarms] = {"KS p<0.05 daily": lambda year: _daily(year, _kolmogorov_smirnov)}
    if find_spec("evidently"):
        found["Evidently default daily"] = evidently_default(1)
        found["Evidently default weekly"] = evidently_default(7)
    if find_spec("river"):
        drift: Any = import_module("river.drift")
        found["river ADWIN"] = lambda year: _by_case(year, drift.ADWIN)
        found["river PageHinkley"] = lambda year: _by_case(year, drift.PageHinkley)
    if find_spec("nannyml"):
        found["NannyML Jensen-Shannon daily"] = lambda year: nannyml_default(year, "D")
        found["NannyML Jensen-Shannon weekly"] = lambda year: nannyml_default(year, "W")
    return found


def missing() -> list[str]:
    """Return the peers that are not installed, by name."""
    return [name for name in ("evidently", "river", "nannyml") if find_spec(name) is None]


def evidently_default(days: int) -> Alarms:
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

    return lambda year: _daily(year, drifted, days)


def nannyml_default(year: Year, period: str) -> list[int]:
    """Return when NannyML's default for a number alarms; the reference is spread as the year is."""
    os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
    nannyml: Any = import_module("nannyml")
    pandas: Any = import_module("pandas")
    start = pandas.Timestamp("2025-01-06")
    score, day = year.cases
    before = np.arange(year.reference.n) * year.n.mean() ** -1
    known, now = (
        pandas.DataFrame({"score": of, "at": start + pandas.to_timedelta(when, unit="D")})
        for of, when in ((year.reference.scores, before - WEEKS_BACK), (score, day))
    )
    calculator = nannyml.UnivariateDriftCalculator(
        column_names=["score"], timestamp_column_name="at", chunk_period=period
    )
    found = calculator.fit(known).calculate(now).filter(period="analysis").to_df()
    ends = found["chunk", "chunk", "end_date"][found["score", "jensen_shannon", "alert"]]
    return sorted({min(DAYS - 1, (end - start).days) for end in ends})


def cusum(z: Numbers, limit: float) -> list[int]:
    """Return the alarms of a two-sided CUSUM (Page, Biometrika 1954;41:100-115)."""
    up = down = 0.0
    alarms = []
    for day, each in enumerate(z.tolist()):
        up, down = max(0.0, up + each - chart.SLACK), max(0.0, down - each - chart.SLACK)
        if max(up, down) >= limit:
            alarms.append(day)
            up = down = 0.0
    return alarms


def largest_cusum(z: Numbers) -> float:
    """Return how high the CUSUM of a year rises: what its limit is tuned on."""
    return float(max(chart.rises(z).max(), chart.rises(-z).max()))


def day_scores(year: Year, change: Change) -> Numbers:
    """Return each day of what a change shows in, in standard errors that know no day effects.

    The textbook's chart: the reference is taken for the truth, and days for alike.
    """
    known = year.reference
    match change:
        case Change.SUBGROUP:
            there = valued(year.group.positives).sum(-1)
            return _rate(year.group.missed, there, int(known.group.missed), known.group.positives)
        case Change.OVERRIDE:
            return _rate(year.overridden, year.n, known.overridden, known.counts)
        case Change.PREVALENCE:
            return _rate(year.flagged, year.n, known.flagged, known.counts)
        case Change.MAKER:
            # What never was has no standard error: the chart sees the most frequent one lose.
            return _rate(year.makers[:, 0], year.n, int(known.makers[0]), known.makers)
        case Change.CALIBRATION:
            truths = valued(year.everybody.positives).sum(-1)
            claim = claimed(known.scores)
            variance = (truths + valued(year.everybody.negatives).sum(-1)) * np.mean(
                claim * (1 - claim)
            )
            return _divided(truths - year.claim, np.sqrt(variance))
        case _:
            held = valued(year.counts)
            total = held @ ranks(known.counts) - held.sum(-1) / 2
            return _divided(total, np.sqrt(held.sum(-1)) * RANK_SD)


def _rate(events: Counts, n: Counts, before: int, of: Counts) -> Numbers:
    rate = (before + 0.5) / (float(of.sum()) + 1)
    return _divided(events - n * rate, np.sqrt(n * rate * (1 - rate)))


def _divided(total: Numbers, error: Numbers) -> Numbers:
    found: Numbers = np.divide(total, error, out=np.zeros(len(total)), where=error > 0)
    return found


def row(alarms: Alarms, streams: int) -> list[str]:
    """Return false alarms a year, and the delays for the changes of scores."""
    cells = []
    for world in (NULLS["N0"], NULLS["N1"]):
        counts = np.asarray([len(alarms(each)) for each in years(world, streams)])
        cells.append(f"{counts.mean():.2f}, {(counts > 0).mean():.0%}")
    for change in SCORE_CHANGES:
        world = World(change, per_day=PER_DAY, seed=21)
        told = [(each, _after(alarms(each))) for each in years(world, streams)]
        cells.append(str(Delay.of(told)))
    return cells


def _after(alarms: Sequence[int]) -> int:
    return next((day for day in alarms if day >= CHANGE), DAYS)


def _kolmogorov_smirnov(reference: Numbers, current: Numbers) -> bool:
    return bool(ks_2samp(reference, current, method="asymp").pvalue < 0.05)


def _daily(year: Year, drifted: Callable[[Numbers, Numbers], bool], days: int = 1) -> list[int]:
    """Return the last day of each period that drifted; what is left at the end is no period."""
    score, day = year.cases
    cut = np.searchsorted(day, np.arange(DAYS + 1))
    return [
        first + days - 1
        for first in range(0, DAYS - days + 1, days)
        if drifted(year.reference.scores, score[cut[first] : cut[first + days]])
    ]


def _by_case(year: Year, detector: Callable[[], Any]) -> list[int]:
    running, alarms = detector(), []
    for score, day in zip(*(column.tolist() for column in year.cases), strict=True):
        running.update(score)
        if running.drift_detected:
            alarms.append(day)
            running = detector()
    return sorted(set(alarms))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows as Markdown."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def rows(streams: int, only: str = "") -> list[list[str]]:
    """Return a row for each peer whose name holds `only`."""
    return [[name, *row(alarms, streams)] for name, alarms in peers().items() if only in name]


def main() -> None:
    """Run the peers alone."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.radsurv_peers")
    parser.add_argument("--streams", type=int, default=20)
    parser.add_argument("--only", default="")
    asked = parser.parse_args()
    print(table(HEAD, rows(asked.streams, asked.only)))


if __name__ == "__main__":
    main()
