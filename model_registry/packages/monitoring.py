"""The streams that a package may ask surveillance to watch: every name, and what it is.

Here and not in surveillance, so that `vigil package check` knows them without a server.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from vigil.kernel.errors import Fault

# What is always watched, whatever a package names: only the network stops it, with a reason.
CORE: Final = {
    "score": "scores of every finding",
    "flag_rate": "share of cases that are flagged",
    "override_rate": "share of decisions that override the model, either way",
    "override_fp_rate": "share of flags that readers turn down",
    "override_fn_rate": "share of cases not flagged that readers add",
    "ignored_rate": "share of results that no reader decides on",
    "miss_rate": "share of labelled positives that are not flagged",
    "false_alarm_rate": "share of labelled negatives that are flagged",
    "ppv": "share of flagged, labelled cases that are positive",
    "area": "area under the curve among labelled cases",
    "calibration": "claimed probability against the truth",
    "unseen_category": "a maker, view or other level that the reference never had",
    "skipped_rate": "share of eligible studies that the guard leaves out",
    "failed_rate": "share of eligible studies that fail",
    "volume": "studies a day",
    "silence": "no study where there should be one",
    "turnaround": "seconds from the last image to the result",
    "delivery": "share of results that are delivered in time",
    "disagreement": "how often the candidate and the version in use differ on a study",
    "decision_time": "seconds from the result to the reader's decision",
}
# Numbers of the image's header, as `vigil.kernel.dicom` names them.
HEADER_NUMBERS: Final = {
    "patient_age": "years",
    "kvp": "kV",
    "exposure": "mAs",
    "rows": "rows of the image",
    "columns": "columns of the image",
    "pixel_spacing": "mm",
    "slice_thickness": "mm",
    "bits_stored": "bits of a pixel",
}
# Numbers of the image as the model is given it.
IMAGE_NUMBERS: Final = {
    "image_mean": "mean of the pixels",
    "image_sd": "standard deviation of the pixels",
    "image_p1": "1st percentile of the pixels",
    "image_p99": "99th percentile of the pixels",
    "image_clipped": "share of pixels at either end of the range",
    "image_aspect": "columns over rows",
}
# Numbers over the findings of one run, where there are several.
OUTPUT_NUMBERS: Final = {
    "score_max": "largest score of the findings",
    "score_mean": "mean score of the findings",
    "embedding": "what the model sees or says as a whole: its embedding, or all its scores",
}
CATEGORIES: Final = {
    "sex": "shares of the sexes",
    "age_band": "shares of the age bands",
    "manufacturer": "shares of the makers",
    "manufacturer_model": "shares of the scanners' types",
    "software_versions": "shares of the scanners' software",
    "view": "shares of the views",
    "ethnicity": "shares of ethnic groups, where a site tells them",
    "imd": "shares of deprivation deciles, where a site tells them",
    "setting": "shares of emergency, inpatient and other settings, where a site tells them",
}
NUMBERS: Final = HEADER_NUMBERS | IMAGE_NUMBERS | OUTPUT_NUMBERS
# What a package picks from; one that picks nothing has all of it watched.
CHOSEN: Final = NUMBERS | CATEGORIES
STREAMS: Final = CORE | CHOSEN


# Groups by several categories at once are many and small: a package names a few, and the network
# as many for all versions.
MOST_CROSSES: Final = 4
_PARTS: Final = (2, 3)
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
_COUNTED_ALREADY: Final = frozenset({"sex", "age_band"})


def cross_faults(crosses: Mapping[str, Sequence[str]], field: str) -> list[Fault]:
    """Return a fault for each cross of categories that cannot be counted.

    Args:
        crosses: the categories of each, by its name.
        field: where they stand, for the fault.
    """
    faults = [fault for name, axes in crosses.items() for fault in _cross(name, axes, field)]
    if len(crosses) > MOST_CROSSES:
        remedy = f"Keep the {MOST_CROSSES} that matter most: more are too small to tell anything"
        faults.append(Fault(field, f"{len(crosses)} crosses", remedy))
    first: dict[frozenset[str], str] = {}
    for name, axes in crosses.items():
        other = first.setdefault(frozenset(axes), name)
        if other != name:
            faults.append(Fault(f"{field}.{name}", f"is the same as {other}", "Leave one out"))
    return faults


def _cross(name: str, axes: Sequence[str], field: str) -> Iterator[Fault]:
    place = f"{field}.{name[:40]}"
    if not _NAME.fullmatch(name) or name in STREAMS:
        remedy = "Use up to 32 lower case letters, digits and _, and no name of docs/streams.md"
        yield Fault(place, "is no name for a cross", remedy)
    for part, axis in enumerate(axes):
        if axis not in CATEGORIES:
            remedy = f"Use two or three of {', '.join(CATEGORIES)}"
            yield Fault(f"{place}.{part}", f"no category is called {axis}", remedy)
    if len(axes) not in _PARTS or len(set(axes)) < len(axes):
        yield Fault(
            place, "is not of two or three categories", "Name each once, such as [sex, view]"
        )
    if frozenset(axes) == _COUNTED_ALREADY:
        yield Fault(place, "is counted of every version", "Leave it out")


def faults_of(named: Sequence[str]) -> list[Fault]:
    """Return a fault for each name in `monitoring.streams` that is no stream."""
    remedy = "Use names of docs/streams.md, or leave the list out to have all watched"
    return [
        Fault(f"manifest.yaml:monitoring.streams.{place}", f"no stream is called {name}", remedy)
        for place, name in enumerate(named)
        if name not in STREAMS
    ]
