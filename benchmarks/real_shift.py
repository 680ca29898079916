"""Real shift: what the engine finds, and what it leaves alone, in five real DenseNet-121.

    python -m benchmarks.real_shift [--seeds 20]

6,373 test images of 1,835 patients of NIH ChestX-ray14 with the scores of five networks that were
trained alike: five versions. The table lies in ../shared/realdata; without it nothing is measured.
"""

import argparse
import csv
import gzip
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from surveillance.fairness import mix
from surveillance.fairness.contrasts import Gap, judge
from surveillance.fairness.kinds import Measure, Verdict
from surveillance.fairness.patients import Axis, Columns, contrasts
from surveillance.measures import multiplicity, tracks
from surveillance.measures.histogram import quantile_edges
from surveillance.measures.intervals import Interval

TABLE = Path("cxr") / "tables" / "nih_test_densenet121_5runs.csv.gz"
VERSIONS = ("p11", "p37", "p45", "p62", "p76")
SENSITIVE_AT = 0.8  # the threshold of each finding: that with this sensitivity
BANDS = ((0, "0-19"), (20, "20-39"), (40, "40-59"), (60, "60-79"), (80, "80+"))
PER_DAY = 80
QUIET_DAYS = 10
ESCALATE = np.log(7300.0)
ROUNDS = 20
HALVES = ("one", "other")
Codes = NDArray[np.int64]
Scores = NDArray[np.float64]

# What was known before: finding, axis, level, and what a finding engine must say of it.
KNOWN = (
    ("Effusion", "view", "AP", "AUROC .818, PA .917"),
    ("Edema", "view", "PA", "AUROC .963, AP .848"),
    ("Pleural_Thickening", "sex", "M", "AUROC .781, F .865"),
    ("No_Finding", "age_band", "80+", "AUROC .663, all .790; n = 58"),
)


@dataclass(frozen=True)
class Images:
    """The test set: who is on each image, what is on it, and what each version said."""

    patients: Codes
    axes: Mapping[str, Axis]
    truths: Mapping[str, Codes]
    scores: Mapping[tuple[str, str], Scores]

    @property
    def findings(self) -> list[str]:
        return sorted(self.truths)

    def columns(self, finding: str, version: str) -> Columns:
        truths, scores = self.truths[finding], self.scores[finding, version]
        threshold = np.quantile(scores[truths == 1], 1 - SENSITIVE_AT)
        nothing = np.zeros(len(scores), dtype=np.bool_)
        flagged = (scores >= threshold).astype(np.int64)
        return Columns(finding, self.patients, scores, truths, flagged, nothing, nothing, self.axes)


@dataclass(frozen=True)
class Delay:
    """How many days of AP images until the score's stream escalates; None: it does not."""

    finding: str
    days: Sequence[int | None]
    early: int


def read(path: Path) -> Images:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    findings = [name.removesuffix("_true") for name in rows[0] if name.endswith("_true")]

    def column(name: str) -> Scores:
        return np.array([float(row[name]) for row in rows])

    return Images(
        patients=np.unique([row["patient_id"] for row in rows], return_inverse=True)[1],
        axes={
            "sex": axis([row["sex"] for row in rows]),
            "age_band": axis([band(float(row["age"])) for row in rows]),
            "view": axis([row["view"] for row in rows]),
        },
        truths={each: column(f"{each}_true").astype(np.int64) for each in findings},
        scores={(each, of): column(f"{each}_{of}") for each in findings for of in VERSIONS},
    )


def axis(levels: Sequence[str]) -> Axis:
    names, codes = np.unique(levels, return_inverse=True)
    return Axis(tuple(str(name) for name in names), codes.astype(np.int64))


def band(age: float) -> str:
    return next(name for start, name in reversed(BANDS) if age >= start)


def gaps(images: Images, version: str) -> list[Gap]:
    """Judge every gap of a version, as the page does from its records."""
    found = []
    for finding in images.findings:
        found += contrasts(images.columns(finding, version))
    return judge(found)


