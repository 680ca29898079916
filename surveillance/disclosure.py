"""What people who do not work at a site may be told of it: no group of fewer than ten people. Pure.

A cell of fewer than ten cases is hidden. Where a line of a table has a known sum, one hidden cell
could be worked out from the others, so a second one is hidden too (complementary suppression;
Hundepool et al., Statistical Disclosure Control, 2012, 4.3). Days are told as whole weeks that are
over, so that two looks cannot be subtracted from each other.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Final, TypeVar

from surveillance.axes import is_cross, parts_of
from vigil.kernel.errors import Fault, Invalid
from vigil.kernel.identity.actor import Actor

SMALLEST: Final = 10
WITHHELD: Final = "withheld, as it tells of fewer than ten people or would give another away"
_WEEK: Final = timedelta(weeks=1)
Spot = TypeVar("Spot", bound=Hashable)


def works_there(actor: Actor) -> bool:
    """Whether it works where it reads: a network's people read every site and work at none."""
    return actor.is_system or actor.sites is not None


def hidden(sizes: Mapping[Spot, float], lines: Iterable[Sequence[Spot]]) -> set[Spot]:
    """Return what must be withheld: small cells, and enough others in each of their lines."""
    found = {spot for spot, n in sizes.items() if n < SMALLEST}
    held = [list(line) for line in lines]
    grows = True
    while grows:
        before = len(found)
        for line in held:
            _complete(line, sizes, found)
        grows = len(found) > before
    return found


def hidden_levels(
    axis: str, sizes: Mapping[str, float], everybody: float | None = None
) -> set[str]:
    """Return which levels of an axis must be withheld; `everybody` is what they add up to.

    What is left over of everybody is a level that has no line of its own: it can be worked out too.
    """
    rest = "" if "" not in sizes else "(rest)"
    held = dict(sizes)
    left = 0.0 if everybody is None else everybody - sum(sizes.values())
    if 0 < left < SMALLEST:
        held[rest] = left
    lines = [[*held]]
    if is_cross(axis):
        parts: dict[tuple[int, str], list[str]] = {}
        for level in sizes:
            for place, part in enumerate(parts_of(axis, level)):
                parts.setdefault((place, part), []).append(level)
        lines += parts.values()
    return hidden(held, lines) & {*sizes}


def is_small(*sizes: float) -> bool:
    """Whether any of these tells of somebody, and of fewer than ten."""
    return any(0 < n < SMALLEST for n in sizes)


def whole_weeks(first: date, last: date, today: date) -> tuple[date, date]:
    """Return the whole weeks of a period that are over: from a Monday to a Sunday.

    Raises:
        Invalid: no week of it is over.
    """
    monday = first - timedelta(days=first.weekday())
    ends = min(last, today - timedelta(days=1))
    sunday = ends - timedelta(days=(ends.weekday() + 1) % 7)
    if sunday < monday:
        raise Invalid.because(
            [
                Fault(
                    "to",
                    "before the end of a week",
                    "Whoever does not work at the site sees whole weeks that are over, Monday to "
                    f"Sunday: the first to ask for ends on {monday + _WEEK - timedelta(days=1)}",
                )
            ]
        )
    return monday, sunday


def _complete(line: Sequence[Spot], sizes: Mapping[Spot, float], found: set[Spot]) -> None:
    """Hide more of a line until its hidden cells are two, and together not small."""
    shown = sorted((spot for spot in line if spot not in found), key=lambda spot: sizes[spot])
    unseen = [spot for spot in line if spot in found]
    while unseen and shown and (len(unseen) == 1 or sum(sizes[s] for s in unseen) < SMALLEST):
        unseen.append(shown.pop(0))
        found.add(unseen[-1])
