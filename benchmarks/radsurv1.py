"""RADSURV-1: false alarms and delays of Vigil's engine, beside a tuned CUSUM and its peers.

    python -m benchmarks.radsurv1 [--streams 500] [--repeats 100] [--peer-streams 20]

What is simulated is in `radsurv_worlds`, what judges in `radsurv_engine`; gates and their meaning
are in benchmarks/README.md.
"""

import argparse
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks import radsurv_peers
from benchmarks.radsurv_engine import (
    ESCALATE,
    NEVER,
    Watched,
    first_discoveries,
    same_as_daily,
    watch,
)
from benchmarks.radsurv_peers import table
from benchmarks.radsurv_worlds import (
    CHANGE,
    NULLS,
    PER_DAY,
    Change,
    Delay,
    World,
    Year,
    year,
    years,
)
from surveillance.measures.detector import HORIZON
from surveillance.measures.ebh import SHARE_FALSE

CHANGED_SHARE = 20  # one stream in twenty
TOLERATED_SHARE = 5  # one in five, where small changes stand beside
BUDGET = 0.05
BESIDE = "N0 beside tolerated changes"
AMONG = HORIZON * 500 / SHARE_FALSE  # the level that e-BH asks of a single one of 500 streams
SHOWS = {
    Change.SHIFT_SMALL: "score",
    Change.SHIFT: "score",
    Change.RAMP: "score",
    Change.PREVALENCE: "flag rate",
    Change.SUBGROUP: "misses in group",
    Change.OVERRIDE: "overrides",
    Change.MAKER: "maker, new",
    Change.CALIBRATION: "claims",
}


@dataclass
class Stopwatch:
    """Processor seconds of the engine alone, without the simulation, and of how many years."""

    seconds: float = 0.0
    years: int = 0

    def watch(self, of: Sequence[Year]) -> list[Mapping[str, Watched]]:
        started = time.process_time()
        found = watch(of)
        self.seconds += time.process_time() - started
        self.years += len(of)
        return found

    def first_discoveries(self, streams: Sequence[Watched]) -> list[int]:
        started = time.process_time()
        found = first_discoveries(streams)
        self.seconds += time.process_time() - started
        return found


@dataclass(frozen=True)
class Quiet:
    """What happened in years in which nothing changed.

    Attributes:
        by_stream: watches a year, the share that escalates by itself, and how many years have it.
        escalated: the share of all streams that e-BH escalates.
        model_years: e-BH's escalations in the year of one model, all its streams together.
        seconds: of the processor, for the whole pass.
    """

    by_stream: Mapping[str, tuple[float, float, int]]
    escalated: float
    model_years: float
    seconds: float

    @property
    def most_watches(self) -> float:
        return max(watches for watches, _, _ in self.by_stream.values())

    @property
    def most_alone(self) -> float:
        return max(alone for _, alone, _ in self.by_stream.values())


@dataclass(frozen=True)
class Found:
    """How soon a change was told, and by whom.

    Attributes:
        alone: Vigil's escalation of the stream that should show it, by itself.
        network: the same where it is one of 500 streams that e-BH is over.
        watched: Vigil's watch.
        charted: the CUSUM that is tuned to 5 % of unchanged streams a year.
        limit: that of the CUSUM.
        agreed: how many of the escalations the engine's own look on that day finds as well.
    """

    alone: Delay
    network: Delay
    watched: Delay
    charted: Delay
    limit: float
    agreed: tuple[int, int]

    @property
    def ratio(self) -> str:
        known = np.isfinite([self.alone.median, self.charted.median]).all()
        return f"{self.alone.median / self.charted.median:.1f}" if known else ""


def quiet(world: World, streams: int) -> Quiet:
    """Watch years without a change."""
    clock = Stopwatch()
    by_name: dict[str, list[Watched]] = {}
    for some in batches(world, streams):
        for each in clock.watch(some):
            for name, stream in each.items():
                by_name.setdefault(name, []).append(replace(stream, sample=None))
    everything = [one for group in by_name.values() for one in group]
    escalated = np.asarray(clock.first_discoveries(everything)) < NEVER
    return Quiet(
        {
            name: (
                float(np.mean([one.watches for one in group])),
                float(np.mean([one.first() < NEVER for one in group])),
                len(group),
            )
            for name, group in by_name.items()
        },
        float(escalated.mean()),
        float(escalated.sum() / streams),
        clock.seconds,
    )