def by_chance(images: Images, seed: int) -> Images:
    """Put each patient into one of two groups by chance: no version can have a gap there."""
    random = np.random.default_rng(seed)
    side = random.integers(0, 2, int(images.patients.max()) + 1)
    return replace(images, axes={"by chance": Axis(HALVES, side[images.patients])})


def delays(images: Images, version: str, rounds: int = ROUNDS) -> list[Delay]:
    """Watch the scores of PA images, then of AP images: 80 a day, in a new order each round."""
    view = images.axes["view"]
    pa, ap = (np.flatnonzero(view.codes == view.names.index(name)) for name in ("PA", "AP"))
    found = []
    for finding in images.findings:
        scores = images.scores[finding, version]
        days = [
            _alarm(scores, images.patients, pa, ap, np.random.default_rng(seed))
            for seed in range(rounds)
        ]
        late = [None if day is None else day - QUIET_DAYS for day in days]
        found.append(
            Delay(
                finding,
                [day for day in late if day is None or day > 0],
                sum(day is not None and day <= 0 for day in late),
            )
        )
    return found


def halves(images: Images, version: str, rounds: int = ROUNDS) -> float:
    """Return the share of streams that escalate where half of the patients follow the others."""
    everyone = np.arange(len(images.patients))
    alarms = [
        _alarm(
            images.scores[finding, version],
            images.patients,
            everyone,
            everyone[:0],
            np.random.default_rng(1000 + seed),
        )
        is not None
        for finding in images.findings
        for seed in range(rounds)
    ]
    return float(np.mean(alarms))


def _alarm(
    scores: Scores, patients: Codes, before: Codes, after: Codes, random: np.random.Generator
) -> int | None:
    """Return the day of the escalation, counted from one; the reference is half of the patients."""
    chosen = random.permutation(int(patients.max()) + 1) % 2 == 0
    reference = before[chosen[patients[before]]]
    quiet = random.permutation(before[~chosen[patients[before]]])
    changed = random.permutation(after[~chosen[patients[after]]])
    if len(after):
        quiet = quiet[: QUIET_DAYS * PER_DAY]
    stream = scores[np.concatenate([quiet, changed])]
    edges = quantile_edges(scores[reference].tolist())
    counts = [
        edges.count(stream[at : at + PER_DAY].tolist()) for at in range(0, len(stream), PER_DAY)
    ]
    held = edges.count(scores[reference].tolist())
    track = tracks.of_scores(np.stack(counts), held)
    days = np.flatnonzero((track.levels >= ESCALATE) & track.is_beyond)
    return int(days[0]) + 1 if len(days) else None


def report(images: Images, seeds: int) -> str:
    """Measure everything and return it as one table."""
    judged = {version: gaps(images, version) for version in VERSIONS}
    lines = [
        (
            f"{len(images.patients):,} images of {int(images.patients.max()) + 1:,} patients, "
            f"{len(images.findings)} findings, {len(VERSIONS)} versions"
        ),
        "",
        "| asked | known | " + " | ".join(VERSIONS) + " |",
        "|---|---|" + "---|" * len(VERSIONS),
    ]
    for finding, name, level, before in KNOWN:
        cells = [_said(known(judged[of], finding, name, level)) for of in VERSIONS]
        lines.append(f"| AUROC {finding} {name} {level} | {before} | " + " | ".join(cells) + " |")
    lines += [_row("gaps judged", lambda v: str(sum(g.p is not None for g in judged[v])))]
    for verdict in Verdict:
        counts = {version: _count(found, verdict) for version, found in judged.items()}
        lines.append(_row(verdict.value, counts.__getitem__))
    lines.append(_row("found with Holm instead", lambda v: str(_by_holm(judged[v]))))
    lines.append(_row("Effusion AP: of the gap, mix", lambda v: _mixed(images, judged[v], v)))
    lines += _quiet(images, seeds)
    lines += _streams(images)
    return "\n".join(lines)


