"""Each group held against what the supplier claims of it on the card of the version. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

from surveillance.fairness.cells import Cell, sides
from surveillance.fairness.contrasts import Contrast, Side
from surveillance.fairness.counting import Group
from surveillance.fairness.design import Design
from surveillance.fairness.kinds import Against, Measure
from surveillance.local_tests.claims import Claim
from surveillance.measures.gaps import Estimate
from surveillance.measures.intervals import Z95, Interval

_MEASURES: Final = {
    "sensitivity": Measure.SENSITIVITY,
    "specificity": Measure.FALSE_ALARM_RATE,
    "auc": Measure.AREA,
}
_FEWEST = 1


def contrasts(
    cells: Mapping[Group, Cell],
    claims: Sequence[Claim],
    thresholds: Mapping[str, float],
    design: Design,
) -> list[Contrast]:
    """Compare each group that a claim is of; one at another threshold is not comparable."""
    found = []
    for claim in claims:
        if claim.axis is None or claim.level is None or claim.finding not in thresholds:
            continue
        group, measures = Group(claim.finding, claim.axis, claim.level), [_MEASURES[claim.metric]]
        cell = cells.get(group)
        if cell is not None and claim.comparable(thresholds[claim.finding]):
            held = sides(cell, design.of(group, measures), measures)
            found.append(_contrast(claim, held))
    return found


def _contrast(claim: Claim, held: Mapping[Measure, Side]) -> Contrast:
    measure = _MEASURES[claim.metric]
    promised = Side(claim.n or _FEWEST, claim.n or _FEWEST, _estimate(measure, claim.interval))
    of = (claim.finding, measure, claim.axis or "", claim.level or "")
    return Contrast(*of, Against.CLAIM, claim.dataset, held[measure], promised)


def _estimate(measure: Measure, claimed: Interval) -> Estimate:
    value = claimed.estimate
    if measure is Measure.FALSE_ALARM_RATE:
        value = 1 - value
    return Estimate.of_mean(value, (claimed.high - claimed.low) / (2 * Z95))
