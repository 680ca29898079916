"""Queries for deployments. A supplier reads those of its own versions; others, of their sites."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from model_registry.deployments.models import (
    ChangeState,
    Deployment,
    DeploymentApproval,
    DeploymentChange,
    DeploymentPeriod,
    Mode,
)
from model_registry.versions.models import Model, ModelVersion
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import Site, User
from vigil.kernel.identity.repository import within_sites

RUNNABLE = (Mode.SHADOW, Mode.CANARY, Mode.LIVE)


def deployments(
    session: ReadSession,
    actor: Actor,
    *,
    site_id: str | None = None,
    model_id: str | None = None,
    mode: Mode | None = None,
    after: str | None = None,
    limit: int | None = None,
) -> Sequence[Deployment]:
    """Return deployments, newest first, from the one after `after`."""
    statement = _readable(select(Deployment), actor, Deployment.site_id, Deployment.version_id)
    if site_id is not None:
        statement = statement.where(Deployment.site_id == site_id)
    if model_id is not None:
        statement = statement.where(Deployment.model_id == model_id)
    if mode is not None:
        statement = statement.where(Deployment.mode == mode)
    if after is not None:
        statement = statement.where(col(Deployment.id) < after)
    return session.exec(statement.order_by(col(Deployment.id).desc()).limit(limit)).all()


@dataclass(frozen=True)
class Names:
    """What people call a deployment's site, model and version."""

    site: str
    model: str
    version: str

    def __str__(self) -> str:
        return f"{self.model} {self.version} at {self.site}"


def names_of(session: ReadSession, found: Iterable[Deployment]) -> dict[str, Names]:
    """Return the names of deployments that the caller has read already, by their ids."""
    statement = (
        select(Deployment.id, Site.name, Model.title, ModelVersion.version)
        .join(Site, col(Deployment.site_id) == col(Site.id))
        .join(Model, col(Deployment.model_id) == col(Model.id))
        .join(ModelVersion, col(Deployment.version_id) == col(ModelVersion.id))
        .where(col(Deployment.id).in_([deployment.id for deployment in found]))
    )
    rows = session.exec(statement).all()
    return {one: Names(site, model, version) for one, site, model, version in rows}


def open_proposals(
    session: ReadSession,
    actor: Actor,
    *,
    after: str | None = None,
    limit: int | None = None,
) -> Sequence[tuple[DeploymentChange, Deployment, ModelVersion]]:
    """Return the open proposals that the actor may read, the oldest first."""
    statement: Any = (
        select(DeploymentChange, Deployment, ModelVersion)
        .join(Deployment, col(DeploymentChange.deployment_id) == col(Deployment.id))
        .join(ModelVersion, col(Deployment.version_id) == col(ModelVersion.id))
        .where(DeploymentChange.state == ChangeState.OPEN)
    )
    if after is not None:
        statement = statement.where(col(DeploymentChange.id) > after)
    readable = _readable(statement, actor, Deployment.site_id, Deployment.version_id)
    rows = session.exec(readable.order_by(DeploymentChange.id).limit(limit)).all()
    return [(change, deployment, version) for change, deployment, version in rows]


def approvals_of(
    session: ReadSession, change_ids: Iterable[str]
) -> dict[str, list[DeploymentApproval]]:
    """Return the agreements to several proposals at once, by the proposal."""
    statement = select(DeploymentApproval).where(
        col(DeploymentApproval.change_id).in_(list(change_ids))
    )
    found: dict[str, list[DeploymentApproval]] = defaultdict(list)
    for approval in session.exec(statement.order_by(DeploymentApproval.id)).all():
        found[approval.change_id].append(approval)
    return found


def people(session: ReadSession, ids: Iterable[str | None]) -> dict[str, str]:
    """Return the names of people, by their ids; a part of Vigil has none."""
    wanted = sorted({one for one in ids if one})
    statement = select(User.id, User.name).where(col(User.id).in_(wanted))
    return dict(session.exec(statement).all())


def deployment(session: ReadSession, actor: Actor, deployment_id: str) -> Deployment | None:
    statement = _readable(select(Deployment), actor, Deployment.site_id, Deployment.version_id)
    return session.exec(statement.where(Deployment.id == deployment_id)).first()


def version_of(session: ReadSession, deployment: Deployment) -> ModelVersion:
    return session.get_one(ModelVersion, deployment.version_id)


def serving(session: ReadSession, actor: Actor) -> Sequence[tuple[Deployment, ModelVersion]]:
    """Return what the actor may read of all that is live or a canary, with its version."""
    statement = select(Deployment).where(col(Deployment.mode).in_((Mode.CANARY, Mode.LIVE)))
    readable = _readable(statement, actor, Deployment.site_id, Deployment.version_id)
    found = session.exec(readable.order_by(Deployment.id)).all()
    # Not joined: a manifest would be read anew for each site that its version serves.
    wanted = {one.version_id for one in found}
    versions = session.exec(select(ModelVersion).where(col(ModelVersion.id).in_(wanted))).all()
    by_id = {version.id: version for version in versions}
    return [(one, by_id[one.version_id]) for one in found]


def serving_version(session: ReadSession, version_id: str) -> Sequence[Deployment]:
    """Return where a version serves patients, at every site: whoever asks, it is noted there."""
    statement = select(Deployment).where(
        Deployment.version_id == version_id, col(Deployment.mode).in_((Mode.CANARY, Mode.LIVE))
    )
    return session.exec(statement.order_by(Deployment.id)).all()


def runnable(session: ReadSession, site_id: str) -> Sequence[Deployment]:
    """Return what runs at a site, for the worker that plans runs there."""
    statement = select(Deployment).where(
        Deployment.site_id == site_id, col(Deployment.mode).in_(RUNNABLE)
    )
    return session.exec(statement.order_by(Deployment.id)).all()


