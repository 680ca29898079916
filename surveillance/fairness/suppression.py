"""Small numbers of groups are withheld, and others with them that would give them away. Pure.

The rule is that of `surveillance.disclosure`; the lines of a table with a known sum are the levels
of an axis, the sites of a level, and the parts of a cross.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from surveillance.axes import ALL, is_cross, parts_of
from surveillance.disclosure import SMALLEST, hidden
from surveillance.fairness.cells import Cell
from surveillance.fairness.contrasts import Contrast
from surveillance.fairness.counting import SITE, Counted, Group, Place
from surveillance.fairness.kinds import LABELLED, Against, Measure

_EVERYWHERE: Final = "*"


class Spot(NamedTuple):
    """A cell of the table of one finding and axis."""

    site_id: str
    level: str


Sizes = Mapping[Spot, float]


def people(measure: Measure) -> Callable[[Cell], float]:
    """Return how a measure's people are counted: of labelled cases, the rarer kind.

    With the sensitivity hidden and the false alarms shown, the positives would be a subtraction.
    """
    if measure in LABELLED:
        return lambda cell: min(cell.positives, cell.negatives)
    return lambda cell: cell["n"]


class Withheld:
    """What is withheld of a version from people who are not staff of the site asked about."""

    def __init__(
        self, counted: Counted, sites: frozenset[str] | None, *, is_staff: bool = False
    ) -> None:
        """Take the counts of every site; `sites` are the ones asked about, None for all."""
        self._sites = sites
        self._is_staff = is_staff
        self._cells: dict[tuple[str, str], dict[Spot, Cell]] = defaultdict(dict)
        for (site, group), cell in counted.by(_of_all_parts).items():
            self._cells[group.finding_key, group.axis][Spot(site, group.level)] = cell
        self._known: dict[tuple[str, str, bool], set[str]] = {}

    def withholds(self, contrast: Contrast) -> bool:
        """Whether a comparison is withheld: for the group's sake, or for that of the other one."""
        if self._is_staff:
            return False
        if contrast.axis == ALL:
            return min(contrast.one.small, contrast.two.small) < SMALLEST
        levels = self._levels(contrast.finding_key, contrast.axis, contrast.measure)
        is_claim = contrast.against is Against.CLAIM
        rest_is_small = contrast.two.small < SMALLEST and not is_claim
        return contrast.level in levels or contrast.other in levels or rest_is_small

    def _levels(self, finding: str, axis: str, measure: Measure) -> set[str]:
        key = (finding, axis, measure in LABELLED)
        if key not in self._known:
            size = people(measure)
            held = self._cells.get((finding, axis), {})
            listed = {s: cell for s, cell in held.items() if _is_listed(cell, measure)}
            sizes = {spot: size(cell) for spot, cell in listed.items()}
            self._known[key] = self._hidden_levels(axis, sizes)
        return self._known[key]

    def _hidden_levels(self, axis: str, sizes: Sizes) -> set[str]:
        found = hidden(sizes, _lines(axis, sizes))
        if axis != SITE and self._sites is not None and len(self._sites) == 1:
            return {spot.level for spot in found if spot.site_id in self._sites}
        if axis == SITE:
            return {spot.level for spot in found}
        pooled: dict[Spot, float] = defaultdict(float)
        shown: set[str] = set()
        for spot, n in sizes.items():
            pooled[Spot(_EVERYWHERE, spot.level)] += n
            shown |= set() if spot in found else {spot.level}
        # What is hidden at each of its sites is hidden of all of them together.
        sums = {spot: n if spot.level in shown else 0.0 for spot, n in pooled.items()}
        return {spot.level for spot in hidden(sums, _lines(axis, sums))}


def _lines(axis: str, sizes: Sizes) -> list[list[Spot]]:
    if axis == SITE:
        return [list(sizes)]
    lines: dict[tuple[str, str], list[Spot]] = defaultdict(list)
    for spot in sizes:
        lines["of the site", spot.site_id].append(spot)
        lines["of the level", spot.level].append(spot)
        for place, part in enumerate(parts_of(axis, spot.level) if is_cross(axis) else ()):
            lines[f"of part {place} at {spot.site_id}", part].append(spot)
    return list(lines.values())


def _is_listed(cell: Cell, measure: Measure) -> bool:
    """Whether a level has a case of this kind; one that has none is on no page."""
    return (cell.positives + cell.negatives if measure in LABELLED else cell["n"]) > 0


def _of_all_parts(place: Place) -> tuple[str, Group]:
    return place.site_id, place.group
