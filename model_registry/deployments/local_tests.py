"""Whether a signed, passed local test counts: against what Vigil measured, and what a plan asks."""

from collections.abc import Sequence

from model_registry.deployments.gate import LocalTestReader, ReleaseGate
from model_registry.plans.cover import Cover, local_criteria
from model_registry.safety import repository as safety
from model_registry.safety.models import Acceptance
from vigil.kernel.db import ReadSession


def problem(
    session: ReadSession,
    found: Acceptance,
    plan: Cover | None,
    gates: Sequence[ReleaseGate],
) -> str | None:
    """Say why a signed test that passed does not open the gate, or None where it does."""
    return _overruled(session, found) or _short_of_plan(session, found, plan, gates)


def _overruled(session: ReadSession, found: Acceptance) -> str | None:
    """Nothing counts against the newest test of Vigil's, where that did not pass."""
    tested = safety.newest_of_vigil(
        session, site_id=found.site_id, configuration_digest=found.configuration_digest
    )
    if tested is None or tested.passed:
        return None
    if found.local_test_id:
        return f"the test that Vigil ran here since then did not pass ({tested.id})"
    return f"made by hand, while the test that Vigil ran here did not pass ({tested.id})"


def _short_of_plan(
    session: ReadSession,
    found: Acceptance,
    plan: Cover | None,
    gates: Sequence[ReleaseGate],
) -> str | None:
    criteria = local_criteria(session, plan) if plan else ()
    if not plan or not plan.anchor or not criteria:
        return None
    asks = f"the change plan of {plan.anchor.version} asks"
    if not found.local_test_id:
        return f"made by hand, and {asks} for a test that Vigil runs: {plan.waiting}"
    reader = next((gate for gate in gates if isinstance(gate, LocalTestReader)), None)
    if reader is None:
        return f"{asks} more of it, which nobody here can read: {plan.waiting}"
    unmet = reader.unshown(session, found.local_test_id, criteria)
    return f"{asks} more: {'; '.join(unmet)}" if unmet else None
