"""The rule, line by line: met, not met, or too few data to tell. Pure.

Too few data is said where the estimate reaches the bar and its interval does not yet, or where
there are fewer cases than the rule asks for. It is never a pass. What lies wholly below a bar is
not met, however few the cases are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil

from surveillance.local_tests.claims import Claim, strictest
from surveillance.local_tests.figures import Cell, Figures
from surveillance.local_tests.models import Verdict
from surveillance.local_tests.rule import Bar, FindingRule, Margin, Metric, Rule, SubgroupRule
from surveillance.measures.intervals import Interval
from surveillance.measures.performance import difference
from surveillance.measures.sample_size import more_needed

NAMES: dict[Metric, str] = {
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "auc": "Area under the ROC curve",
}
_KIND: dict[Metric, str] = {
    "sensitivity": "positives",
    "specificity": "negatives",
    "auc": "positives and as many more negatives",
}


class Answer(StrEnum):
    MET = "met"
    NOT_MET = "not_met"
    INSUFFICIENT = "insufficient_data"


@dataclass(frozen=True)
class Line:
    """One line of the rule: what it asks, what was found, and the answer."""

    finding: str | None
    asks: str
    found: str
    answer: Answer


def lines(
    rule: Rule,
    found: Mapping[str, Figures],
    claims: Sequence[Claim],
    thresholds: Mapping[str, float],
    not_analysed: float,
) -> list[Line]:
    """Answer every line of the rule."""
    answers = [_analysed(rule, not_analysed)]
    for asked in rule.findings:
        figures = found[asked.finding]
        answers += _counts(asked, figures.overall)
        answers += [_bar(asked, bar, figures.overall) for bar in asked.bars]
        for margin in asked.non_inferior:
            claim = strictest(claims, asked.finding, margin.metric, thresholds[asked.finding])
            answers.append(_margin(asked, margin, figures.overall, claim))
        answers += [_groups(asked.finding, group, figures) for group in rule.subgroups]
    return answers


def overall(answers: Sequence[Line]) -> Verdict:
    """Return the verdict: passed only if every line is met."""
    said = {line.answer for line in answers}
    if Answer.NOT_MET in said:
        return Verdict.FAILED
    return Verdict.INSUFFICIENT if Answer.INSUFFICIENT in said else Verdict.PASSED


def in_words(interval: Interval) -> str:
    return f"{interval.estimate:.3f} (95 % interval {interval.low:.3f} to {interval.high:.3f})"


def _analysed(rule: Rule, share: float) -> Line:
    asks = f"At most {rule.max_not_analysed:.1%} of the cases have no score"
    answer = Answer.MET if share <= rule.max_not_analysed else Answer.NOT_MET
    return Line(None, asks, f"{share:.1%} have none", answer)


def _counts(asked: FindingRule, cell: Cell) -> list[Line]:
    answers = []
    for kind, fewest in (("positives", asked.min_positives), ("negatives", asked.min_negatives)):
        have: int = getattr(cell, kind)
        enough = have >= fewest
        found = f"{have}" if enough else f"{have}: {fewest - have} more are needed"
        answer = Answer.MET if enough else Answer.INSUFFICIENT
        answers.append(Line(asked.finding, f"At least {fewest} {kind} with a score", found, answer))
    return answers


def _bar(asked: FindingRule, bar: Bar, cell: Cell) -> Line:
    end = "lower end of the interval" if bar.on == "lower_bound" else "estimate"
    asks = f"{NAMES[bar.metric]}: the {end} is at least {bar.at_least:g}"
    interval = cell.interval(bar.metric)
    if interval is None:
        return Line(asked.finding, asks, "no case tells", Answer.INSUFFICIENT)
    reached = interval.low if bar.on == "lower_bound" else interval.estimate
    enough = _enough(asked, bar.metric, cell)
    answer = _answer(interval.estimate, reached, interval.high, bar.at_least, enough=enough)
    found = in_words(interval)
    if answer is Answer.INSUFFICIENT:
        found += _more(interval, bar.at_least, bar.metric, cell)
    return Line(asked.finding, asks, found, answer)


def _margin(asked: FindingRule, margin: Margin, cell: Cell, claim: Claim | None) -> Line:
    name = NAMES[margin.metric]
    asks = f"{name}: less than {margin.margin:g} below the supplier's claim"
    if claim is None:
        found = "the card claims none that can be compared at this threshold"
        return Line(asked.finding, asks, found, Answer.INSUFFICIENT)
    asks += f" of {claim.interval.estimate:.3f}"
    interval = cell.interval(margin.metric)
    if interval is None:
        return Line(asked.finding, asks, "no case tells", Answer.INSUFFICIENT)
    gap = difference(interval, claim.interval)
    enough = _enough(asked, margin.metric, cell)
    # Strictly above: exactly the margin below the claim is not less than the margin.
    low = gap.low if gap.low != -margin.margin else gap.low - 1e-12
    answer = _answer(gap.estimate, low, gap.high, -margin.margin, enough=enough)
    found = f"difference {gap.estimate:+.3f} (95 % interval {gap.low:+.3f} to {gap.high:+.3f})"
    return Line(asked.finding, asks, found, answer)


def _answer(estimate: float, reached: float, high: float, bar: float, *, enough: bool) -> Answer:
    if high < bar:
        return Answer.NOT_MET
    if not enough:
        return Answer.INSUFFICIENT
    if reached >= bar:
        return Answer.MET
    return Answer.NOT_MET if estimate < bar else Answer.INSUFFICIENT


def _enough(asked: FindingRule, metric: Metric, cell: Cell) -> bool:
    positives, negatives = (
        cell.positives >= asked.min_positives,
        (cell.negatives >= asked.min_negatives),
    )
    by_metric = {"sensitivity": positives, "specificity": negatives}
    return by_metric.get(metric, positives and negatives)


def _more(interval: Interval, bar: float, metric: Metric, cell: Cell) -> str:
    """Say how many more cases would tell, if the rest were like these."""
    n = cell.cases(metric)
    if metric == "auc":
        width, room = interval.estimate - interval.low, interval.estimate - bar
        more = ceil(n * ((width / room) ** 2 - 1)) if room > 0 else None
    else:
        more = more_needed(interval.estimate, n, bar)
    if more is None or more <= 0:
        return ""
    return f"; at this rate about {more} more {_KIND[metric]} would tell"


def _groups(finding: str, asked: SubgroupRule, figures: Figures) -> Line:
    """No group of enough cases lies wholly below the floor."""
    axes = ", ".join(axis.replace("_", " ") for axis in asked.axes)
    asks = (
        f"{NAMES[asked.metric]}: no group by {axes} with at least {asked.min_cases} cases "
        f"lies wholly below {asked.floor:g}"
    )
    inside = [cell for cell in figures.groups if cell.axis in asked.axes]
    judged = [cell for cell in inside if cell.cases(asked.metric) >= asked.min_cases]
    below = [cell for cell in judged if _wholly_below(cell, asked)]
    if below:
        named = ", ".join(f"{cell.axis.replace('_', ' ')} {cell.level}" for cell in below)
        return Line(finding, asks, f"wholly below: {named}", Answer.NOT_MET)
    if not judged:
        return Line(finding, asks, "no group has so many cases", Answer.INSUFFICIENT)
    few = sum(1 for cell in inside if cell.labelled > 0) - len(judged)
    found = f"{len(judged)} groups judged, none below"
    return Line(finding, asks, found + (f"; {few} had too few cases" if few else ""), Answer.MET)


def _wholly_below(cell: Cell, asked: SubgroupRule) -> bool:
    interval = cell.interval(asked.metric)
    return interval is not None and interval.high < asked.floor
