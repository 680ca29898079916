"""Which groups are held against which: every level against all the others of its axis. Pure.

Of an axis with two levels there is one gap, not two: the rarer level is held against the other.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from surveillance.axes import ALL
from surveillance.fairness.cells import Cell, added, sides
from surveillance.fairness.contrasts import Contrast, Side
from surveillance.fairness.counting import Group
from surveillance.fairness.design import INDEPENDENT, Design
from surveillance.fairness.kinds import LABELLED, OF_RUNS, Against, Measure
from surveillance.records.models import WHOLE_RUN

Sides = Mapping[Measure, Side]
_TWO: Final = 2


class Kind(NamedTuple):
    """Measures that are of the same cases."""

    measures: tuple[Measure, ...]
    size: Callable[[Cell], float]


_LABELLED = Kind(
    tuple(each for each in Measure if each in LABELLED),
    lambda cell: cell.positives + cell.negatives,
)
_FLAGS = Kind((Measure.FLAG_RATE,), lambda cell: cell["n"])
_RUNS = Kind(tuple(each for each in Measure if each in OF_RUNS), lambda cell: cell["n"])


class Pair(NamedTuple):
    level: str
    others: tuple[str, ...]

    @property
    def name(self) -> str:
        """The other level, where there is one only."""
        return self.others[0] if len(self.others) == 1 else ""


def pairs(sizes: Mapping[str, float]) -> list[Pair]:
    """Return the comparisons of an axis, from how many cases each level has."""
    levels = sorted((level for level, n in sizes.items() if n > 0), key=lambda each: (each,))
    if len(levels) < _TWO:
        return []
    if len(levels) == _TWO:
        rarer, other = sorted(levels, key=lambda level: (sizes[level], level))
        return [Pair(rarer, (other,))]
    return [Pair(level, tuple(one for one in levels if one != level)) for level in levels]


def kinds_of(finding_key: str) -> tuple[Kind, ...]:
    return (_RUNS,) if finding_key == WHOLE_RUN else (_LABELLED, _FLAGS)


def contrasts(cells: Mapping[Group, Cell], design: Design = INDEPENDENT) -> list[Contrast]:
    """Return every comparison that the cells allow."""
    return [
        contrast
        for (finding, axis), levels in sorted(_by_axis(cells).items())
        if axis != ALL
        for kind in kinds_of(finding)
        for pair in pairs({level: kind.size(cell) for level, cell in levels.items()})
        for contrast in _of_pair(finding, axis, pair, levels, kind.measures, design)
    ]


def between(
    finding: str, axis: str, pair: Pair, one: Sides, two: Sides, measures: Iterable[Measure]
) -> list[Contrast]:
    """Return the comparisons of two groups on those measures that either has a figure of."""
    return [
        Contrast(finding, each, axis, pair.level, Against.REST, pair.name, one[each], two[each])
        for each in measures
        if one[each].estimate is not None or two[each].estimate is not None
    ]


def alone(cells: Mapping[Group, Cell]) -> list[str]:
    """Return the axes on which all cases are of one level, so that there is nothing to compare."""
    levels: dict[str, set[str]] = defaultdict(set)
    for group, cell in cells.items():
        if cell["n"] > 0:
            levels[group.axis].add(group.level)
    return sorted(axis for axis, held in levels.items() if axis != ALL and len(held) == 1)


def _of_pair(
    finding: str,
    axis: str,
    pair: Pair,
    levels: Mapping[str, Cell],
    measures: Sequence[Measure],
    design: Design,
) -> list[Contrast]:
    rest = added(levels[level] for level in pair.others)
    group = Group(finding, axis, pair.level)
    one, two = (
        sides(cell, design.of(group, measures, is_rest=is_rest), measures)
        for cell, is_rest in ((levels[pair.level], False), (rest, True))
    )
    return between(finding, axis, pair, one, two, measures)


def _by_axis(cells: Mapping[Group, Cell]) -> dict[tuple[str, str], dict[str, Cell]]:
    found: dict[tuple[str, str], dict[str, Cell]] = defaultdict(dict)
    for group, cell in cells.items():
        found[group.finding_key, group.axis][group.level] = cell
    return found
