"""What is said of one finding without a label: estimates, or why there are none. Pure.

The blind spot is part of every sentence that gives an estimate, so that no page can show the one
without the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from surveillance.measures.cbpe import Calibrator, Estimates, estimate
from surveillance.measures.histogram import Counts, valued
from surveillance.measures.intervals import Interval

MIN_CASES = 500
MIN_DAYS = 7
MIN_LABELLED = 30  # of each kind, to know what a score means
BLIND_SPOT = (
    "this assumes that what a score means has not changed since the reference, and cannot see a "
    "model that ranks worse: in a simulation the true area fell from 0.90 to 0.82 and this "
    "estimate only from 0.902 to 0.887. It is no evidence of safety"
)
NAMES = {
    "area": "area under the curve",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "ppv": "positive predictive value",
    "prevalence": "share with the finding",
}


@dataclass(frozen=True, kw_only=True)
class View:
    """One finding of a version at a site over some days.

    Attributes:
        unavailable: why there is no estimate; then `estimates` is None.
        cases: those with a score, on the edges of the reference.
        left_out: those without a usable score.
        other_reference: those counted on the edges of another reference.
        labelled: cases of the reference whose truth is known.
        reference_area: the area that those labels give.
    """

    version_id: str
    site_id: str
    finding_key: str
    from_day: date
    to_day: date
    reference_id: str | None = None
    days: int = 0
    cases: int = 0
    left_out: int = 0
    other_reference: int = 0
    labelled: int = 0
    reference_area: float | None = None
    unavailable: str | None = None
    estimates: Estimates | None = None

    @property
    def sentence(self) -> str:
        if self.estimates is None:
            return f"Not available: {self.unavailable}."
        said = [
            f"{name} {_number(getattr(self.estimates, key))}"
            for key, name in NAMES.items()
            if getattr(self.estimates, key) is not None
        ]
        return (
            f"Estimated without labels from {self.cases} cases on {self.days} days: "
            f"{', '.join(said)}; {BLIND_SPOT}."
        )


@dataclass(frozen=True)
class Scored:
    """A finding's days on the edges of its reference: days x slots, and the flags of each day."""

    days: Sequence[date]
    histograms: Counts
    flagged: Counts


def shortage(calibrator: Calibrator | None, scored: Scored) -> str | None:
    """Return why there can be no estimate."""
    if calibrator is None:
        return "the reference has no labels, so what a score means is not known"
    fewest = int(min(calibrator.positives.sum(), calibrator.negatives.sum()))
    if fewest < MIN_LABELLED:
        return f"{fewest} of {MIN_LABELLED} labelled cases of each kind in the reference"
    cases = int(valued(scored.histograms).sum())
    if cases < MIN_CASES:
        return f"{cases} of {MIN_CASES} cases with a score"
    if len(scored.days) < MIN_DAYS:
        return f"{len(scored.days)} of {MIN_DAYS} days with cases"
    return None


def calibrator_of(
    positives: Sequence[int] | None, negatives: Sequence[int] | None
) -> Calibrator | None:
    if positives is None or negatives is None:
        return None
    kept = (np.asarray(each, dtype=np.int64)[:-2] for each in (positives, negatives))
    return Calibrator(*kept)


def estimated(calibrator: Calibrator, scored: Scored) -> Estimates:
    return estimate(calibrator, scored.histograms, scored.flagged)


def _number(interval: Interval) -> str:
    return f"{interval.estimate:.3f} (95% interval {interval.low:.3f} to {interval.high:.3f})"
