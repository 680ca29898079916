"""A case of the database as the figures take it."""

from inference.runs.models import Outcome
from surveillance.local_tests.figures import Scored
from surveillance.local_tests.repository import Judged


def scored(judged: Judged) -> Scored:
    case = judged.case
    return Scored(
        finding=case.finding_key,
        label=case.label,
        outcome=case.outcome or Outcome.FAILED,
        reason=case.reason,
        score=case.score,
        flagged=case.flagged,
        levels=case.levels,
        patient=judged.patient,
    )
