"""The figures of a card that a criterion asks for, each with the lower end of its interval."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from model_registry.packages.documents import CardDocument
from model_registry.packages.manifest import Manifest
from model_registry.packages.plan_document import Criterion

_Z95: Final = 1.959964
_LEVEL: Final = 0.95
_ALIASES: Final = {"auroc": "auc", "roc_auc": "auc", "roc auc": "auc"}
_NAME: Final = re.compile(r"(?P<metric>[a-z_ ]+?)(?: at (?P<threshold>\d*\.?\d+))?")
_CLOSE: Final = 1e-9


@dataclass(frozen=True)
class Figure:
    """A figure, and the lower end of its 95 % interval where the card allows one."""

    estimate: float
    low: float | None


def figures(card: CardDocument, manifest: Manifest, criterion: Criterion) -> Iterator[Figure]:
    """Yield the card's figures for exactly this finding, metric, subgroup and dataset.

    A figure at another threshold than the version's own is another figure.
    """
    findings = {finding.key: finding.threshold for finding in manifest.findings}
    for evaluation in card.evaluation:
        if evaluation.dataset != criterion.dataset:
            continue
        for line in (*evaluation.metrics, *(evaluation.subgroups or ())):
            if _is_asked(line, criterion, findings):
                figure = _figure(line)
                if figure is not None:
                    yield figure


def _is_asked(line: Mapping[str, Any], criterion: Criterion, findings: Mapping[str, float]) -> bool:
    named = _NAME.fullmatch(str(line.get("name", "")).strip().lower())
    if named is None or line.get("intersect"):
        return False
    metric = named["metric"].strip()
    threshold = line.get("threshold", named["threshold"])
    # A model with one finding has no need to name it.
    only = next(iter(findings)) if len(findings) == 1 else None
    return (
        _ALIASES.get(metric, metric) == criterion.metric
        and line.get("finding", only) == criterion.finding
        and (line.get("axis"), line.get("level")) == (criterion.axis, criterion.level)
        and (threshold is None or _is_close(threshold, findings[criterion.finding]))
    )


def _is_close(text: object, threshold: float) -> bool:
    try:
        return abs(float(str(text)) - threshold) < _CLOSE
    except ValueError:
        return False


def _figure(line: Mapping[str, Any]) -> Figure | None:
    value, successes, n = line.get("value"), line.get("successes"), line.get("n")
    if value is None or line.get("suppressed"):
        return None
    if successes is not None and n:
        return Figure(successes / n, _wilson_low(successes, n))
    # A narrower interval than the usual one would promise more than it shows.
    is_usual = line.get("ci_level", _LEVEL) >= _LEVEL
    return Figure(value, line.get("ci_low") if is_usual else None)


def _wilson_low(successes: int, n: int) -> float:
    """Return the lower end of the score interval of a proportion (Wilson, JASA 1927;22:209)."""
    share, square = successes / n, _Z95**2
    middle = share + square / (2 * n)
    spread = _Z95 * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    return max(0.0, (middle - spread) / (1 + square / n))
