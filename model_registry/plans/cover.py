"""Whether the signatures on a reviewed version cover a changed one, at this moment, and why.

What was judged about the bytes stays true; that the versions on the way are approved, and that the
signatures still stand, is asked anew each time.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from model_registry.packages.plan_document import ChangePlan, Criterion
from model_registry.plans import repository
from model_registry.plans.models import PlanAssessment
from model_registry.safety import repository as safety
from model_registry.safety.configuration import configuration_digest
from model_registry.safety.models import Acceptance, AcceptanceKind, SafetyCase
from model_registry.versions import service as versions
from model_registry.versions.models import ModelVersion, VersionStatus
from vigil.kernel.db import ReadSession


@dataclass(frozen=True)
class Cover:
    """What a version's claim to be inside a plan is worth now.

    Attributes:
        claim: the step and the predecessor that it names, in words.
        assessment: what was judged about its bytes.
        anchor: the version that was reviewed in full.
        case: the signed safety case that covers it.
        reasons: why it is outside; none: it is inside.
    """

    claim: str
    assessment: PlanAssessment | None
    anchor: ModelVersion | None
    case: SafetyCase | None
    reasons: tuple[str, ...]

    @property
    def is_inside(self) -> bool:
        return not self.reasons

    @property
    def why(self) -> str:
        """In words, why it takes the shorter review, or why it does not."""
        if self.reasons:
            more = f" (and {len(self.reasons) - 1} more)" if len(self.reasons) > 1 else ""
            return f"claims {self.claim} and is outside: {self.reasons[0]}{more}"
        label = self.anchor.version if self.anchor else ""
        said = (
            f"covered by the predetermined change plan of {label}: {self.claim}; "
            "every difference is one that the plan names, and every criterion on the card is met"
        )
        return f"{said}. Each site's test has to show: {self.waiting}" if self.waiting else said

    @property
    def waiting(self) -> str:
        """The criteria that wait for each site's own test, in words; empty where there are none."""
        shown = self.assessment.criteria if self.assessment else []
        return "; ".join(dict.fromkeys(one["asked"] for one in shown if one["met"] is None))


def cover(session: ReadSession, version: ModelVersion) -> Cover | None:
    """Return what the version's claim is worth; None where it claims no plan."""
    follows = versions.manifest(version).follows
    if follows is None:
        return None
    claim = f"step {follows.step} after {follows.version}"
    judged = repository.newest_assessment(session, version.id)
    if judged is None:
        reason = "it has not been held against the plan yet"
        return Cover(claim, None, None, None, (reason,))
    anchor = session.get(ModelVersion, judged.anchor_id) if judged.anchor_id else None
    case = safety.signed_case(session, anchor.digest) if anchor else None
    reasons = [*judged.reasons, *_fallen(session, judged, anchor, case)]
    return Cover(claim, judged, anchor, case, tuple(reasons))


def local_criteria(session: ReadSession, found: Cover) -> tuple[Criterion, ...]:
    """Return what the steps on the way ask of each site's own test, while the plan covers."""
    judged = found.assessment
    if not found.is_inside or judged is None or found.anchor is None:
        return ()
    kept = repository.plan(session, found.anchor.id)
    if kept is None:
        return ()
    between = repository.versions(session, judged.chain[:-1])
    follows = [versions.manifest(one).follows for one in between]
    keys = {judged.step, *(one.step for one in follows if one)}
    plan = ChangePlan.model_validate(kept.content)
    return tuple(
        criterion
        for step in plan.steps
        if step.key in keys
        for criterion in step.acceptance
        if criterion.evidence == "local_test"
    )


def covering_acceptance(
    session: ReadSession, found: Cover, site_id: str, thresholds: dict[str, float]
) -> Acceptance | None:
    """Return the site's acceptance of the reviewed version and its plan, if it accepted both.

    It is the one for the same thresholds of the site's own: others are another configuration.
    """
    if not found.is_inside or found.anchor is None:
        return None
    accepted = safety.signed_acceptance(
        session,
        kind=AcceptanceKind.DCB0160,
        site_id=site_id,
        configuration_digest=configuration_digest(found.anchor, thresholds),
    )
    return accepted if accepted and accepted.passed and accepted.accepts_plan else None


def _fallen(
    session: ReadSession,
    judged: PlanAssessment,
    anchor: ModelVersion | None,
    case: SafetyCase | None,
) -> Iterator[str]:
    for before in repository.versions(session, judged.chain):
        if before.status is not VersionStatus.APPROVED:
            yield f"{before.version} is {before.status.value}, not approved"
    if anchor is not None and case is None:
        stale = safety.newest_case(session, anchor.digest)
        why = f": {stale.stale_reason}" if stale and stale.stale_reason else ""
        yield f"the safety case of {anchor.version} is not signed any more{why}"
