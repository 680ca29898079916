"""What surveillance knows of a finished run, in its own words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from inference.decisions.models import Decision
from inference.runs.models import Outcome, RunMode


@dataclass(frozen=True)
class FindingFacts:
    """A finding of a run. `decision_known_day` is when Vigil heard it; None is the run's day."""

    key: str
    score: float | None
    flagged: bool
    levels: Mapping[str, str]
    decision: Decision | None = None
    decision_known_day: date | None = None


@dataclass(frozen=True)
class RunFacts:
    """A run by what inference calls it.

    Attributes:
        day: the one it was planned on.
        exam_day: the one its study first arrived on; `day` where that is not known.
        features: numbers of the image or the run, each a stream of its own.
    """

    run_id: str
    patient_pseudonym: str
    version_id: str
    site_id: str
    deployment_id: str
    mode: RunMode
    day: date
    outcome: Outcome
    levels: Mapping[str, str]
    findings: tuple[FindingFacts, ...] = ()
    supersedes_run_id: str | None = None
    study_instance_uid: str | None = None
    exam_day: date | None = None
    features: Mapping[str, float | None] = field(default_factory=dict)
