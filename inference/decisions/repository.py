"""Queries for decisions, each within the sites the actor may read."""

from collections.abc import Sequence

from sqlmodel import col, select

from inference.decisions.models import ReaderDecision
from inference.runs.models import Finding, Outcome, Run, RunState
from model_registry.versions.models import Model, ModelVersion
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.repository import within_sites


def decision(session: ReadSession, actor: Actor, decision_id: str) -> ReaderDecision | None:
    statement = select(ReaderDecision).where(ReaderDecision.id == decision_id)
    return session.exec(within_sites(statement, actor, ReaderDecision.site_id)).first()


def of_finding(session: ReadSession, actor: Actor, finding_id: str) -> Sequence[ReaderDecision]:
    """Return every decision on a finding, the latest first."""
    statement = select(ReaderDecision).where(ReaderDecision.finding_id == finding_id)
    statement = statement.order_by(
        col(ReaderDecision.decided_at).desc(), col(ReaderDecision.id).desc()
    )
    return session.exec(within_sites(statement, actor, ReaderDecision.site_id)).all()


def of_run(session: ReadSession, actor: Actor, run_id: str) -> Sequence[ReaderDecision]:
    """Return every decision on a run's findings, the earliest first."""
    statement = select(ReaderDecision).where(ReaderDecision.run_id == run_id)
    statement = statement.order_by(col(ReaderDecision.decided_at), col(ReaderDecision.id))
    return session.exec(within_sites(statement, actor, ReaderDecision.site_id)).all()


def finding(session: ReadSession, actor: Actor, finding_id: str) -> Finding | None:
    statement = select(Finding).where(Finding.id == finding_id)
    return session.exec(within_sites(statement, actor, Finding.site_id)).first()


def run(session: ReadSession, actor: Actor, run_id: str) -> Run | None:
    statement = select(Run).where(Run.id == run_id)
    return session.exec(within_sites(statement, actor, Run.site_id)).first()


def latest_finished(
    session: ReadSession, actor: Actor, *, study_id: str, deployment_id: str
) -> Run | None:
    """Return the run whose result stands: a later one of the same study supersedes it."""
    statement = select(Run).where(
        Run.study_id == study_id,
        Run.deployment_id == deployment_id,
        Run.state == RunState.FINISHED,
        Run.outcome != Outcome.CANCELLED,
    )
    statement = statement.order_by(col(Run.study_revision).desc(), col(Run.id).desc()).limit(1)
    return session.exec(within_sites(statement, actor, Run.site_id)).first()


def findings(session: ReadSession, actor: Actor, run_id: str) -> Sequence[Finding]:
    statement = select(Finding).where(Finding.run_id == run_id)
    statement = statement.order_by(Finding.sop_instance_uid, Finding.key)
    return session.exec(within_sites(statement, actor, Finding.site_id)).all()


def product_of(session: ReadSession, run: Run) -> tuple[str, str]:
    """Return the title of the run's model and the label of its version."""
    statement = (
        select(Model.title, ModelVersion.version)
        .join(ModelVersion, col(ModelVersion.model_id) == col(Model.id))
        .where(ModelVersion.id == run.version_id)
    )
    title, version = session.exec(statement).one()
    return title, version
