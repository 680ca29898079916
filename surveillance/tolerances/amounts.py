"""What may be tolerated of each kind of stream: the unit, the range, and what holds by default.

The defaults are those that RADSURV-1 is measured with (docs/adr/0022-detectors.md).
"""

from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    SHIFT = "standard deviations of the reference"
    FACTOR = "times as often or as seldom"
    DIFFERENCE = "difference"


@dataclass(frozen=True)
class Amount:
    """Above `least` and up to `most`."""

    unit: Unit
    default: float
    least: float
    most: float


def _shift() -> Amount:
    return Amount(Unit.SHIFT, 0.1, 0.0, 2.0)


def _factor(default: float) -> Amount:
    return Amount(Unit.FACTOR, default, 1.0, 10.0)


def _difference(default: float) -> Amount:
    return Amount(Unit.DIFFERENCE, default, 0.0, 0.5)


AMOUNTS = {
    "score": _shift(),
    "feature": _shift(),
    "embedding": _shift(),
    "turnaround": _shift(),
    "decision_time": _shift(),
    "flag_rate": _factor(1.05),
    "override_rate": _factor(1.25),
    "override_fp_rate": _factor(1.25),
    "override_fn_rate": _factor(1.25),
    "ignored_rate": _factor(1.25),
    "miss_rate": _factor(1.25),
    "false_alarm_rate": _factor(1.25),
    "ppv": _factor(1.25),
    "missing_rate": _factor(1.25),
    "skipped_rate": _factor(1.25),
    "failed_rate": _factor(1.25),
    "disagreement": _factor(1.25),
    "delivery": _factor(1.25),
    "category": _factor(1.25),
    "volume": _factor(1.5),
    "area": _difference(0.03),
    "calibration": _difference(0.02),
}
