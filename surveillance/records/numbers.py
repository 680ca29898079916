"""The numbers of a run, each a stream of its own: header, image, scores, and how long it took.

A number that applies and is not there is None, which is counted as missing. One that cannot be,
such as a negative duration after a clock was set, is no number, which is counted as invalid: both
are seen, and neither moves a distribution.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from inference.runs import image_statistics
from inference.runs.models import Outcome, Run
from inference.studies.models import Instance
from model_registry.packages.monitoring import HEADER_NUMBERS
from surveillance.records.facts import FindingFacts

TURNAROUND: Final = "turnaround"
DECISION_TIME: Final = "decision_time"
_MOST_SECONDS = timedelta(days=365).total_seconds()
# What a number can be at all (PS3.3): anything else is a fault of the header, and is counted so.
_POSSIBLE: Final[Mapping[str, tuple[float, float]]] = {
    "patient_age": (0, 130),
    "kvp": (1, 1000),
    "exposure": (0, 100_000),
    "rows": (1, 65_535),
    "columns": (1, 65_535),
    "pixel_spacing": (1e-4, 100),
    "slice_thickness": (0, 1000),
    "bits_stored": (1, 64),
}
_ANSWERED = frozenset({Outcome.SUCCEEDED, Outcome.NO_RESULT})
Numbers = dict[str, float | None]


def of_run(run: Run, instances: Iterable[Instance], findings: Sequence[FindingFacts]) -> Numbers:
    """Return every number that applies to a run as it ended."""
    given = list(instances)
    numbers = _of_headers([instance.attributes for instance in given])
    if run.outcome in _ANSWERED:
        numbers |= _of_images(run) | _of_scores(findings)
        arrived = max((instance.received_at for instance in given), default=None)
        numbers[TURNAROUND] = seconds(arrived, run.finished_at)
    return numbers


def seconds(begin: datetime | None, end: datetime | None) -> float | None:
    """Return how long it took; None where one end is not known, no number where it cannot be."""
    if begin is None or end is None:
        return None
    took = (end - begin).total_seconds()
    return took if 0 <= took <= _MOST_SECONDS else math.nan


def _of_headers(attributes: Sequence[Mapping[str, Any]]) -> Numbers:
    """Take each number from the first image that knows it, as the groups are taken."""
    if not attributes:
        return {}
    return {name: _first(name, attributes) for name in HEADER_NUMBERS}


def _first(name: str, attributes: Sequence[Mapping[str, Any]]) -> float | None:
    known = (_possible(name, each.get(name)) for each in attributes)
    return next((value for value in known if value is not None), None)


def _possible(name: str, value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    low, high = _POSSIBLE[name]
    return float(value) if low <= value <= high else math.nan


def _of_images(run: Run) -> Numbers:
    if run.image_statistics is None:
        return {}
    held = run.image_statistics
    return {f"image_{name}": held.get(name) for name in image_statistics.NAMES}


def _of_scores(findings: Sequence[FindingFacts]) -> Numbers:
    """A single finding's score is a stream already."""
    if len(findings) < 2:  # noqa: PLR2004 - several
        return {}
    scores = [finding.score for finding in findings]
    if any(score is None or not math.isfinite(score) for score in scores):
        return {"score_max": math.nan, "score_mean": math.nan}
    known = [score for score in scores if score is not None]
    return {"score_max": max(known), "score_mean": sum(known) / len(known)}
