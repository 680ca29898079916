"""Which sign-offs a change touches, and marking exactly those stale, with the reason.

A document speaks of what its author looked at. The supplier's case looks at the version; the site's
acceptances look at the version as this site configures it, feeds it and runs it
(docs/adr/0007-gates-and-four-eyes.md). A draft goes stale too: its evidence is from before.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from model_registry.safety import repository
from model_registry.safety.intended_use import changed_fields
from model_registry.safety.models import Acceptance, SafetyCase, SignOffStatus
from vigil.kernel.audit import service as audit
from vigil.kernel.db import WriteSession
from vigil.kernel.identity.actor import Actor


class Change(StrEnum):
    """What can change after people have signed."""

    VERSION = "version"
    INTENDED_USE = "intended_use"
    PREPROCESSING = "preprocessing"
    THRESHOLDS = "thresholds"
    ROUTING_SCOPE = "routing_scope"
    RUNTIME = "runtime"


# What the supplier's case argues about; a site's acceptances are touched by every change.
TOUCHES_CASE = frozenset({Change.VERSION, Change.INTENDED_USE, Change.PREPROCESSING})


def mark_stale(
    session: WriteSession,
    actor: Actor,
    *,
    change: Change,
    reason: str,
    version_id: str | None = None,
    model_id: str | None = None,
    site_id: str | None = None,
    configuration_digest: str | None = None,
) -> list[str]:
    """Mark the sign-offs that a change touches; nothing named means everywhere.

    Args:
        session: the transaction of the change.
        actor: whose deed made the change.
        change: what changed.
        reason: why, as the sign-off will show it.
        version_id: only sign-offs of this version.
        model_id: only sign-offs of this model's versions.
        site_id: only acceptances of this site.
        configuration_digest: only acceptances of this configuration.

    Returns:
        The ids of the sign-offs that are stale now.
    """
    touched: list[SafetyCase | Acceptance] = []
    if change in TOUCHES_CASE and site_id is None:
        touched += repository.standing_cases(session, version_id=version_id, model_id=model_id)
    touched += repository.standing_acceptances(
        session,
        version_id=version_id,
        model_id=model_id,
        site_id=site_id,
        configuration_digest=configuration_digest,
    )
    for sign_off in touched:
        make_stale(session, actor, sign_off, reason)
    return [sign_off.id for sign_off in touched]


def routing_scope_changed(
    session: WriteSession, actor: Actor, site_id: str, model_id: str, reason: str
) -> list[str]:
    """Other patients of this site reach the model now: what was tested there was tested on less."""
    return mark_stale(
        session,
        actor,
        change=Change.ROUTING_SCOPE,
        reason=reason,
        model_id=model_id,
        site_id=site_id,
    )


def intended_use_changed(
    session: WriteSession,
    actor: Actor,
    *,
    version_id: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> list[str]:
    """Compare two cards of one version: only what they say of its use touches a sign-off."""
    fields = changed_fields(before, after)
    if not fields:
        return []
    reason = f"the published card says otherwise of {', '.join(fields)}"
    return mark_stale(
        session, actor, change=Change.INTENDED_USE, reason=reason, version_id=version_id
    )


def runtime_changed(session: WriteSession, actor: Actor, reason: str) -> list[str]:
    """Another runtime computes every result now: every site accepts again."""
    return mark_stale(session, actor, change=Change.RUNTIME, reason=reason)


def make_stale(
    session: WriteSession, actor: Actor, sign_off: SafetyCase | Acceptance, reason: str
) -> None:
    sign_off.status = SignOffStatus.STALE
    sign_off.stale_reason, sign_off.stale_at = reason, session.now()
    session.add(sign_off)
    session.flush()
    audit.record(session, actor, f"safety:{sign_off.__tablename__}:stale", sign_off.id, reason)
