"""What surveillance knows of a finished run, in its own words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from inference.decisions.models import Decision
from inference.runs.models import Outcome, RunMode


@dataclass(frozen=True)
class FindingFacts:
    key: str
    score: float | None
    flagged: bool
    levels: Mapping[str, str]
    decision: Decision | None = None


@dataclass(frozen=True)
class RunFacts:
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
