"""How gaps move from part to part of the period, and whether everybody's figures changed. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from surveillance.axes import ALL, AXES, is_cross
from surveillance.fairness import mix
from surveillance.fairness.cells import Cell, added, sides
from surveillance.fairness.contrasts import Contrast, Gap
from surveillance.fairness.counting import Counted, Group
from surveillance.fairness.design import Design
from surveillance.fairness.kinds import MARGINS, Against, Measure
from surveillance.fairness.pairing import kinds_of
from surveillance.measures.gaps import Estimate, intervals
from surveillance.measures.intervals import Interval
from surveillance.measures.trends import Trend, slope

Parts = Mapping[int, Mapping[Group, Cell]]
_A_YEAR: Final = 12


@dataclass(frozen=True)
class Point:
    """A gap in one part of the period; None where one side has too few cases."""

    part: int
    interval: Interval | None


@dataclass(frozen=True)
class Course:
    """A gap through time; `trend` is its change in a year, None where parts are too few."""

    points: tuple[Point, ...]
    trend: Trend | None

    @property
    def moves(self) -> bool:
        return self.trend is not None and not self.trend.slope.low <= 0 <= self.trend.slope.high


@dataclass(frozen=True)
class Explained:
    """How much of a change over time the mix on one axis explains."""

    axis: str
    change: float
    mix: float
    comparable: float


def by_part(counted: Counted) -> Parts:
    found: dict[int, dict[Group, Cell]] = defaultdict(dict)
    for (part, group), cell in counted.by(lambda place: (place.part, place.group)).items():
        found[part][group] = cell
    return found


def courses(gaps: Sequence[Gap], parts: Parts, design: Design) -> list[Course]:
    """Follow gaps through the parts of the period, which are months."""
    by_axis = {part: _by_axis(cells) for part, cells in parts.items()}
    known: list[tuple[int, int]] = []
    ones, others = [], []
    for place, gap in enumerate(gaps):
        for part, levels in by_axis.items():
            pair = _estimates(gap.contrast, levels, design)
            if pair is not None:
                known.append((place, part))
                ones.append(pair[0])
                others.append(pair[1])
    # All of them at once: a year of months of hundreds of gaps.
    found = dict(zip(known, intervals(ones, others), strict=True))
    return [
        _course([Point(part, found.get((place, part))) for part in sorted(parts)])
        for place in range(len(gaps))
    ]


def _course(points: Sequence[Point]) -> Course:
    known = [(point.part, point.interval) for point in points if point.interval is not None]
    trend = slope([part / _A_YEAR for part, _ in known], [interval for _, interval in known])
    return Course(tuple(points), trend)


def changes(counted: Counted, half: int, design: Design) -> list[Contrast]:
    """Compare everybody from the part `half` on with everybody before it."""
    later = counted.by(lambda place: _half(place.group, is_wanted=place.part >= half))
    earlier = counted.by(lambda place: _half(place.group, is_wanted=place.part < half))
    return [
        Contrast(
            group.finding_key,
            measure,
            ALL,
            ALL,
            Against.EARLIER,
            "",
            sides(later[group], design.of(group, [measure]), [measure])[measure],
            sides(earlier[group], design.of(group, [measure]), [measure])[measure],
        )
        for group in sorted({*later} & {*earlier})
        for kind in kinds_of(group.finding_key)
        if kind.size(later[group]) > 0 and kind.size(earlier[group]) > 0
        for measure in kind.measures
    ]


def explained(gap: Gap, counted: Counted, half: int) -> list[Explained]:
    """Say how much of a change the mix on each axis explains, the most telling first."""
    of = gap.contrast
    if of.measure is Measure.AREA:
        return []
    found = []
    for axis in AXES:
        if is_cross(axis):
            continue
        later, earlier = (_levels(counted, of.finding_key, axis, half, late) for late in (1, 0))
        parted = mix.over_time(of.measure, earlier, later)
        if parted is not None and len({*later, *earlier}) > 1:
            found.append(Explained(axis, *parted))
    sign = 1 if gap.interval is None or gap.interval.estimate > 0 else -1
    return sorted(found, key=lambda each: -each.mix * sign)


def _levels(counted: Counted, finding: str, axis: str, half: int, late: int) -> dict[str, Cell]:
    held: dict[str, list[Cell]] = defaultdict(list)
    for place, cell in counted.cells.items():
        is_here = place.group.finding_key == finding and place.group.axis == axis
        if is_here and (place.part >= half) == bool(late):
            held[place.group.level].append(cell)
    return {level: added(cells) for level, cells in held.items()}


def _half(group: Group, *, is_wanted: bool) -> Group | None:
    return group if is_wanted and group.axis == ALL else None


def _by_axis(cells: Mapping[Group, Cell]) -> Mapping[tuple[str, str], Mapping[str, Cell]]:
    found: dict[tuple[str, str], dict[str, Cell]] = defaultdict(dict)
    for group, cell in cells.items():
        found[group.finding_key, group.axis][group.level] = cell
    return found


def _estimates(
    contrast: Contrast, cells: Mapping[tuple[str, str], Mapping[str, Cell]], design: Design
) -> tuple[Estimate, Estimate] | None:
    levels = cells.get((contrast.finding_key, contrast.axis), {})
    own, measure = levels.get(contrast.level), contrast.measure
    wanted = (contrast.other,) if contrast.other else [*levels]
    rest = [levels[each] for each in wanted if each in levels and each != contrast.level]
    if own is None or not rest:
        return None
    group = Group(contrast.finding_key, contrast.axis, contrast.level)
    one, two = (
        sides(cell, design.of(group, [measure], is_rest=is_rest), [measure])[measure]
        for cell, is_rest in ((own, False), (added(rest), True))
    )
    if one.estimate is None or two.estimate is None:
        return None
    enough = min(one.cases, two.cases) >= MARGINS[measure].least
    return (one.estimate, two.estimate) if enough else None
