"""Notice that the runtime is not the one that past runs pinned.

A model was accepted as it behaved on one onnxruntime; another may give other numbers. What was
signed for the old one then says so (design invariant 5).
"""

from importlib.metadata import version

from inference.runs import repository
from model_registry.safety import staleness
from vigil.kernel.db import WriteSession
from vigil.kernel.identity.actor import Actor

RUNTIME = "onnxruntime"


def tell_change(session: WriteSession, actor: Actor, installed: str | None = None) -> list[str]:
    """Mark what was signed for another runtime than the installed one; return what was marked."""
    present = installed or version(RUNTIME)
    before = repository.last_runtime(session)
    if before is None or before.get(RUNTIME) in (None, present):
        return []
    reason = f"{RUNTIME} is {present} now; it was {before[RUNTIME]} when the last run was made"
    return staleness.runtime_changed(session, actor, reason)
