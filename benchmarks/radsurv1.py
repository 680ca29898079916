"""RADSURV-1: false alarms and delays of Vigil's detectors, beside those of its peers.

    python -m benchmarks.radsurv1 [--streams 500] [--repeats 100] [--peer-streams 20]

What is simulated is in `radsurv_worlds`; gates and meaning are in benchmarks/README.md.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from benchmarks import radsurv_peers
from benchmarks.radsurv_engine import ESCALATE, NEVER, Watched, discovered, watch
from benchmarks.radsurv_worlds import CHANGE, Change, World, Year, year
from surveillance.measures.detector import WATCH

NULLS = {
    "N0": World(seed=1),
    "N1": World(has_day_effects=True, seed=2),
    "N2": World(has_day_effects=True, reference_size=1000, seed=3),
}
CHANGED_SHARE = 20  # one stream in twenty
BUDGET = 0.05
SHOWS = {
    Change.SHIFT_SMALL: "score",
    Change.SHIFT: "score",
    Change.RAMP: "score",
    Change.PREVALENCE: "flag rate",
    Change.SUBGROUP: "misses in group",
    Change.OVERRIDE: "overrides",
    Change.MAKER: "makers",
    Change.CALIBRATION: "claims",
}
SCORE_CHANGES = (Change.SHIFT_SMALL, Change.SHIFT, Change.RAMP, Change.PREVALENCE)


@dataclass
class Stopwatch:
    """Processor seconds of the engine alone, without the simulation."""

    seconds: float = 0.0

    def watch(self, of: Year) -> Mapping[str, Watched]:
        started = time.process_time()
        found = watch(of)
        self.seconds += time.process_time() - started
        return found

    def discovered(self, streams: Sequence[Watched]) -> list[int]:
        started = time.process_time()
        found = discovered(streams)
        self.seconds += time.process_time() - started
        return found


@dataclass(frozen=True)
class Quiet:
    """What happened in years in which nothing changed; shares are of streams."""

    by_stream: Mapping[str, tuple[float, float]]
    escalated: float
    model_years: float

    @property
    def most_watches(self) -> float:
        return max(watches for watches, _ in self.by_stream.values())

    @property
    def most_alone(self) -> float:
        return max(alone for _, alone in self.by_stream.values())


@dataclass(frozen=True)
class Delay:
    """How long until a change was escalated, at 80 cases a day."""

    days: Sequence[int]
    cases: Sequence[float]
    positives: Sequence[float] = field(default=())

    def __str__(self) -> str:
        if not self.found:
            return "never"
        low, high = np.median(self.days), np.quantile(self.days, 0.9)
        far = "never" if high >= NEVER - CHANGE else f"{high:.0f}"
        missed = f", {1 - self.found:.0%} never" if self.found < 1 else ""
        return f"{low:.0f} ({far}) d, {np.median(self.cases):,.0f} cases{missed}"

    @property
    def found(self) -> float:
        return float(np.mean(np.asarray(self.days) < NEVER - CHANGE))


def quiet(world: World, streams: int, clock: Stopwatch) -> Quiet:
    """Watch years without a change."""
    by_name: dict[str, list[Watched]] = {}
    for each in years(world, streams):
        for name, stream in clock.watch(each).items():
            by_name.setdefault(name, []).append(stream)
    everything = [stream for group in by_name.values() for stream in group]
    escalated = np.asarray(clock.discovered(everything)) < NEVER
    return Quiet(
        {
            name: (
                float(np.mean([one.alarms(WATCH) for one in group])),
                float(np.mean([one.first(ESCALATE, beyond=True) < NEVER for one in group])),
            )
            for name, group in by_name.items()
        },
        float(escalated.mean()),
        float(escalated.sum() / streams),
    )


def false_discoveries(streams: int, clock: Stopwatch, *, day_effects: bool) -> tuple[float, float]:
    """Return the share of a year's escalations that are false, and the share of changes found."""
    changed = max(1, streams // CHANGED_SHARE)
    world = World(has_day_effects=day_effects, seed=11)
    watched: list[Watched] = []
    owner: list[int] = []
    for index in range(streams):
        change = Change.SHIFT if index < changed else Change.NOTHING
        found = clock.watch(year(replace(world, change=change), index))
        watched += found.values()
        owner += [index] * len(found)
    days = clock.discovered(watched)
    named = [(who, day) for who, day in zip(owner, days, strict=True) if day < NEVER]
    false = [who for who, day in named if who >= changed or day < CHANGE]
    right = {who for who, day in named if who < changed and day >= CHANGE}
    return len(false) / max(1, len(named)), len(right) / changed


def delays(change: Change, repeats: int, clock: Stopwatch, *, day_effects: bool = False) -> Delay:
    """Return how long the stream that should show a change took to escalate."""
    world = World(change, has_day_effects=day_effects, per_day=80, seed=21)
    days, cases, positives = [], [], []
    for each in years(world, repeats):
        stream = clock.watch(each)[SHOWS[change]]
        day = stream.first(ESCALATE, beyond=True, start=CHANGE)
        days.append(day - CHANGE + 1 if day < NEVER else NEVER)
        cases.append(each.n[CHANGE : day + 1].sum() if day < NEVER else np.inf)
        held = each.group_positives[CHANGE : day + 1, :-2].sum()
        positives.append(held if day < NEVER else np.inf)
    return Delay(days, cases, positives)


def years(world: World, count: int) -> Iterator[Year]:
    return (year(world, index) for index in range(count))


def peer_row(alarms: Callable[[Year], list[int]], streams: int) -> list[str]:
    """Return a peer's false alarms a year, and its delays for the changes of scores."""
    cells = []
    for world in (NULLS["N0"], NULLS["N1"]):
        counts = [len(alarms(each)) for each in years(world, streams)]
        cells.append(f"{np.mean(counts):.2f}, {np.mean(np.asarray(counts) > 0):.0%}")
    for change in SCORE_CHANGES:
        world = World(change, per_day=80, seed=21)
        days, cases = [], []
        for each in years(world, streams):
            after = [day for day in alarms(each) if day >= CHANGE]
            days.append(after[0] - CHANGE + 1 if after else NEVER)
            cases.append(each.n[CHANGE : after[0] + 1].sum() if after else np.inf)
        cells.append(str(Delay(days, cases)))
    return cells


def gates(
    nulls: Mapping[str, Quiet],
    discoveries: Mapping[str, tuple[float, float]],
    found: Mapping[Change, Delay],
    seconds: float,
) -> list[tuple[str, str, bool]]:
    """Return each gate with what was measured and whether it is met."""
    rows: list[tuple[str, str, bool]] = []
    for name in ("N0", "N1"):
        each = nulls[name]
        share = f"{each.escalated:.2%} of streams; worst by itself {each.most_alone:.1%}"
        rows.append((f"{name} escalated <= 5 %", share, each.most_alone <= BUDGET))
        rows.append(
            (f"{name} watch <= 1 a year", f"{each.most_watches:.2f}", each.most_watches <= 1)
        )
        false, right = discoveries[name]
        text = f"{false:.1%}, {right:.0%} of changes found"
        rows.append((f"{name} FDP <= 10 %", text, false <= 2 * BUDGET))
    for change, limit in (
        (Change.SHIFT, 400),
        (Change.SHIFT_SMALL, 2500),
        (Change.OVERRIDE, 1000),
        (Change.PREVALENCE, 1500),
    ):
        cases = float(np.median(found[change].cases))
        rows.append((f"{change.value} <= {limit:,} cases", f"{cases:,.0f}", cases <= limit))
    positives = float(np.median(found[Change.SUBGROUP].positives))
    rows.append(
        (f"{Change.SUBGROUP.value} <= 400 positives", f"{positives:,.0f}", positives <= 400)
    )
    rows.append(("whole pass < 60 CPU s", f"{seconds:.1f} s", seconds < 60))
    return rows


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--streams", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=100)
    parser.add_argument("--peer-streams", type=int, default=20)
    asked = parser.parse_args()
    clock = Stopwatch()
    nulls = {name: quiet(world, asked.streams, clock) for name, world in NULLS.items()}
    false = {
        name: false_discoveries(asked.streams, clock, day_effects=name == "N1")
        for name in ("N0", "N1")
    }
    whole = clock.seconds
    found = {change: delays(change, asked.repeats, clock) for change in SHOWS}
    uneven = {change: delays(change, asked.repeats, clock, day_effects=True) for change in SHOWS}
    print_ours(nulls, found, uneven)
    print(f"\n{table(('gate', 'measured', 'met'), _said(gates(nulls, false, found, whole)))}")
    print_peers(nulls, found, asked.streams, asked.peer_streams)


def print_ours(
    nulls: Mapping[str, Quiet], found: Mapping[Change, Delay], uneven: Mapping[Change, Delay]
) -> None:
    print("Escalations of streams in which nothing changes; watches a year in brackets\n")
    names = list(nulls["N0"].by_stream)
    cells = [
        [
            name,
            *(f"{q.by_stream[name][1]:.1%} ({q.by_stream[name][0]:.2f})" for q in nulls.values()),
        ]
        for name in names
    ]
    cells.append(["e-BH over all", *(f"{q.escalated:.2%}" for q in nulls.values())])
    cells.append(["e-BH, a model-year", *(f"{q.model_years:.3f}" for q in nulls.values())])
    print(table(("stream", *nulls), cells))
    print(
        "\nDelay until escalated: median (90th percentile), 80 cases a day, labels after 14 days\n"
    )
    rows = [[c.value, SHOWS[c], str(found[c]), str(uneven[c])] for c in found]
    print(table(("change", "stream", "even days", "uneven days"), rows))


def print_peers(
    nulls: Mapping[str, Quiet], found: Mapping[Change, Delay], streams: int, peer_streams: int
) -> None:
    limit = float(
        np.quantile(
            [radsurv_peers.largest_cusum(each) for each in years(NULLS["N0"], streams)], 1 - BUDGET
        )
    )
    print(f"\nScores alone, beside peers: {peer_streams} streams each, the CUSUM {streams}\n")
    rows = [["Vigil", *(_ours(nulls[name]) for name in ("N0", "N1"))]]
    rows[0] += [str(found[c]) for c in SCORE_CHANGES[:3]] + [str(found[Change.PREVALENCE])]
    cusum = peer_row(lambda each: radsurv_peers.cusum(each, limit), min(streams, 100))
    rows.append([f"CUSUM k=0.5, limit {limit:.1f} tuned to 5 % on N0", *cusum])
    rows += [[name, *peer_row(a, peer_streams)] for name, a in radsurv_peers.peers().items()]
    head = ("method", "N0 alarms/year, streams", "N1", *(c.value for c in SCORE_CHANGES))
    print(table(head, rows))
    if radsurv_peers.missing():
        print(f"\nNot installed, so not measured: {', '.join(radsurv_peers.missing())}.")


def _ours(of: Quiet) -> str:
    return f"{of.by_stream['score'][1]:.3f}, {of.by_stream['score'][1]:.1%}"


def _said(rows: Sequence[tuple[str, str, bool]]) -> list[list[str]]:
    return [[name, measured, "yes" if met else "NO"] for name, measured, met in rows]


if __name__ == "__main__":
    main()
