"""Which of the labels of one finding in one study counts. Pure.

The latest by its day counts, whatever order they arrived in; on one day, the last that arrived. It
has stood since the first label from which on all said the same, and that day is the label's day.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Told:
    """A label; `present` None takes back what was said before. `at` is its place of arrival."""

    present: bool | None
    day: date
    at: int


def standing(history: Sequence[Told]) -> Told | None:
    """Return the label that counts: the first of the last run that agrees."""
    in_order = sorted(history, key=lambda told: (told.day, told.at))
    if not in_order:
        return None
    found = in_order[-1]
    for told in reversed(in_order):
        if told.present != found.present:
            break
        found = told
    return found
