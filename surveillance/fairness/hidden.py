"""Gaps that the mix hides: none is seen, and one is there where like is compared (Simpson 1951).

Whatever is not found is looked behind, on every other axis whose mix differs between the groups by
as much as would matter: a smaller difference cannot hide a gap. That is known before any outcome
is looked at, so that what is left out is no look. The others are a family of their own, adjusted as
that of the gaps is: for each gap the smallest p, times the axes tried (Bonferroni), and over all
gaps Benjamini and Yekutieli's. What is then found must hold when the patients are drawn anew.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from surveillance.axes import parts
from surveillance.fairness import mix
from surveillance.fairness.cells import Worth
from surveillance.fairness.contrasts import Gap
from surveillance.fairness.counting import Group
from surveillance.fairness.design import Design
from surveillance.fairness.kinds import MARGINS, SIGNIFICANT, Against, Measure, Verdict
from surveillance.fairness.mix import Mix
from surveillance.fairness.patients import Columns
from surveillance.fairness.strata import Crossed
from surveillance.measures.multiplicity import benjamini_yekutieli

Key = tuple[str, Measure, str, str, Against]
_QUIET: Final = frozenset({Verdict.NO_GAP, Verdict.INSUFFICIENT})
_HALF: Final = 0.5


@dataclass(frozen=True)
class Behind:
    """What a gap's mix hides; `adjusted` is its p among all gaps that were looked behind."""

    mix: Mix
    adjusted: float


class _Look(NamedTuple):
    gap: Gap
    axis: str
    effect: float
    p: float


def behind(gaps: Sequence[Gap], tables: Sequence[Columns], design: Design) -> dict[Key, Behind]:
    """Return what is hidden behind gaps that were not found, by the keys of these."""
    by_finding = {of.finding_key: of for of in tables if len(of)}
    best = _best(_looks(gaps, by_finding, design))
    adjusted = benjamini_yekutieli(np.array([look.p for look in best]))
    found = {}
    for look, p in zip(best, adjusted, strict=True):
        tolerated = look.gap.contrast.margins.tolerated
        if p > SIGNIFICANT or abs(look.effect) < tolerated:
            continue
        table = by_finding[look.gap.contrast.finding_key]
        seen = mix.on(table, look.gap, look.axis, mix.freedom_of(look.gap, design))
        if seen is not None and seen.holds:
            found[look.gap.key] = Behind(seen, float(p))
    return found


def _best(looks: Iterator[_Look]) -> list[_Look]:
    """Return the smallest p behind each gap, times the axes that were tried for it."""
    by_gap: dict[Key, list[_Look]] = {}
    for look in looks:
        by_gap.setdefault(look.gap.key, []).append(look)
    smallest = (
        (min(several, key=lambda each: each.p), len(several)) for several in by_gap.values()
    )
    return [look._replace(p=min(1.0, look.p * tried)) for look, tried in smallest]


def _looks(gaps: Sequence[Gap], tables: Mapping[str, Columns], design: Design) -> Iterator[_Look]:
    quiet: dict[tuple[str, Measure], dict[tuple[str, str], Gap]] = {}
    for gap in gaps:
        of = gap.contrast
        is_asked = gap.interval is not None and gap.verdict in _QUIET
        if is_asked and of.against is Against.REST and of.finding_key in tables:
            held = quiet.setdefault((of.finding_key, of.measure), {})
            held[of.axis, of.level] = gap
    for (finding, measure), held in quiet.items():
        crossed = Crossed.of(tables[finding], measure)
        if crossed is not None:
            yield from _of_finding(crossed, measure, held, design)


def _of_finding(
    crossed: Crossed, measure: Measure, held: Mapping[tuple[str, str], Gap], design: Design
) -> Iterator[_Look]:
    margins = MARGINS[measure]
    places = {place: held[name] for place, name in enumerate(crossed.names) if name in held}
    known = np.array(sorted(places), dtype=np.int64)
    enough = np.minimum(crossed.sizes, crossed.total - crossed.sizes) >= margins.least
    known = known[enough[known]]
    for axis in crossed.others:
        apart = crossed.apart(axis)[known] >= margins.tolerated
        asked = known[apart & [_may_hide(axis, crossed.names[place][0]) for place in known]]
        if not len(asked):
            continue
        pairs = [_worths(places[place], design) for place in asked.tolist()]
        effect, variances, comparable = crossed.within(axis, asked)
        p = _p(effect, variances, pairs)
        for at, place in enumerate(asked.tolist()):
            if comparable[at] >= _HALF and np.isfinite(p[at]):
                yield _Look(places[place], axis, float(effect[at]), float(p[at]))


def _may_hide(axis: str, own: str) -> bool:
    return not {*parts(axis)} & {*parts(own)}


def _worths(gap: Gap, design: Design) -> tuple[Worth, Worth]:
    of = gap.contrast
    group = Group(of.finding_key, of.axis, of.level)
    one, rest = (
        design.of(group, [of.measure], is_rest=is_rest)[of.measure] for is_rest in (False, True)
    )
    return one, rest


def _p(
    effect: NDArray[np.float64],
    variances: NDArray[np.float64],
    pairs: Sequence[tuple[Worth, Worth]],
) -> NDArray[np.float64]:
    """Return two-sided p-values by Welch's t; `variances` are those of both sides, (gaps, 2)."""
    held: Any = variances * [[one.effect, rest.effect] for one, rest in pairs]
    unsure = (held**2 / [[one.freedom, rest.freedom] for one, rest in pairs]).sum(-1)
    total = held.sum(-1)
    # From a million degrees of freedom on Student's distribution is the normal one.
    freedom = np.minimum(total**2 / np.maximum(unsure, np.finfo(float).tiny), 1e6)
    t = np.divide(effect, np.sqrt(total), out=np.full_like(effect, np.nan), where=total > 0)
    found: NDArray[np.float64] = 2 * stdtr(np.maximum(freedom, 1.0), -np.abs(t))
    return found
