"""Causes that one axis of the cases tells of: its mix, a new scanner, a lost attribute. Pure."""

from collections.abc import Iterable, Iterator

import numpy as np

from surveillance.axes import EVERYWHERE, SCANNER_AXES, UNKNOWN, is_cross, parts
from surveillance.causes.cause import Cause, CauseKind, clipped, percent
from surveillance.causes.groups import FEWEST, Groups
from surveillance.words import axis_name

SCANNERS = ("manufacturer", *SCANNER_AXES)
# Of axes that tell of the same cases the coarser is named, unless a finer tells this much more.
FINER_MUST_ADD = 0.1
LEAST_SHARE = 0.05
UNSEEN = 0.01
RISEN, RISEN_BY = 1.5, 0.02
WHOLE = 0.9
# A group that is new, or unknown, says more than that the mix changed or an old group moved.
_PLAIN = {CauseKind.MIX: 1, CauseKind.ONE_GROUP: 3}


def of_groups(many: Iterable[Groups]) -> list[Cause]:
    """Return the best cause of each family of axes."""
    found = [cause for groups in many for cause in _of_axis(groups)]
    best: dict[tuple[str, ...], Cause] = {}
    for cause in found:
        family = _family(cause.axis)
        held = best.get(family)
        if held is None or _standing(cause) > _standing(held):
            best[family] = cause
    return list(best.values())


def _of_axis(groups: Groups) -> Iterator[Cause]:
    if len(groups.levels) < 2:  # noqa: PLR2004 - one level divides nothing
        return
    if not _was_known(groups):
        return
    carried = [groups.carried(index) for index in range(len(groups.levels))]
    sure = [share - error for share, error in carried]
    named = _replaced(groups)
    best = named if named is not None else int(np.argmax(sure))
    mix, mix_error = groups.mix_share, groups.mix_error
    share, error = (mix, mix_error) if named is not None else carried[best]
    kind = _kind(groups, best)
    if kind is not None and share - error >= LEAST_SHARE:
        yield Cause(
            kind=kind,
            share=clipped(share),
            sure=share - error if share <= 1 else 1 / share - error,
            sentence=_of_level(groups, best, kind),
            numbers=_numbers(groups, best),
            axis=groups.axis,
            levels=(groups.levels[best],),
        )
    if mix - mix_error >= LEAST_SHARE and kind is not CauseKind.MISSING:
        yield _mix(groups, mix, mix_error)


def _was_known(groups: Groups) -> bool:
    """Whether the axis was known before: of an unknown mix nothing can be told.

    So it is with a reference that does not hold the axis, or labels that came only later.
    """
    is_known = [level != UNKNOWN for level in groups.levels]
    return float(groups.before.shares[is_known].sum()) > UNSEEN


def _kind(groups: Groups, index: int) -> CauseKind | None:
    """Say what it means that one level carries the change; None: its mix tells it better."""
    then, now = groups.before.shares[index], groups.since.shares[index]
    has_risen = now > RISEN * then and now - then > RISEN_BY
    if groups.levels[index] == UNKNOWN:
        return CauseKind.MISSING if has_risen else CauseKind.ONE_GROUP
    if groups.axis in SCANNERS and has_risen:
        return CauseKind.NEW_SCANNER
    moved = abs(groups.within[index]) > abs(groups.mix).sum()
    return CauseKind.ONE_GROUP if moved and not has_risen else None


def _replaced(groups: Groups) -> int | None:
    """Return the level that has taken the place of all others, if one has."""
    found = (groups.since.shares >= WHOLE) & (groups.before.shares <= UNSEEN)
    return int(np.argmax(found)) if found.any() else None


def _mix(groups: Groups, share: float, error: float) -> Cause:
    grown = groups.since.shares - groups.before.shares
    toward = groups.mix * np.sign(groups.change)
    # Shown by those that came: cases that stay away can be looked at no more.
    at = int(np.argmax(np.where(grown > 0, toward, -np.inf)))
    level = groups.levels[at]
    axis = axis_name(groups.axis)
    then, now = percent(groups.before.shares[at]), percent(groups.since.shares[at])
    effect = 100 * float(groups.mix.sum())
    sentence = (
        f"The mix of {axis} changed: {level} went from {then} to {now} of cases. "
        f"The mix alone makes {effect:+.1f} of the {100 * groups.change:+.1f} points of change."
    )
    numbers = {**_numbers(groups, at), "mix_effect": float(groups.mix.sum())}
    numbers["within_effect"] = float(groups.within.sum())
    # More than all of it is as far from the mark as less.
    sure = (share if share <= 1 else 1 / share) - error
    return Cause(CauseKind.MIX, clipped(share), sure, sentence, numbers, groups.axis, (level,))


def _of_level(groups: Groups, index: int, kind: CauseKind) -> str:
    axis, level = axis_name(groups.axis), groups.levels[index]
    then, now = groups.before.shares[index], groups.since.shares[index]
    came = f"{percent(then)} to {percent(now)} of cases"
    if kind is CauseKind.MISSING:
        what = f"Cases whose {axis} is not known went from {came}."
    elif kind is CauseKind.NEW_SCANNER and then < UNSEEN:
        what = f"{axis[:1].upper()}{axis[1:]} {level} was hardly seen before: {came}."
    elif kind is CauseKind.NEW_SCANNER:
        what = f"{axis[:1].upper()}{axis[1:]} {level} went from {came}."
    else:
        means = [percent(float(mean[index])) for mean in groups.means]
        what = f"Cases with {axis} {level} moved from {means[0]} to {means[1]}."
    rest = groups.without(index)
    if min(rest.before.n, rest.since.n) < FEWEST:
        return f"{what} Hardly any other case is left to compare with."
    return (
        f"{what} Without them the change would be {100 * rest.change:+.1f} points "
        f"instead of {100 * groups.change:+.1f}."
    )


def _numbers(groups: Groups, index: int) -> dict[str, float | str]:
    then, now = groups.means
    return {
        "level": groups.levels[index],
        "share_before": float(groups.before.shares[index]),
        "share_since": float(groups.since.shares[index]),
        "mean_before": float(then[index]),
        "mean_since": float(now[index]),
        "cases_before": float(groups.before.cases[index]),
        "cases_since": float(groups.since.cases[index]),
    }


def _standing(cause: Cause) -> float:
    depth = SCANNERS.index(cause.axis) * 0.5 if cause.axis in SCANNERS else 0.0
    depth += is_cross(cause.axis)
    return cause.sure - FINER_MUST_ADD * (depth + _PLAIN.get(cause.kind, 0))


def _family(axis: str) -> tuple[str, ...]:
    if axis in SCANNERS:
        return SCANNERS
    # A named cross is of the family of its first part: it tells of the same cases.
    first = parts(axis)[0]
    if first in SCANNERS:
        return SCANNERS
    return parts(EVERYWHERE) if first in parts(EVERYWHERE) else (first,)
