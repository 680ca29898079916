"""Cells of every group, from the daily counts and those of the labelled. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple

import numpy as np

from surveillance.axes import ALL
from surveillance.fairness.cells import NUMBERS, OF_AGGREGATES, Cell, added, empty
from surveillance.measures.histogram import Counts
from surveillance.records.models import FEATURE
from surveillance.truth.series import TruthSeries

SITE: Final = "site"  # each site as a group of its own, made of its counts of everybody
_AT = {name: place for place, name in enumerate(NUMBERS)}


class Group(NamedTuple):
    """One level of one axis, for a finding or the run itself."""

    finding_key: str
    axis: str
    level: str


class Place(NamedTuple):
    """A group at a site in a part of the period."""

    site_id: str
    group: Group
    part: int


@dataclass(frozen=True)
class Counted:
    """The cells of every group, site and part."""

    cells: Mapping[Place, Cell]

    def by(self, key: Callable[[Place], Any]) -> dict[Any, Cell]:
        """Add up the cells that have the same key; a key of None is left out."""
        together: dict[Any, list[Cell]] = defaultdict(list)
        for place, cell in self.cells.items():
            name = key(place)
            if name is not None:
                together[name].append(cell)
        return {name: added(held) for name, held in together.items()}

    def at(self, sites: frozenset[str] | None) -> "Counted":
        if sites is None:
            return self
        return Counted(
            {place: cell for place, cell in self.cells.items() if place.site_id in sites}
        )


def counted(rows: Iterable[Any], truths: Iterable[TruthSeries], starts: Sequence[date]) -> Counted:
    """Build the cells; `starts` are the first days of the parts of the period."""
    numbers: dict[Place, Any] = defaultdict(empty)
    scores: dict[Place, dict[str, Counts]] = defaultdict(dict)
    for row in rows:
        for place in _places(row.site_id, row.finding_key, row.axis, row.level, row.part):
            for name in OF_AGGREGATES:
                numbers[place][_AT[name]] += getattr(row, name)
    for series in truths:
        _add_truth(series, starts, numbers, scores)
    return Counted({place: Cell(held, scores.get(place, {})) for place, held in numbers.items()})


def _places(site_id: str, finding: str, axis: str, level: str, part: int) -> list[Place]:
    places = [Place(site_id, Group(finding, axis, level), int(part))]
    if axis == ALL:
        places.append(Place(site_id, Group(finding, SITE, site_id), int(part)))
    return places


def _add_truth(
    series: TruthSeries,
    starts: Sequence[date],
    numbers: dict[Place, Any],
    scores: dict[Place, dict[str, Counts]],
) -> None:
    if series.finding_key.startswith(FEATURE):
        return
    first = [day.toordinal() for day in starts]
    parts = np.searchsorted(first, [day.toordinal() for day in series.days], side="right") - 1
    of_day = (
        series.tp, series.fp, series.tn, series.fn, series.claimed, series.claim, series.brier,
    )  # fmt: skip
    for part in np.unique(parts):
        held = parts == part
        sums = [float(column[held].sum()) for column in of_day]
        both = np.stack([series.positives[held].sum(axis=0), series.negatives[held].sum(axis=0)])
        group = (series.site_id, series.finding_key, series.axis, series.level)
        for place in _places(*group, max(0, int(part))):
            numbers[place][len(OF_AGGREGATES) :] += sums
            if both.shape[1] and series.reference_id is not None:
                known = scores[place]
                before = known.get(series.reference_id)
                known[series.reference_id] = both if before is None else before + both
