"""What a pass rule needs before it can be met: told to the planner, who may still change it. Pure.

For each line the number of cases at which it is met four times in five, if the version is as good
here as its supplier claims; without a claim, halfway between the bar and perfection.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from surveillance.local_tests.claims import Claim, strictest
from surveillance.local_tests.rule import FindingRule, Metric, Rule
from surveillance.measures.sample_size import (
    POWER,
    Width,
    area_needed,
    cases_needed,
    power,
    widths,
)

_KIND: dict[Metric, str] = {
    "sensitivity": "positives",
    "specificity": "negatives",
    "auc": "positives, and as many negatives",
}


@dataclass(frozen=True)
class Need:
    """What one line of a rule needs.

    Attributes:
        bar: what the lower end of the interval must reach.
        expected: the figure that is reckoned with, and `source` where it is from.
        cases: how many of `kind`; None: at the expected figure no number is enough.
        minimum: how many the rule asks for, and `chance` of meeting the line with just those.
        widths: the interval that the expected rate would have at round numbers.
    """

    finding: str
    metric: Metric
    bar: float
    expected: float
    source: str
    cases: int | None
    kind: str
    minimum: int
    chance: float | None
    widths: tuple[Width, ...]

    @property
    def sentence(self) -> str:
        if self.cases is None:
            return (
                f"Reckoning with {self.expected:.3f} ({self.source}) no number of cases meets "
                f"{self.bar:.3f} dependably: the bar is as high as what is expected."
            )
        return (
            f"About {self.cases} {self.kind}, to show at least {self.bar:.3f} with a chance of "
            f"{POWER:.0%}, reckoning with {self.expected:.3f} ({self.source})."
        )


def needs(rule: Rule, claims: Sequence[Claim], thresholds: Mapping[str, float]) -> list[Need]:
    """Return what each bar on a lower bound and each margin needs."""
    found = []
    for asked in rule.findings:
        at = thresholds[asked.finding]
        for bar in asked.bars:
            if bar.on == "lower_bound":
                claim = strictest(claims, asked.finding, bar.metric, at)
                found.append(_need(asked, bar.metric, bar.at_least, claim))
        for margin in asked.non_inferior:
            claim = strictest(claims, asked.finding, margin.metric, at)
            if claim is not None:
                bar_of = max(0.0, claim.interval.estimate - margin.margin)
                found.append(_need(asked, margin.metric, bar_of, claim))
    return found


def _need(asked: FindingRule, metric: Metric, bar: float, claim: Claim | None) -> Need:
    expected = claim.interval.estimate if claim else (1 + bar) / 2
    fewest = asked.min_positives if metric != "specificity" else asked.min_negatives
    is_area = metric == "auc"
    return Need(
        finding=asked.finding,
        metric=metric,
        bar=bar,
        expected=expected,
        source="the supplier's claim" if claim else "assumed: the card claims none",
        cases=area_needed(expected, bar) if is_area else cases_needed(expected, bar),
        kind=_KIND[metric],
        minimum=fewest,
        chance=None if is_area else power(fewest, expected, bar),
        widths=() if is_area else widths(expected),
    )
