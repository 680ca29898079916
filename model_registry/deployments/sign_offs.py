"""The gates that people's signatures open: the supplier's safety case, the site's acceptances."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from model_registry.deployments import local_tests
from model_registry.deployments.gate import GateStatus, ReleaseGate, Target
from model_registry.plans.cover import Cover, covering_acceptance
from model_registry.safety import repository as safety
from model_registry.safety.models import Acceptance, AcceptanceKind, SafetyCase, SignOffStatus
from vigil.kernel.db import ReadSession
from vigil.kernel.identity import repository as identity

CASE = "safety_case"
_CASE_ASKS = (
    "a signed DCB0129 safety case for exactly this version",
    "a clinical safety officer of the supplier or the network",
)
_OFFICER = "the site's clinical safety officer"
_ASKS = {
    AcceptanceKind.DCB0160: "the site's DCB0160 acceptance of this configuration",
    AcceptanceKind.LOCAL_TEST: "a passed local acceptance test of this configuration",
}


def safety_case(session: ReadSession, target: Target, plan: Cover | None) -> GateStatus:
    """Return whether the supplier's case is signed for exactly these bytes, or covers them."""
    found = safety.newest_case(session, target.version.digest)
    met = found is not None and found.status is SignOffStatus.SIGNED
    own = _status(session, CASE, _CASE_ASKS, found, met=met)
    if plan is None or _is_judged(found):
        return own
    if not plan.is_inside:
        return replace(own, why=f"{own.why}; {plan.why}")
    covering = _status(session, CASE, _CASE_ASKS, plan.case, met=True)
    return replace(covering, why=plan.why)


def acceptances(
    session: ReadSession, target: Target, plan: Cover | None, gates: Sequence[ReleaseGate] = ()
) -> Iterator[GateStatus]:
    """Yield whether the site accepted and tested exactly this configuration.

    A change plan that the site accepted stands for its acceptance. Its test, nothing stands for;
    the plan may ask more of it.
    """
    for kind in AcceptanceKind:
        found = safety.newest_acceptance(
            session,
            kind=kind,
            site_id=target.site_id,
            configuration_digest=target.configuration_digest,
        )
        # A signed judgement may be that it failed; that never opens the gate.
        met = found is not None and found.status is SignOffStatus.SIGNED and found.passed
        own = _status(session, kind.value, (_ASKS[kind], _OFFICER), found, met=met)
        if kind is AcceptanceKind.LOCAL_TEST:
            problem = local_tests.problem(session, found, plan, gates) if found and met else None
            yield replace(own, met=False, why=f"signed, and {problem}") if problem else own
        elif plan is None or _is_judged(found):
            yield own
        else:
            yield _by_plan(session, target, plan, own)


def _is_judged(found: SafetyCase | Acceptance | None) -> bool:
    """Whether somebody has judged this version itself: no plan overrules that, stale or failed."""
    return found is not None and found.status is not SignOffStatus.DRAFT


def _by_plan(session: ReadSession, target: Target, plan: Cover, own: GateStatus) -> GateStatus:
    accepted = covering_acceptance(session, plan, target.site_id, target.thresholds)
    if accepted is not None:
        covering = _status(session, own.name, (own.what, own.who), accepted, met=True)
        return replace(covering, why=f"the site accepted the plan: {plan.why}")
    if plan.is_inside and plan.anchor:
        not_accepted = f"the site's acceptance of {plan.anchor.version} does not accept its plan"
        return replace(own, why=f"{own.why}; {not_accepted}, or is for other thresholds")
    return replace(own, why=f"{own.why}; {plan.why}")


def _status(
    session: ReadSession,
    name: str,
    asks: tuple[str, str],
    found: SafetyCase | Acceptance | None,
    *,
    met: bool,
) -> GateStatus:
    what, who = asks
    is_acceptance = isinstance(found, Acceptance)
    folder = "acceptances" if is_acceptance else "cases"
    return GateStatus(
        name=name,
        what=what,
        who=who,
        met=met,
        why=_why(found),
        evidence_id=found.id if found else None,
        evidence_path=f"/safety/{folder}/{found.id}" if found else None,
        signed_by=_name(session, found.signed_by if found else None),
        signed_at=found.signed_at if found else None,
        stale_at=found.stale_at if found else None,
        is_site_affair=name != CASE,
    )


def _why(found: SafetyCase | Acceptance | None) -> str:
    if found is None:
        return "nothing is handed in"
    if found.status is SignOffStatus.STALE:
        return f"stale: {found.stale_reason}"
    if found.status is SignOffStatus.DRAFT:
        return "handed in, not signed yet"
    if isinstance(found, Acceptance) and not found.passed:
        return "signed, and the judgement is that it failed"
    return "signed"


def _name(session: ReadSession, user_id: str | None) -> str | None:
    found = identity.user(session, user_id) if user_id else None
    return found.name if found else None
