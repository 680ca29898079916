"""What the supplier claims of a version, read from the figures of its card.

A card's figures are lines such as `{name: sensitivity at 0.62, successes: 91, n: 100}`. Only those
that name a sensitivity, a specificity or an area under the curve can be compared; the rest are for
people to read.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from model_registry.packages.documents import CardDocument
from model_registry.packages.manifest import FindingSpec
from surveillance.local_tests.rule import Metric
from surveillance.measures.intervals import Interval, wilson

_NAMES: tuple[tuple[Metric, str], ...] = (
    ("sensitivity", r"^(sensitivity|recall|tpr)\b"),
    ("specificity", r"^(specificity|tnr)\b"),
    ("auc", r"^(auc|auroc|roc auc|area under)\b"),
)
_AT = re.compile(r"\bat (?:a )?(?:threshold (?:of )?)?(\d*\.?\d+)\b")
_CLOSE = 1e-9


@dataclass(frozen=True)
class Claim:
    """One figure of the card.

    Attributes:
        interval: its own where the card gives counts or bounds; else the figure taken as exact.
        exact: the card gives no interval.
        threshold: the one it was measured at, where the card says so.
        axis: on what the subgroup that it is of is cut; None where it is of all cases.
        level: which part of the axis.
    """

    finding: str
    metric: Metric
    interval: Interval
    exact: bool
    threshold: float | None
    n: int | None
    dataset: str
    axis: str | None = None
    level: str | None = None

    def comparable(self, threshold: float) -> bool:
        """Whether a figure at this threshold may be held against it."""
        return (
            self.metric == "auc"
            or self.threshold is None
            or abs(self.threshold - threshold) < _CLOSE
        )


def read(card: CardDocument, findings: Sequence[FindingSpec]) -> list[Claim]:
    """Return the figures that can be compared, in the card's order."""
    claims = []
    for evaluation in card.evaluation:
        for line in (*evaluation.metrics, *(evaluation.subgroups or ())):
            claim = _claim(line, findings, evaluation.dataset)
            if claim is not None:
                claims.append(claim)
    return claims


def strictest(
    claims: Sequence[Claim], finding: str, metric: Metric, threshold: float
) -> Claim | None:
    """Return the highest comparable claim of all cases: what is promised at best must hold."""
    fitting = [
        claim
        for claim in claims
        if (claim.finding, claim.metric, claim.axis) == (finding, metric, None)
        and claim.comparable(threshold)
    ]
    return max(fitting, key=lambda claim: claim.interval.estimate, default=None)


def _claim(line: Mapping[str, Any], findings: Sequence[FindingSpec], dataset: str) -> Claim | None:
    name = str(line.get("name", "")).strip().lower()
    metric = next((metric for metric, pattern in _NAMES if re.search(pattern, name)), None)
    finding = _finding(line, name, findings)
    interval = _interval(line)
    if metric is None or finding is None or interval is None:
        return None
    at = line.get("threshold")
    found = _AT.search(name)
    n = line.get("n")
    return Claim(
        finding=finding,
        metric=metric,
        interval=interval,
        exact=interval.low == interval.high,
        threshold=_number(at) if at is not None else float(found[1]) if found else None,
        n=n if isinstance(n, int) else None,
        dataset=dataset,
        axis=_word(line.get("axis")),
        level=_word(line.get("level")),
    )


def _finding(line: Mapping[str, Any], name: str, findings: Sequence[FindingSpec]) -> str | None:
    """Return which finding a line is of: the one it names, or the only one that there is."""
    named = line.get("finding")
    if named is not None:
        return next((one.key for one in findings if one.key == named), None)
    if len(findings) == 1:
        return findings[0].key
    words = {one.key: (one.key, one.key.replace("_", " "), one.name.lower()) for one in findings}
    found = [key for key, spoken in words.items() if any(word in name for word in spoken)]
    return found[0] if len(found) == 1 else None


def _interval(line: Mapping[str, Any]) -> Interval | None:
    successes, n = line.get("successes"), line.get("n")
    if isinstance(successes, int) and isinstance(n, int) and 0 <= successes <= n and n:
        return wilson(successes, n)
    value, low, high = (_number(line.get(key)) for key in ("value", "ci_low", "ci_high"))
    if value is None or not 0 <= value <= 1:
        return None
    if low is not None and high is not None and low <= value <= high:
        return Interval(value, low, high)
    return Interval(value, value, value)


def _word(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else None  # type: ignore[arg-type]  # checked above