def _quiet(images: Images, seeds: int) -> list[str]:
    """Return what is found between groups made by chance."""
    false, judged, runs, alone = 0, 0, 0, 0
    for version in VERSIONS:
        for seed in range(seeds):
            found = gaps(by_chance(images, seed), version)
            false += sum(gap.verdict is Verdict.GAP for gap in found)
            alone += sum(gap.verdict is Verdict.POSSIBLE for gap in found)
            judged += sum(gap.p is not None for gap in found)
            runs += any(gap.verdict is Verdict.GAP for gap in found)
    of = len(VERSIONS) * seeds
    return [
        (
            f"| groups by chance, {seeds} seeds: gaps reported | 0 | {false} of {judged:,} "
            f"({false / judged:.3%}), in {runs} of {of} tables | | | | |"
        ),
        f"| ... possible gaps, each by itself | 5.0 % or less | {alone / judged:.1%} | | | | |",
    ]


def _streams(images: Images) -> list[str]:
    lines = []
    found = {version: delays(images, version) for version in VERSIONS}
    for place, finding in enumerate(images.findings):
        of = [found[version][place] for version in VERSIONS]
        lines.append(f"| PA to AP, days: {finding} | shift | " + " | ".join(map(_days, of)) + " |")
    lines.append(_row("PA to AP: alarms before it", lambda v: str(sum(d.early for d in found[v]))))
    lines.append(_row("split in halves: streams escalated", lambda v: f"{halves(images, v):.1%}"))
    return lines


def _row(name: str, cell: Callable[[str], str]) -> str:
    return f"| {name} | | " + " | ".join(cell(version) for version in VERSIONS) + " |"


def known(found: Sequence[Gap], finding: str, name: str, level: str) -> Gap:
    """Return the gap of an area; of two levels only one is held against the other."""
    for gap in found:
        of = gap.contrast
        if (of.finding_key, of.measure, of.axis) == (finding, Measure.AREA, name):
            if level == of.level:
                return gap
            if level == of.other:
                return _turned(gap)
    raise LookupError(f"{finding} {name} {level} was not compared")


def _turned(gap: Gap) -> Gap:
    if gap.interval is None:
        return gap
    seen = gap.interval
    return replace(gap, interval=Interval(-seen.estimate, -seen.high, -seen.low))


def _said(gap: Gap) -> str:
    if gap.interval is None:
        return f"{gap.verdict.value}"
    seen = gap.interval
    return (
        f"{gap.verdict.value} {100 * seen.estimate:+.1f} "
        f"({100 * seen.low:+.1f} to {100 * seen.high:+.1f}), p {gap.p:.0e}"
    )


def _count(found: Sequence[Gap], verdict: Verdict) -> str:
    return str(sum(gap.verdict is verdict for gap in found))


def _by_holm(found: Sequence[Gap]) -> int:
    judged = [gap for gap in found if gap.p is not None and gap.interval is not None]
    adjusted = multiplicity.holm(np.array([gap.p for gap in judged], dtype=np.float64))
    sizes = [abs(gap.interval.estimate) for gap in judged if gap.interval]
    return sum(
        p <= 0.05 and size >= gap.contrast.margins.tolerated
        for p, size, gap in zip(adjusted, sizes, judged, strict=True)
    )


def _mixed(images: Images, found: Sequence[Gap], version: str) -> str:
    gap = known(found, "Effusion", "view", "AP")
    most = mix.of_gap(images.columns("Effusion", version), gap)
    if most is None:
        return "none"
    return f"{100 * most.mix.estimate:+.1f} of {100 * most.gap.estimate:+.1f} ({most.axis})"


def _days(of: Delay) -> str:
    known = [day for day in of.days if day is not None]
    if not known:
        return "never"
    missed = len(of.days) - len(known)
    return f"{np.median(known):.0f}" + (f" ({missed} never)" if missed else "")


def measure(folder: Path, seeds: int = 20) -> str:
    """Return the table, or why there is none."""
    table = folder / TABLE
    if not table.is_file():
        return "real_shift: the table of real scores is not here, so nothing was measured."
    started = time.process_time()
    text = report(read(table), seeds)
    return f"{text}\n\n{time.process_time() - started:.0f} s of processor"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.real_shift", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="groupings by chance")
    parser.add_argument("--data", type=Path, default=Path("../shared/realdata"))
    asked = parser.parse_args()
    print(measure(asked.data, asked.seeds))


if __name__ == "__main__":
    main()
