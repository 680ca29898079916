"""Streams as people see them who do not work at the site. Pure.

Groups of fewer than ten cases are withheld, with those that would give them away (`disclosure`).
Numbers of the groups that are shown are coarse, tens of cases and whole points: a rate to its last
digit tells how many cases it is of, and two days of that how many came on one.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from surveillance.axes import ALL
from surveillance.disclosure import SMALLEST, hidden_levels
from surveillance.measures.intervals import Interval
from surveillance.streams.assessment import Assessment
from surveillance.streams.view import StreamView

_POINTS = 2


def disclosed(views: Sequence[StreamView]) -> list[StreamView]:
    """Return the views with small numbers withheld and those of groups made coarse."""
    tables: dict[tuple[str, ...], dict[str, float]] = defaultdict(dict)
    everybody: dict[tuple[str, ...], float] = {}
    for view in views:
        table, found = _table(view.assessment), view.assessment
        if found.axis == ALL:
            everybody[table] = found.n
        else:
            tables[*table, found.axis][found.level] = found.n
    hidden = {
        (*table, level)
        for table, sizes in tables.items()
        for level in hidden_levels(table[-1], sizes, everybody.get(table[:-1]))
    }
    return [_told(view, hidden) for view in views]


def _table(found: Assessment) -> tuple[str, ...]:
    return found.version_id, found.site_id, found.subject, found.kind.value


def _told(view: StreamView, hidden: set[tuple[str, ...]]) -> StreamView:
    found = view.assessment
    if found.axis == ALL:
        return _blank(view) if 0 < found.n < SMALLEST else view
    if (*_table(found), found.axis, found.level) in hidden:
        return _blank(view)
    interval = found.interval
    if interval is not None:
        low, middle, high = interval.low, interval.estimate, interval.high
        # Outwards: a coarse interval must not say more than the exact one.
        low, high = (f(100 * each) / 100 for f, each in ((math.floor, low), (math.ceil, high)))
        interval = Interval(round(middle, _POINTS), low, high)
    shortage = found.shortage and replace(found.shortage, have=_tens(found.shortage.have))
    coarse = replace(found, n=_tens(found.n), interval=interval, shortage=shortage)
    return replace(view, assessment=coarse, told=view.verdict)


def _blank(view: StreamView) -> StreamView:
    """Keep what the stream is and its verdict: that a group must be looked at is no number."""
    found = view.assessment
    blank = Assessment(
        version_id=found.version_id,
        site_id=found.site_id,
        subject=found.subject,
        kind=found.kind,
        axis=found.axis,
        level=found.level,
    )
    return StreamView(blank, view.alert, told=view.verdict, withheld=True)


def _tens(n: int) -> int:
    return n // SMALLEST * SMALLEST
