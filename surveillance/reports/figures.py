"""Our own measures as figures that Evidently draws beside its own. Pure.

Every value is exact, from the daily counts of all cases and not of the drawn ones. The child makes
one Evidently metric of each (`evidently_child`); `metric` names its class there.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from surveillance.fairness.kinds import Verdict
from surveillance.fairness.service import Found
from surveillance.measures.intervals import Interval, wilson
from surveillance.truth.series import TruthSeries

MOST_FIGURES = 200
MIN_OF_EACH = 30  # cases in a group and in the rest, to speak of a gap
_LOUD = (Verdict.GAP, Verdict.HIDDEN, Verdict.POSSIBLE)
Facts = list[tuple[str, str]]


@dataclass(frozen=True)
class Figure:
    """One measure of one stream.

    Attributes:
        urgency: what is drawn first where there are more than a report holds.
        at_most, at_least: what is tolerated, as a test in the report.
    """

    metric: str
    name: str
    value: float
    facts: Facts
    at_most: float | None = None
    at_least: float | None = None
    urgency: float = 0.0

    def as_request(self) -> dict[str, Any]:
        return asdict(self)


class Counted(NamedTuple):
    """Sums over the period, of one level of one axis."""

    n: int = 0
    flagged: int = 0
    decided: int = 0
    overridden: int = 0


class Labelled(NamedTuple):
    """Sums over the labelled cases of the period, of one level of one axis."""

    tp: int = 0
    fp: int = 0
    tn: int = 0
    fn: int = 0
    claimed: int = 0
    claim: float = 0.0
    brier: float = 0.0

    @property
    def n(self) -> int:
        return self.tp + self.fp + self.tn + self.fn


# By finding, axis and level.
Sums = Mapping[tuple[str, str, str], Counted]
Truths = Mapping[tuple[str, str, str], Labelled]


def labelled(found: Iterable[TruthSeries]) -> Truths:
    """Add up the days; a stream that was re-referenced comes as several series."""
    sums: dict[tuple[str, str, str], Labelled] = {}
    for one in found:
        key = (one.finding_key, one.axis, one.level)
        before = sums.get(key, Labelled())
        sums[key] = Labelled(
            tp=before.tp + int(one.tp.sum()),
            fp=before.fp + int(one.fp.sum()),
            tn=before.tn + int(one.tn.sum()),
            fn=before.fn + int(one.fn.sum()),
            claimed=before.claimed + int(one.claimed.sum()),
            claim=before.claim + float(one.claim.sum()),
            brier=before.brier + float(one.brier.sum()),
        )
    return sums


def kept(figures: Sequence[Figure]) -> tuple[list[Figure], int]:
    """Return the figures that a report holds, the most urgent first, and how many it does not."""
    ranked = sorted(figures, key=lambda figure: -figure.urgency)
    return ranked[:MOST_FIGURES], max(0, len(ranked) - MOST_FIGURES)


def overrides(key: str, counted: Counted, tolerated: float | None) -> Figure | None:
    if not counted.decided:
        return None
    rate = wilson(counted.overridden, counted.decided)
    facts = [
        ("Overridden", f"{counted.overridden} of {counted.decided}"),
        ("Rate", f"{rate.estimate:.1%}"),
        ("95% interval (Wilson)", f"{rate.low:.1%} to {rate.high:.1%}"),
    ]
    name = f"Overrides by readers: {key}"
    return Figure("OverrideRate", name, rate.estimate, facts, at_most=tolerated, urgency=5)


def volume(outcomes: Mapping[str, int], days: int) -> Figure:
    runs = sum(outcomes.values())
    facts = [("Runs", str(runs)), ("Days in the period", str(days))]
    facts += [(outcome, str(count)) for outcome, count in outcomes.items() if count]
    return Figure("Volume", "Runs a day", runs / days, facts, urgency=6)


def calibration(key: str, found: Labelled) -> Figure | None:
    """Return how far the scores claimed more, or less, than turned out to be so."""
    if min(found.claimed, found.n) < MIN_OF_EACH:
        return None
    rate = wilson(found.tp + found.fn, found.n)
    mean = found.claim / found.claimed
    facts = [
        ("Mean score", f"{mean:.3f}"),
        ("Share with the finding", f"{found.tp + found.fn} of {found.n}, {_words(rate)}"),
        ("Brier score", f"{found.brier / found.claimed:.3f}"),
    ]
    name = f"Mean score less share with the finding: {key}"
    return Figure("Calibration", name, mean - rate.estimate, facts, urgency=4)


def performance(key: str, found: Labelled) -> list[Figure]:
    """Return sensitivity and specificity of all labelled cases, with their intervals."""
    rates = (
        ("Sensitivity", found.tp, found.tp + found.fn),
        ("Specificity", found.tn, found.tn + found.fp),
    )
    figures = []
    for name, events, n in rates:
        if n >= MIN_OF_EACH:
            rate = wilson(events, n)
            facts = [("Cases", f"{events} of {n}"), ("95% interval (Wilson)", _words(rate))]
            figures.append(
                Figure("Performance", f"{name}: {key}", rate.estimate, facts, urgency=4.5)
            )
    return figures


def gaps(found: Iterable[tuple[Found, str]]) -> list[Figure]:
    """Return the gaps that fairness finds, or that may be one, with its own verdicts and sentences.

    Of the others, for each finding the one that is nearest to being found: that is what is known.
    """
    told = [(each, said) for each, said in found if not each.withheld and each.gap.interval]
    loud = [one for one in told if one[0].gap.verdict in _LOUD]
    quiet: dict[str, tuple[Found, str]] = {}
    for one in told:
        if one[0].gap.contrast.finding_key not in {of.gap.contrast.finding_key for of, _ in loud}:
            quiet.setdefault(one[0].gap.contrast.finding_key, one)
    return [_gap(*one) for one in (*loud, *quiet.values())]


def _gap(found: Found, said: str) -> Figure:
    gap, of = found.gap, found.gap.contrast
    interval = gap.interval or Interval(0.0, 0.0, 0.0)
    other = of.other or "all others"
    facts = [
        ("Verdict", gap.verdict.value.replace("_", " ")),
        ("Group", f"{of.level} ({of.one.cases} cases) against {other} ({of.two.cases})"),
        ("Gap", f"{interval.estimate:+.1%}"),
        ("95% interval", f"{interval.low:+.1%} to {interval.high:+.1%}"),
        ("What is known", said),
    ]
    measure = of.measure.value.replace("_", " ")
    name = f"{measure.capitalize()}, {of.axis} {of.level} against {other}: {of.finding_key}"
    rank = 3.0 - _LOUD.index(gap.verdict) if gap.verdict in _LOUD else 0.0
    return Figure(
        "SubgroupGap", name, interval.estimate, facts, urgency=2 + rank + abs(interval.estimate)
    )


def _words(interval: Interval) -> str:
    return f"{interval.estimate:.1%} ({interval.low:.1%} to {interval.high:.1%})"