def batches(world: World, count: int, size: int = 40) -> Iterable[list[Year]]:
    """Play years in portions, so that memory does not grow with their number."""
    for start in range(0, count, size):
        yield [year(world, index) for index in range(start, min(count, start + size))]


def false_discoveries(
    streams: int, *, day_effects: bool, beside_tolerated: bool = False
) -> tuple[float, float]:
    """Return the share of a year's escalations that are false, and the share of changes found.

    With `beside_tolerated` a fifth of the years change by less than is tolerated: to escalate one
    of these is false as well.
    """
    changed = max(1, streams // CHANGED_SHARE)
    tolerated = changed + beside_tolerated * streams // TOLERATED_SHARE
    world = World(has_day_effects=day_effects, seed=11)
    watched: list[Watched] = []
    owner: list[int] = []
    for index in range(streams):
        change = Change.TOLERATED if changed <= index < tolerated else Change.NOTHING
        change = Change.SHIFT if index < changed else change
        (found,) = watch([year(replace(world, change=change), index)])
        watched += [replace(one, sample=None) for one in found.values()]
        owner += [index] * len(found)
    days = first_discoveries(watched)
    named = [(who, day) for who, day in zip(owner, days, strict=True) if day < NEVER]
    false = [who for who, day in named if who >= changed or day < CHANGE]
    right = {who for who, day in named if who < changed and day >= CHANGE}
    return len(false) / max(1, len(named)), len(right) / changed


def delays(repeats: int, streams: int, *, day_effects: bool) -> Mapping[Change, Found]:
    """Return how long each change took to be told, by the engine and by the tuned CUSUM."""
    null = World(has_day_effects=day_effects, per_day=PER_DAY, seed=31)
    highest: dict[Change, list[float]] = {change: [] for change in SHOWS}
    for each in years(null, streams):
        for change in SHOWS:
            z = radsurv_peers.day_scores(each, change)
            highest[change].append(radsurv_peers.largest_cusum(z))
    return {
        change: _found(
            World(change, has_day_effects=day_effects, per_day=PER_DAY, seed=21),
            repeats,
            float(np.quantile(highest[change], 1 - BUDGET)),
        )
        for change in SHOWS
    }


def _found(world: World, repeats: int, limit: float) -> Found:
    change = world.change
    played = list(years(world, repeats))
    streams = [each[SHOWS[change]] for each in watch(played)]
    alone = [one.first(start=CHANGE) for one in streams]
    scores = (radsurv_peers.day_scores(each, change) for each in played)
    told = [(one, day) for one, day in zip(streams, alone, strict=True) if day < NEVER]

    def delay(days: Iterable[int]) -> Delay:
        return Delay.of(list(zip(played, days, strict=True)))

    return Found(
        alone=delay(alone),
        network=delay(one.first(start=CHANGE, least=AMONG) for one in streams),
        watched=delay(one.first_watch(start=CHANGE) for one in streams),
        charted=delay(_after(radsurv_peers.cusum(z, limit)) for z in scores),
        limit=limit,
        agreed=(sum(same_as_daily(one, day) for one, day in told), len(told)),
    )


def _after(alarms: Sequence[int]) -> int:
    return next((day for day in alarms if day >= CHANGE), NEVER)


def gates(
    nulls: Mapping[str, Quiet],
    discoveries: Mapping[str, tuple[float, float]],
    found: Mapping[Change, Found],
) -> list[tuple[str, str, bool]]:
    """Return each gate with what was measured and whether it is met."""
    rows: list[tuple[str, str, bool]] = []
    false, right = discoveries[BESIDE]
    text = f"{false:.1%}, {right:.0%} of changes found"
    rows.append((f"{BESIDE} FDP <= 10 %", text, false <= 2 * BUDGET))
    for name in ("N0", "N1"):
        each = nulls[name]
        share = f"worst stream by itself {each.most_alone:.1%}; e-BH {each.escalated:.2%}"
        rows.append((f"{name} escalated <= 5 %", share, each.most_alone <= BUDGET))
        watches = f"worst stream {each.most_watches:.2f}"
        rows.append((f"{name} watch <= 1 a year", watches, each.most_watches <= 1))
        false, right = discoveries[name]
        text = f"{false:.1%}, {right:.0%} of changes found"
        rows.append((f"{name} FDP <= 10 %", text, false <= 2 * BUDGET))
    for change, limit in (
        (Change.SHIFT, 400),
        (Change.SHIFT_SMALL, 2500),
        (Change.OVERRIDE, 1000),
        (Change.PREVALENCE, 1500),
    ):
        cases = found[change].alone.median_cases
        rows.append((f"{change.value} <= {limit:,} cases", f"{cases:,.0f}", cases <= limit))
    positives = found[Change.SUBGROUP].alone.median_positives
    rows.append(
        (f"{Change.SUBGROUP.value} <= 400 positives", f"{positives:,.0f}", positives <= 400)
    )
    seconds = max(each.seconds for each in nulls.values())
    text = f"{seconds:.1f} s (slowest of three)"
    rows.append(("whole pass of streams x 365 days < 60 CPU s", text, seconds < 60))
    return rows


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.radsurv1")
    parser.add_argument("--streams", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=100)
    parser.add_argument("--peer-streams", type=int, default=20)
    asked = parser.parse_args()
    nulls = {name: quiet(world, asked.streams) for name, world in NULLS.items()}
    print_quiet(nulls, asked.streams)
    found = delays(asked.repeats, asked.streams, day_effects=False)
    uneven = delays(asked.repeats, asked.streams, day_effects=True)
    print_delays("days alike", found)
    print_delays("days that differ by 0.1 sd, and weekends", uneven)
    false = {
        name: false_discoveries(asked.streams, day_effects=name == "N1") for name in ("N0", "N1")
    }
    false[BESIDE] = false_discoveries(asked.streams, day_effects=False, beside_tolerated=True)
    said = [
        [name, measured, "yes" if met else "NO"]
        for name, measured, met in gates(nulls, false, found)
    ]
    print(f"\n{table(('gate', 'measured', 'met'), said)}", flush=True)
    print_peers(nulls, found, asked.peer_streams)


def print_quiet(nulls: Mapping[str, Quiet], streams: int) -> None:
    print(f"{streams} years without a change: escalated by itself, and watches a year\n")
    names = dict.fromkeys(name for each in nulls.values() for name in each.by_stream)
    cells = [
        [name, *(_of_stream(each, name, streams) for each in nulls.values())] for name in names
    ]
    cells.append(["e-BH over all: streams", *(f"{q.escalated:.2%}" for q in nulls.values())])
    cells.append(["e-BH: in a model-year", *(f"{q.model_years:.3f}" for q in nulls.values())])
    cells.append(["CPU s of the pass", *(f"{q.seconds:.1f}" for q in nulls.values())])
    print(table(("stream", *nulls), cells), flush=True)


def _of_stream(each: Quiet, name: str, streams: int) -> str:
    if name not in each.by_stream:
        return "insufficient data"
    watches, alone, known = each.by_stream[name]
    short = f", insufficient data in {1 - known / streams:.0%}" if known < streams else ""
    return f"{alone:.1%}, {watches:.2f}{short}"


def print_delays(world: str, found: Mapping[Change, Found]) -> None:
    print(f"\n{PER_DAY} cases a day, {world}; labels after 14 days: median (90 %)\n")
    rows = [
        [
            change.value,
            SHOWS[change],
            str(of.alone),
            str(of.network),
            str(of.watched),
            f"{of.charted} (limit {of.limit:.1f})",
            of.ratio,
            f"{of.agreed[0]} of {of.agreed[1]}",
        ]
        for change, of in found.items()
    ]
    head = (
        "change",
        "stream",
        f"escalated, R >= {ESCALATE:,.0f}",
        "one of 500",
        "watch",
        "CUSUM, 5 % a year",
        "x CUSUM",
        "same by the daily look",
    )
    print(table(head, rows), flush=True)


def print_peers(nulls: Mapping[str, Quiet], found: Mapping[Change, Found], streams: int) -> None:
    """Print peers on scores alone; Vigil's row is of all streams, and of the changes above."""
    print(f"\nScores alone, beside peers, {streams} streams each\n")
    watches, alone = (
        [nulls[name].by_stream["score"][at] for name in ("N0", "N1")] for at in (0, 1)
    )
    changes = radsurv_peers.SCORE_CHANGES
    rows = [
        ["Vigil, escalated", *(f"{share:.1%}" for share in alone)],
        ["Vigil, watch", *(f"{count:.2f}" for count in watches)],
    ]
    rows[0] += [str(found[change].alone) for change in changes]
    rows[1] += [str(found[change].watched) for change in changes]
    print(table(radsurv_peers.HEAD, rows + radsurv_peers.rows(streams)))
    if radsurv_peers.missing():
        print(f"\nNot installed, so not measured: {', '.join(radsurv_peers.missing())}.")


if __name__ == "__main__":
    main()
