"""What is compared between groups, and how far they may lie apart. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Measure(StrEnum):
    """What is compared: the first four of labelled cases, the last two of runs."""

    SENSITIVITY = "sensitivity"
    FALSE_ALARM_RATE = "false_alarm_rate"
    AREA = "area"
    CALIBRATION = "calibration"
    FLAG_RATE = "flag_rate"
    SKIPPED_RATE = "skipped_rate"
    FAILED_RATE = "failed_rate"


LABELLED: Final = frozenset(
    {Measure.SENSITIVITY, Measure.FALSE_ALARM_RATE, Measure.AREA, Measure.CALIBRATION}
)
OF_RUNS: Final = frozenset({Measure.SKIPPED_RATE, Measure.FAILED_RATE})


class Verdict(StrEnum):
    """What is known of a gap.

    `HIDDEN`: none is seen, but there is one where like is compared with like (`hidden`).
    `POSSIBLE`: by itself it would be one, but among so many looks it may be chance.
    `NO_GAP`: one that matters is excluded. `INSUFFICIENT`: neither can be said yet.
    """

    GAP = "gap"
    HIDDEN = "hidden_by_mix"
    POSSIBLE = "possible_gap"
    NO_GAP = "no_gap"
    INSUFFICIENT = "insufficient_data"


class Method(StrEnum):
    """From what the figures are.

    `COUNTS`: the daily counts, however many cases there are; that patients come again, and what the
    mix explains or hides, is reckoned from a sample of them. `RECORDS`: the records, each patient's
    cases taken together.
    """

    COUNTS = "counts"
    RECORDS = "records"


class Against(StrEnum):
    """What a group is held against."""

    REST = "rest"
    CLAIM = "claim"
    EARLIER = "earlier"


@dataclass(frozen=True)
class Margins:
    """How far apart two groups may be.

    Attributes:
        tolerated: a gap below does not matter, however certain it is.
        excluded: a larger one must be excluded before it is said that there is none.
        least: with fewer cases on either side nothing is judged.
    """

    tolerated: float
    excluded: float
    least: int


MARGINS: Final[Mapping[Measure, Margins]] = {
    Measure.SENSITIVITY: Margins(0.05, 0.10, 10),
    Measure.FALSE_ALARM_RATE: Margins(0.05, 0.10, 30),
    Measure.AREA: Margins(0.03, 0.06, 10),
    Measure.CALIBRATION: Margins(0.02, 0.05, 30),
    Measure.FLAG_RATE: Margins(0.05, 0.10, 30),
    Measure.SKIPPED_RATE: Margins(0.02, 0.05, 30),
    Measure.FAILED_RATE: Margins(0.02, 0.05, 30),
}
SIGNIFICANT: Final = 0.05
