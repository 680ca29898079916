"""When a version was at work at a site: only then is a day without studies one that lacks them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
from numpy.typing import NDArray

from surveillance.measures.histogram import Counts
from surveillance.streams import repository
from vigil.kernel.db import ReadSession

Place = tuple[str, str]
Span = tuple[datetime, datetime | None]
# A deployment that changes its mode is at work all the while.
_SEAM = timedelta(minutes=1)


@dataclass(frozen=True)
class Running:
    """The spans in which each version was deployed at each site, in the shadow or not."""

    spans: Mapping[Place, Sequence[Span]]

    @classmethod
    def of(cls, session: ReadSession) -> "Running":
        held: dict[Place, list[Span]] = {}
        for version_id, site_id, begin, end in repository.periods_at_work(session):
            spans = held.setdefault((version_id, site_id), [])
            before = spans[-1] if spans else None
            if before and (before[1] is None or begin - before[1] <= _SEAM):
                spans[-1] = (before[0], _later(before[1], end))
            else:
                spans.append((begin, end))
        return cls(held)

    def whole_days(self, place: Place, ordinals: Counts) -> NDArray[np.bool_]:
        """Return which days lie within the last span that holds any of them, whole."""
        for begin, end in reversed(self.spans.get(place, ())):
            first = begin.toordinal() + (begin != _midnight(begin.toordinal()))
            last = date.max.toordinal() if end is None else end.toordinal() - 1
            inside = (ordinals >= first) & (ordinals <= last)
            if inside.any():
                return inside
        return np.zeros(len(ordinals), dtype=bool)

    def since(self, place: Place, instant: datetime) -> datetime | None:
        """Return from when the version is at work at an instant; None where it is not."""
        for begin, end in self.spans.get(place, ()):
            if begin <= instant and (end is None or instant < end):
                return begin
        return None

    def at(self, instant: datetime) -> list[Place]:
        return [place for place in sorted(self.spans) if self.since(place, instant) is not None]


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return None if one is None or other is None else max(one, other)


def _midnight(ordinal: int) -> datetime:
    return datetime.combine(date.fromordinal(ordinal), time(), UTC)
