"""Carry out a step that has been decided: the deployment, what it replaces, the history.

All of it happens in the transaction of the decision. The model's deployments at the site are locked
first; should two transactions still meet, the index "one live per model and site" lets one through.
"""

from dataclasses import dataclass, field

from sqlalchemy.exc import IntegrityError

from model_registry.deployments import repository
from model_registry.deployments.errors import ChangeClosed, LiveChanged
from model_registry.deployments.gates import Target
from model_registry.deployments.models import (
    ChangeState,
    Deployment,
    DeploymentChange,
    DeploymentPeriod,
    Mode,
)
from model_registry.deployments.share import PERCENT
from model_registry.safety.staleness import Change, mark_stale
from vigil.kernel.audit import service as audit
from vigil.kernel.db import WriteSession
from vigil.kernel.identity.actor import Actor


@dataclass(frozen=True)
class Place:
    """What a deployment becomes."""

    mode: Mode
    share: int = PERCENT
    thresholds: dict[str, float] = field(default_factory=dict)


def open_history(session: WriteSession, actor: Actor, deployment: Deployment, reason: str) -> None:
    """Begin the period of a deployment's present revision, and end the one before."""
    before = repository.current_period(session, deployment.id)
    if before is not None:
        before.to_at = session.now()
        session.add(before)
    session.add(
        DeploymentPeriod(
            id=session.new_id("per"),
            deployment_id=deployment.id,
            revision=deployment.revision,
            model_id=deployment.model_id,
            version_id=deployment.version_id,
            site_id=deployment.site_id,
            mode=deployment.mode,
            share=deployment.share,
            thresholds=deployment.thresholds,
            from_at=session.now(),
            by=actor.id,
            by_label=actor.label,
            reason=reason,
        )
    )


def move(
    session: WriteSession, actor: Actor, deployment: Deployment, place: Place, reason: str
) -> None:
    """Put a deployment in its new place; every other open proposal for it has lapsed.

    Raises:
        LiveChanged: another deployment of the model became live at the same time.
    """
    before = deployment.mode
    deployment.mode, deployment.share = place.mode, place.share
    deployment.thresholds = place.thresholds
    deployment.revision += 1
    session.add(deployment)
    try:
        session.flush()
    except IntegrityError as error:
        raise LiveChanged("Another deployment took this place meanwhile. Look again.") from error
    open_history(session, actor, deployment, reason)
    for lapsed in repository.open_changes(session, [deployment.id]):
        close(session, actor, lapsed, ChangeState.WITHDRAWN, f"Overtaken: {reason}")
    session.flush()
    tag = f"registry:deployment:{place.mode.value}"
    audit.record(session, actor, tag, deployment.id, reason, **_facts(deployment, before))


def apply_change(
    session: WriteSession, actor: Actor, change: DeploymentChange, deployment: Deployment
) -> None:
    """Do what a proposal says; a new live version replaces the old one in the same transaction.

    Raises:
        ChangeClosed: the deployment is not as it was when the change was proposed.
        LiveChanged: nor is what is live beside it.
    """
    if deployment.revision != change.from_revision:
        raise ChangeClosed("The deployment was changed meanwhile. Propose it again.")
    close(session, actor, change, ChangeState.APPLIED, change.reason)
    if change.to_mode is Mode.LIVE:
        _replace(session, actor, change, deployment)
    had = _configuration(session, deployment)
    place = Place(change.to_mode, change.to_share, change.to_thresholds)
    move(session, actor, deployment, place, change.reason)
    if _configuration(session, deployment) != had:
        _thresholds_changed(session, actor, deployment, had, change.reason)


def live_beside(session: WriteSession, deployment: Deployment) -> Deployment | None:
    """Return the other deployment of the model that is live at the site."""
    current = repository.live(session, deployment.model_id, deployment.site_id)
    return None if current is None or current.id == deployment.id else current


def close(
    session: WriteSession,
    actor: Actor,
    change: DeploymentChange,
    state: ChangeState,
    reason: str,
) -> None:
    change.state = state
    change.closed_by, change.closed_at, change.closed_reason = actor.id, session.now(), reason
    session.add(change)
    session.flush()
    audit.record(session, actor, f"registry:deployment_change:{state.value}", change.id, reason)


def _replace(
    session: WriteSession, actor: Actor, change: DeploymentChange, deployment: Deployment
) -> None:
    current = live_beside(session, deployment)
    if (current.id if current else None) != change.replaces_id:
        raise LiveChanged(_what_changed(session, current))
    if current is not None:
        # Flushed before the new one: the index allows one live deployment at every instant.
        place = Place(change.replaced_becomes, PERCENT, current.thresholds)
        move(session, actor, current, place, f"Replaced by {change.deployment_id}")


def _what_changed(session: WriteSession, current: Deployment | None) -> str:
    if current is None:
        return "What was live when this was proposed is live no more. Propose it again."
    version = repository.version_of(session, current).version
    since = repository.current_period(session, current.id)
    told = ""
    if since is not None:
        name = repository.people(session, [since.by]).get(since.by, "Vigil itself")
        told = f", by {name}: {since.reason}"
    return f"Version {version} was made live here meanwhile{told}. Look at it, then propose again."


def _thresholds_changed(
    session: WriteSession, actor: Actor, deployment: Deployment, had: str, reason: str
) -> None:
    mark_stale(
        session,
        actor,
        change=Change.THRESHOLDS,
        reason=f"Other thresholds: {reason}",
        version_id=deployment.version_id,
        site_id=deployment.site_id,
        configuration_digest=had,
    )


def _configuration(session: WriteSession, deployment: Deployment) -> str:
    target = Target.of_deployment(session, deployment, deployment.thresholds)
    return target.configuration_digest


def _facts(deployment: Deployment, before: Mode) -> dict[str, str | int]:
    return {
        "from": before.value,
        "revision": deployment.revision,
        "share": deployment.share,
        "version": deployment.version_id,
        "site": deployment.site_id,
    }
