"""What a drift report compares, and what it must leave out because Evidently would fall over. Pure.

Evidently raises on an empty, all-missing or constant column and takes the whole report with it; a
column that cannot be compared is left out here, by name and with the reason.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from surveillance.axes import UNKNOWN
from surveillance.reports.cases import Cases, Column

MIN_CASES = 200
# A number or a group known of fewer cases says nothing of the rest.
MIN_KNOWN = 30
MIN_LABELLED = 30
MOST_LEVELS = 30
MOST_COLUMNS = 60
MOST_CLASSIFIED = 10
OTHER = "(other levels)"


@dataclass(frozen=True)
class Method:
    """How a column's drift is measured: an effect size, whose meaning no row count changes."""

    kind: str
    method: str
    threshold: float


# Wasserstein in units of the reference's standard deviation; Jensen-Shannon over categories.
NUMERICAL = Method("numerical", "wasserstein", 0.1)
CATEGORICAL = Method("categorical", "jensenshannon", 0.1)


@dataclass(frozen=True)
class Compared:
    """One column with both its sides."""

    name: str
    method: Method
    now: Column
    before: Column


@dataclass(frozen=True)
class Classified:
    """One finding with the labelled cases that Evidently can judge."""

    key: str
    scores: Column
    truths: Column
    labelled: int
    threshold: float


@dataclass(frozen=True)
class Comparison:
    """The columns that are compared, those that are judged by labels, and why others are not."""

    columns: list[Compared] = field(default_factory=list)
    classified: list[Classified] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    unseen: dict[str, list[str]] = field(default_factory=dict)


def compare(now: Cases, before: Cases) -> Comparison:
    """Choose the columns and their methods, whatever the data look like."""
    found = Comparison()
    for key, values in now.scores.items():
        name = "score" if len(now.scores) == 1 else f"score {key}"
        _number(found, name, values, before.scores.get(key, []))
    for name, values in now.features.items():
        _number(found, name, values, before.features.get(name, []))
    for axis, values in now.groups.items():
        _group(found, axis, values, before.groups.get(axis, []))
    for key in now.scores:
        _classification(found, key, now)
    return found


def _number(found: Comparison, name: str, now: Column, before: Column) -> None:
    reason = _unfit(_known(now), _known(before)) or _constant(_known(now), _known(before))
    _take(found, Compared(name, NUMERICAL, now, before), reason)


def _group(found: Comparison, axis: str, now: Column, before: Column) -> None:
    known_now, known_before = _known(now), _known(before)
    reason = _unfit(known_now, known_before)
    if reason is None:
        new = Counter(level for level in known_now if level not in set(known_before))
        if new:
            found.unseen[axis] = [level for level, _ in new.most_common(MOST_LEVELS)]
        reason = _one_level(known_now, known_before)
    kept = _frequent([*known_now, *known_before])
    column = Compared(axis, CATEGORICAL, _folded(now, kept), _folded(before, kept))
    _take(found, column, reason)


def _take(found: Comparison, column: Compared, reason: str | None) -> None:
    if reason is None and len(found.columns) >= MOST_COLUMNS:
        reason = f"a report holds {MOST_COLUMNS} columns at most"
    if reason is None:
        found.columns.append(column)
    else:
        found.left_out[column.name] = reason


def _classification(found: Comparison, key: str, now: Cases) -> None:
    pairs = zip(now.scores[key], now.truths[key], strict=True)
    truths = [truth for score, truth in pairs if score is not None and truth is not None]
    if not truths:
        return
    threshold = _threshold(now.scores[key], now.flags[key])
    positives = sum(truths)
    fewest = min(positives, len(truths) - positives)
    name = f"classification of {key}"
    if fewest < MIN_LABELLED:
        found.left_out[name] = f"{fewest} of {MIN_LABELLED} labelled cases of each kind"
    elif len(found.classified) >= MOST_CLASSIFIED:
        found.left_out[name] = f"a report judges {MOST_CLASSIFIED} findings at most"
    elif any(score is not None and not 0 <= score <= 1 for score in now.scores[key]):
        found.left_out[name] = "its scores are no probabilities"
    elif threshold is None:
        found.left_out[name] = "flags do not follow one threshold: it changed in this time"
    else:
        found.classified.append(
            Classified(key, now.scores[key], now.truths[key], len(truths), threshold)
        )


def _threshold(scores: Column, flags: Column) -> float | None:
    """Return the lowest flagged score, if no higher one is without a flag."""
    pairs = [pair for pair in zip(scores, flags, strict=True) if pair[0] is not None]
    flagged = [score for score, flag in pairs if flag]
    highest_quiet = max((score for score, flag in pairs if not flag), default=0.0)
    lowest = min(flagged, default=1.0)
    return lowest if highest_quiet < lowest or not flagged else None


def _unfit(now: Sequence[Any], before: Sequence[Any]) -> str | None:
    if not now:
        return "not known of any current case"
    if not before:
        return "not known of any case of the reference"
    fewest = min(len(now), len(before))
    if fewest < MIN_KNOWN:
        return f"known of {fewest} cases only, {MIN_KNOWN} are needed"
    return None


def _constant(now: Sequence[Any], before: Sequence[Any]) -> str | None:
    if min(before) == max(before):
        return f"all cases of the reference are alike, and {_alike(now, before[0])} now"
    return None


def _alike(now: Sequence[Any], value: Any) -> str:
    differ = sum(each != value for each in now)
    return f"{differ} of {len(now)} differ from them" if differ else "so are they"


def _one_level(now: Sequence[Any], before: Sequence[Any]) -> str | None:
    if set(now) == set(before) and len(set(now)) == 1:
        return "all cases have the same level, in the reference too"
    return None


def _frequent(levels: Sequence[Any]) -> set[Any]:
    return {level for level, _ in Counter(levels).most_common(MOST_LEVELS)}


def _folded(values: Column, kept: set[Any]) -> Column:
    """Return unknown levels as missing, and rare ones together."""
    return [
        None if value is None or value == UNKNOWN else value if value in kept else OTHER
        for value in values
    ]


def _known(values: Sequence[Any]) -> list[Any]:
    return [value for value in values if value is not None and value != UNKNOWN]
