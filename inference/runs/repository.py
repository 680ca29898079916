"""Queries for runs and findings, each within the sites the actor may read."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from inference.runs.models import Finding, Outcome, Run
from model_registry.deployments.models import Deployment
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.repository import within_sites


def run(session: ReadSession, actor: Actor, run_id: str) -> Run | None:
    statement = select(Run).where(Run.id == run_id)
    return session.exec(within_sites(statement, actor, Run.site_id)).first()


def runs(
    session: ReadSession,
    actor: Actor,
    *,
    study_id: str | None = None,
    version_id: str | None = None,
    outcome: Outcome | None = None,
    before: str | None = None,
    limit: int = 100,
) -> Sequence[Run]:
    """List runs, newest first: identifiers sort by time, so one is a cursor too."""
    statement = select(Run).order_by(col(Run.id).desc()).limit(limit)
    if study_id is not None:
        statement = statement.where(Run.study_id == study_id)
    if version_id is not None:
        statement = statement.where(Run.version_id == version_id)
    if outcome is not None:
        statement = statement.where(Run.outcome == outcome)
    if before is not None:
        statement = statement.where(Run.id < before)
    return session.exec(within_sites(statement, actor, Run.site_id)).all()


def deployment_of(session: ReadSession, run: Run) -> Deployment:
    return session.get_one(Deployment, run.deployment_id)


def latest_for(session: ReadSession, study_id: str, deployment_id: str) -> Run | None:
    """Return the newest run of a study by a deployment: the one a next run supersedes."""
    statement = select(Run).where(Run.study_id == study_id, Run.deployment_id == deployment_id)
    statement = statement.order_by(col(Run.study_revision).desc(), col(Run.id).desc())
    return session.exec(statement.limit(1)).first()


def last_runtime(session: ReadSession) -> dict[str, Any] | None:
    """Return the runtime's facts of the newest run that reached a model."""
    statement = select(Run).where(col(Run.outputs_digest).is_not(None))
    newest = session.exec(statement.order_by(col(Run.id).desc()).limit(1)).first()
    return newest.runtime if newest else None


def first_outputs(
    session: ReadSession, actor: Actor, *, version_id: str, site_id: str, limit: int
) -> Sequence[str]:
    """Return the digests of the outputs of a version's first runs at a site, the earliest first.

    Only of runs that came to a result and that no later run supersedes.
    """
    later = aliased(Run)
    statement = select(Run).where(
        Run.version_id == version_id,
        Run.site_id == site_id,
        Run.outcome == Outcome.SUCCEEDED,
        col(Run.outputs_digest).is_not(None),
        ~sa.exists().where(col(later.supersedes_run_id) == col(Run.id)),
    )
    readable = within_sites(statement, actor, Run.site_id)
    rows = session.exec(readable.order_by(col(Run.planned_at), col(Run.id)).limit(limit)).all()
    return [row.outputs_digest for row in rows if row.outputs_digest is not None]


def findings(session: ReadSession, run_id: str) -> Sequence[Finding]:
    statement = select(Finding).where(Finding.run_id == run_id)
    return session.exec(statement.order_by(Finding.sop_instance_uid, Finding.key)).all()


def finding(session: ReadSession, actor: Actor, finding_id: str) -> Finding | None:
    statement = select(Finding).where(Finding.id == finding_id)
    return session.exec(within_sites(statement, actor, Finding.site_id)).first()


def outcomes(
    session: ReadSession, actor: Actor, version_id: str | None = None
) -> Sequence[tuple[str, str, Outcome | None, int]]:
    """Count runs by version, site and outcome; None is one that has not ended."""
    outcome = col(Run.outcome)
    statement = select(Run.version_id, Run.site_id, outcome, sa.func.count()).group_by(
        Run.version_id, Run.site_id, outcome
    )
    if version_id is not None:
        statement = statement.where(Run.version_id == version_id)
    return session.exec(within_sites(statement, actor, Run.site_id)).all()
