"""What a drift report compares, and what it must leave out because Evidently would fall over. Pure.

Evidently raises on an empty or all-missing column and takes the whole report with it; a column that
cannot be compared is left out here, by name and with the reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from surveillance.axes import AXES, UNKNOWN

MIN_CASES = 200
SCORE = "score"
Table = Mapping[str, Sequence[Any]]


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
class Comparison:
    """The columns that are compared, and why others are not."""

    columns: dict[str, Method]
    left_out: dict[str, str] = field(default_factory=dict)


def compare(current: Table, reference: Table) -> Comparison:
    """Choose the columns and their methods, whatever the data look like."""
    columns: dict[str, Method] = {}
    left_out: dict[str, str] = {}
    for name in (SCORE, *AXES):
        reason = _unfit(current.get(name, ()), reference.get(name, ()))
        if reason is None:
            columns[name] = NUMERICAL if name == SCORE else CATEGORICAL
        else:
            left_out[name] = reason
    return Comparison(columns, left_out)


def unseen(current: Table, reference: Table, columns: Mapping[str, Method]) -> dict[str, list[str]]:
    """Return the levels that the reference has never seen, such as a new scanner's manufacturer."""
    found = {
        name: sorted(set(_known(current[name])) - set(_known(reference[name])))
        for name, method in columns.items()
        if method is CATEGORICAL
    }
    return {name: levels for name, levels in found.items() if levels}


def _unfit(current: Sequence[Any], reference: Sequence[Any]) -> str | None:
    now, before = _known(current), _known(reference)
    if not now:
        return "not known of any current case"
    if not before:
        return "not known of any case of the reference"
    return None


def _known(values: Sequence[Any]) -> list[Any]:
    return [value for value in values if value is not None and value != UNKNOWN]
