"""Queries for results, and for what a result is made from."""

from collections.abc import Sequence

from sqlmodel import col, select

from inference.results.models import Result
from inference.runs.models import Finding, Run
from inference.studies.models import Instance
from model_registry.versions.models import ModelVersion
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.repository import within_sites


def results_of(session: ReadSession, actor: Actor, run_id: str) -> Sequence[Result]:
    statement = select(Result).where(Result.run_id == run_id).order_by(Result.kind)
    return session.exec(within_sites(statement, actor, Result.site_id)).all()


def result(session: ReadSession, actor: Actor, result_id: str) -> Result | None:
    statement = select(Result).where(Result.id == result_id)
    return session.exec(within_sites(statement, actor, Result.site_id)).first()


def run(session: ReadSession, actor: Actor, run_id: str) -> Run:
    statement = select(Run).where(Run.id == run_id)
    return session.exec(within_sites(statement, actor, Run.site_id)).one()


def findings_of(session: ReadSession, actor: Actor, run: Run) -> Sequence[Finding]:
    statement = select(Finding).where(Finding.run_id == run.id)
    statement = statement.order_by(Finding.sop_instance_uid, Finding.key)
    return session.exec(within_sites(statement, actor, Finding.site_id)).all()


def version_of(session: ReadSession, run: Run) -> ModelVersion:
    return session.exec(select(ModelVersion).where(ModelVersion.id == run.version_id)).one()


def images_of(session: ReadSession, actor: Actor, run: Run) -> Sequence[Instance]:
    """Return the run's inputs; where it had none, the study as the run found it."""
    statement = select(Instance).where(Instance.study_id == run.study_id)
    if run.inputs:
        statement = statement.where(
            col(Instance.id).in_([item["instance_id"] for item in run.inputs])
        )
    else:
        statement = statement.where(Instance.study_revision <= run.study_revision)
    statement = statement.order_by(Instance.series_instance_uid, Instance.sop_instance_uid)
    return session.exec(within_sites(statement, actor, Instance.site_id)).all()
