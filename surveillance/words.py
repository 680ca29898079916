"""Keys as people call them, in the middle of a sentence: axes, and what a stream is of."""

from collections.abc import Mapping
from typing import Final

from surveillance.axes import ALL
from surveillance.records.models import FEATURE, WHOLE_RUN

_SPELT: Final[Mapping[str, str]] = {
    "imd": "deprivation decile",
    "kvp": "tube voltage (kVp)",
    "image_sd": "image standard deviation",
    "image_p1": "image 1st percentile",
    "image_p99": "image 99th percentile",
}


def axis_name(axis: str) -> str:
    """Return `age_band` as `age band`, and the cross `sex*age_band` as `sex and age band`."""
    return " and ".join(_SPELT.get(part, part.replace("_", " ")) for part in axis.split("*"))


def subject_name(key: str) -> str:
    """Return the runs, or a number's name; a finding's key stays: its manifest has the name."""
    if key == WHOLE_RUN:
        return "all runs"
    return axis_name(key.removeprefix(FEATURE)) if key.startswith(FEATURE) else key


def group_name(axis: str, level: str) -> str:
    """Return whom a stream is of, empty for everybody; without a level, how it is divided."""
    if axis == ALL:
        return ""
    return f"by {axis_name(axis)}" if level == ALL else f"in {axis_name(axis)} {level}"
