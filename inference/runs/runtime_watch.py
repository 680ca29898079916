"""Notice that what computes results is not what past runs pinned.

A model was accepted as it behaved on one runtime, with inputs made by one preprocessing; another
may give other numbers. What was signed for the old one then says so (design invariant 5).
"""

from collections.abc import Mapping

from inference.runs import repository
from inference.runs.facts import PREPROCESSING, present_facts
from model_registry.safety import staleness
from model_registry.safety.staleness import Change
from vigil.kernel.db import WriteSession
from vigil.kernel.identity.actor import Actor

SHOWN = 12
_WHEN = " when the last run was made"


def tell_change(
    session: WriteSession, actor: Actor, present: Mapping[str, str] | None = None
) -> list[str]:
    """Mark what was signed for another runtime or preprocessing; return what was marked.

    A fact that the last run did not pin says nothing, and neither does a first start.
    """
    now = dict(present or present_facts())
    before = repository.last_runtime(session) or {}
    changed = {name: before[name] for name in now if before.get(name) not in {None, now[name]}}
    marked = []
    if PREPROCESSING in changed:
        had, has = changed.pop(PREPROCESSING), now[PREPROCESSING]
        reason = f"Vigil's preprocessing is {has[:SHOWN]} now; it was {had[:SHOWN]}{_WHEN}"
        marked += staleness.mark_stale(session, actor, change=Change.PREPROCESSING, reason=reason)
    if changed:
        facts = "; ".join(
            f"{name} is {now[name]} now; it was {had}" for name, had in changed.items()
        )
        marked += staleness.runtime_changed(session, actor, f"{facts}{_WHEN}")
    return marked
