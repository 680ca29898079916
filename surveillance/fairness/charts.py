"""Forest plots of a finding: each group's own figure, against that of everybody. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

from surveillance.fairness import rows, sentences
from surveillance.fairness.contrasts import Side
from surveillance.fairness.kinds import MARGINS, Against, Measure
from surveillance.fairness.pairing import Sides
from surveillance.fairness.service import Fairness, Found
from vigil.kernel.web.charts.forest import Estimate, ForestPlot

_WORSE_BELOW: Final = frozenset({Measure.SENSITIVITY, Measure.AREA})
# Nobody can say which way a share of flags is the worse one: it follows the patients.
_UNDIRECTED: Final = frozenset({Measure.FLAG_RATE})


def forests(of: Fairness, finding_key: str, sites: Mapping[str, str]) -> list[ForestPlot]:
    """Return a plot for each measure that a finding has groups of; `sites` are names by id."""
    everybody = of.overall.get(finding_key, {})
    shown = [
        found
        for found in of.found
        if found.gap.contrast.finding_key == finding_key
        and found.gap.contrast.against is Against.REST
        and not found.withheld
    ]
    plots = (_plot(of, finding_key, measure, shown, everybody, sites) for measure in Measure)
    return [plot for plot in plots if plot is not None]


def _plot(
    of: Fairness,
    finding_key: str,
    measure: Measure,
    shown: Sequence[Found],
    everybody: Sides,
    sites: Mapping[str, str],
) -> ForestPlot | None:
    held = [found for found in shown if found.gap.contrast.measure is measure]
    middle = everybody[measure].value if measure in everybody else None
    if middle is None or not held or measure in _UNDIRECTED:
        return None
    is_worse_above = measure not in _WORSE_BELOW
    margin = MARGINS[measure].tolerated * (1 if is_worse_above else -1)
    name = rows.subject(of.version, finding_key)
    what = sentences.NAMES[measure]
    return ForestPlot(
        key=f"{measure.value}-{finding_key.strip('-') or 'runs'}",
        title=f"{what[:1].upper()}{what[1:]} of {name}, by group",
        reference=middle,
        tolerated=middle + margin,
        groups=_groups(held, measure, sites),
        percent=measure is not Measure.AREA,
        worse_above=is_worse_above,
    )


def _groups(held: Sequence[Found], measure: Measure, sites: Mapping[str, str]) -> list[Estimate]:
    found = {}
    for each in sorted(held, key=lambda one: (one.gap.contrast.axis, one.gap.contrast.level)):
        of = each.gap.contrast
        found[rows.spoken(of.axis, of.level, sites)] = of.one
        if of.other:
            found[rows.spoken(of.axis, of.other, sites)] = of.two
    return [_estimate(label, side, MARGINS[measure].least) for label, side in found.items()]


def _estimate(label: str, side: Side, least: int) -> Estimate:
    if side.estimate is None or side.cases < least:
        return Estimate(label, side.cases)
    interval = side.estimate.interval
    return Estimate(label, side.cases, interval.estimate, interval.low, interval.high)
