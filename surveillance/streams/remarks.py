"""What a sentence adds to its numbers: what is left out, and what only people can do. Pure."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from surveillance.measures.histogram import Counts
from surveillance.streams.assessment import Assessment, shortage_of
from surveillance.streams.judging import Item


def remarked(item: Item, *clauses: str) -> Item:
    """Return what will be said with clauses added to it."""
    told: Any = item
    asked = told if isinstance(item, Assessment) else told.asked
    reliance = "; ".join(clause for clause in (asked.reliance, *clauses) if clause)
    if isinstance(item, Assessment):
        return replace(item, reliance=reliance)
    changed: Item = replace(told, asked=replace(asked, reliance=reliance))
    return changed


def left_out(n: int, what: str, begins: date, effective_from: date) -> str:
    """Say how many labels or decisions are from before the days that count.

    Args:
        n: how many.
        what: what they are, in the plural.
        begins: the last day that the stream's detector forgets.
        effective_from: the first day of the reference.
    """
    if n <= 0:
        return ""
    first = effective_from if begins < effective_from else begins + timedelta(days=1)
    named = f"{n} {what}" if n > 1 else f"1 {what.removesuffix('s')}"
    return f"{named} from before {_said(first)} {'are' if n > 1 else 'is'} left out"


def new_reference(ordinals: Counts, cases: Counts, what: str, need: int) -> str:
    """Say that a baseline that is too small stays so, and when a reference with enough can be set.

    Args:
        ordinals: the days with cases, as `date.toordinal` counts them.
        cases: how many each has.
        what: what the cases are.
        need: how many a baseline needs.
    """
    shortage = shortage_of(ordinals, cases, what, need)
    if shortage.have >= need:
        return f"set a new reference: there are {shortage.have} {what} by now"
    when = f", by about {_said(shortage.suffices_on)} at this pace" if shortage.suffices_on else ""
    return (
        f"this baseline stays as it is: set a new reference once there are {need} {what} "
        f"({shortage.have} so far{when})"
    )


def _said(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
