"""How often each thing happened among a reference's cases, for everybody and for each group. Pure.

What was not known of the cases is left out: a stream without a baseline says so, and is not quiet.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from surveillance.measures.histogram import Edges
from surveillance.references.cases import Case

# A smaller group tells nothing, and could be traced to persons.
MIN_GROUP = 30
Share = list[int]


def shares(cases: Sequence[Case]) -> dict[str, Any]:
    """Return events and cases by what they are, such as `{"miss": [4, 40]}`.

    `gap` is the sum of truth less claimed probability, and of how many labelled cases.
    """
    labelled = [case for case in cases if case.truth is not None]
    if not labelled:
        return {}
    tp, fp, tn, fn = (
        sum(case.truth is truth and case.flagged is flagged for case in labelled)
        for truth, flagged in ((True, True), (False, True), (False, False), (True, False))
    )
    found: dict[str, Any] = {
        "miss": [fn, tp + fn],
        "false_alarm": [fp, fp + tn],
        "ppv": [tp, tp + fp],
    }
    if all(0 <= case.score <= 1 for case in labelled):
        gap = sum((case.truth is True) - case.score for case in labelled)
        found["gap"] = [gap, len(labelled)]
    return {name: share for name, share in found.items() if share[1] > 0}


def groups(cases: Sequence[Case], edges: Edges) -> dict[str, dict[str, Any]]:
    """Return the same for each level of each axis, with its scores on the reference's edges."""
    held: dict[tuple[str, str], list[Case]] = defaultdict(list)
    for case in cases:
        for axis, level in case.levels.items():
            held[axis, level].append(case)
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for (axis, level), members in sorted(held.items()):
        if len(members) >= MIN_GROUP:
            found[axis][level] = _group(members, edges)
    return dict(found)


def _group(cases: Sequence[Case], edges: Edges) -> dict[str, Any]:
    labelled = {
        name: _counted((case for case in cases if case.truth is truth), edges)
        for name, truth in (("positives", True), ("negatives", False))
        if any(case.truth is not None for case in cases)
    }
    return {
        "n": len(cases),
        "flagged": sum(case.flagged for case in cases),
        "histogram": _counted(cases, edges),
        **labelled,
        **shares(cases),
    }


def _counted(cases: Iterable[Case], edges: Edges) -> list[int]:
    counted: list[int] = edges.count(case.score for case in cases).tolist()
    return counted