def of_model_locked(session: WriteSession, model_id: str, site_id: str) -> Sequence[Deployment]:
    """Return a model's deployments at a site as they are now, locked until the transaction ends.

    Always in the order of their ids, so that two swaps wait for each other and never deadlock.
    """
    statement = (
        select(Deployment)
        .where(Deployment.model_id == model_id, Deployment.site_id == site_id)
        .order_by(Deployment.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return session.exec(statement).all()


def live(session: ReadSession, model_id: str, site_id: str) -> Deployment | None:
    return session.exec(
        select(Deployment).where(
            Deployment.model_id == model_id,
            Deployment.site_id == site_id,
            Deployment.mode == Mode.LIVE,
        )
    ).first()


def change(session: ReadSession, actor: Actor, change_id: str) -> DeploymentChange | None:
    statement = select(DeploymentChange).join(
        Deployment, col(DeploymentChange.deployment_id) == Deployment.id
    )
    readable = _readable(statement, actor, Deployment.site_id, Deployment.version_id)
    return session.exec(readable.where(DeploymentChange.id == change_id)).first()


def open_changes(
    session: ReadSession, deployment_ids: Collection[str]
) -> Sequence[DeploymentChange]:
    """Return the open proposals for deployments that the caller has read already."""
    return session.exec(
        select(DeploymentChange)
        .where(
            col(DeploymentChange.deployment_id).in_(deployment_ids),
            DeploymentChange.state == ChangeState.OPEN,
        )
        .order_by(DeploymentChange.id)
    ).all()


def approvals(session: ReadSession, change_id: str) -> Sequence[DeploymentApproval]:
    return session.exec(
        select(DeploymentApproval)
        .where(DeploymentApproval.change_id == change_id)
        .order_by(DeploymentApproval.id)
    ).all()


def current_period(session: ReadSession, deployment_id: str) -> DeploymentPeriod | None:
    return session.exec(
        select(DeploymentPeriod).where(
            DeploymentPeriod.deployment_id == deployment_id, col(DeploymentPeriod.to_at).is_(None)
        )
    ).first()


def history(session: ReadSession, actor: Actor, deployment_id: str) -> Sequence[DeploymentPeriod]:
    statement = select(DeploymentPeriod).where(DeploymentPeriod.deployment_id == deployment_id)
    return session.exec(_readable_periods(statement, actor).order_by(_REVISION)).all()


def live_at(
    session: ReadSession, actor: Actor, site_id: str, at: datetime
) -> Sequence[DeploymentPeriod]:
    """Return what was live at a site at an instant; a period ends before its `to_at`."""
    statement = select(DeploymentPeriod).where(
        DeploymentPeriod.site_id == site_id,
        DeploymentPeriod.mode == Mode.LIVE,
        DeploymentPeriod.from_at <= at,
        or_(col(DeploymentPeriod.to_at).is_(None), col(DeploymentPeriod.to_at) > at),
    )
    readable = _readable_periods(statement, actor)
    return session.exec(readable.order_by(DeploymentPeriod.model_id, _REVISION)).all()


def period(session: ReadSession, deployment_id: str, revision: int) -> DeploymentPeriod | None:
    """Return how a deployment stood at one of its revisions."""
    return session.exec(
        select(DeploymentPeriod).where(
            DeploymentPeriod.deployment_id == deployment_id, DeploymentPeriod.revision == revision
        )
    ).first()


def of_version(session: ReadSession, actor: Actor, version_id: str) -> Sequence[Deployment]:
    """Return every deployment of a version that the actor may see."""
    statement = _readable(select(Deployment), actor, Deployment.site_id, Deployment.version_id)
    statement = statement.where(Deployment.version_id == version_id)
    return session.exec(statement.order_by(col(Deployment.id))).all()


def live_periods(
    session: ReadSession, model_id: str, site_id: str
) -> Sequence[tuple[DeploymentPeriod, ModelVersion]]:
    """Return what of a model was live at a site, the first one first, each with its version."""
    statement = (
        select(DeploymentPeriod, ModelVersion)
        .join(ModelVersion, col(DeploymentPeriod.version_id) == col(ModelVersion.id))
        .where(
            DeploymentPeriod.model_id == model_id,
            DeploymentPeriod.site_id == site_id,
            DeploymentPeriod.mode == Mode.LIVE,
        )
        # Of two that began at one instant, the one that ended came first.
        .order_by(
            col(DeploymentPeriod.from_at),
            col(DeploymentPeriod.to_at).nulls_last(),
            col(DeploymentPeriod.id),
        )
    )
    return session.exec(statement).all()


def in_use(session: ReadSession, version_id: str, site_id: str) -> Deployment | None:
    """Return the one deployment of a version at a site that is not retired."""
    statement = select(Deployment).where(
        Deployment.version_id == version_id,
        Deployment.site_id == site_id,
        Deployment.mode != Mode.RETIRED,
    )
    return session.exec(statement).first()


_REVISION = col(DeploymentPeriod.revision)


def _readable_periods(
    statement: SelectOfScalar[DeploymentPeriod], actor: Actor
) -> SelectOfScalar[DeploymentPeriod]:
    return _readable(statement, actor, DeploymentPeriod.site_id, DeploymentPeriod.version_id)


def _readable(
    statement: SelectOfScalar[Any], actor: Actor, site_column: Any, version_column: Any
) -> SelectOfScalar[Any]:
    if actor.supplier_id is None:
        return within_sites(statement, actor, site_column)
    own = select(ModelVersion.id).where(ModelVersion.organisation_id == actor.supplier_id)
    return statement.where(col(version_column).in_(own))
