"""Whole weeks and whole months: the periods that scheduled reports are of. Pure."""

from datetime import date, timedelta

from surveillance.reports.models import Cadence

# After a long stop only so many are made up for: nobody reads a year of weeks at once.
MOST_AT_ONCE = 12
Period = tuple[date, date]


def over(cadence: Cadence, since: date, today: date) -> list[Period]:
    """Return the periods that began since a day and are over, the last `MOST_AT_ONCE` of them."""
    found: list[Period] = []
    first, last = _around(cadence, today - timedelta(days=1))
    if last >= today:
        first, last = _around(cadence, first - timedelta(days=1))
    while first >= since and len(found) < MOST_AT_ONCE:
        found.append((first, last))
        first, last = _around(cadence, first - timedelta(days=1))
    return found[::-1]


def _around(cadence: Cadence, day: date) -> Period:
    """Return the week or month that a day is in."""
    if cadence is Cadence.WEEKLY:
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(days=6)
    first = day.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    return first, following - timedelta(days=1)
