"""Queries for plans and assessments, of versions that the caller was shown already."""

from collections.abc import Sequence

from sqlmodel import col, select

from model_registry.plans.models import Plan, PlanAssessment
from model_registry.versions.models import ModelVersion
from vigil.kernel.db import ReadSession


def plan(session: ReadSession, version_id: str) -> Plan | None:
    return session.exec(select(Plan).where(Plan.version_id == version_id)).first()


def newest_assessment(session: ReadSession, version_id: str) -> PlanAssessment | None:
    statement = select(PlanAssessment).where(PlanAssessment.version_id == version_id)
    return session.exec(statement.order_by(col(PlanAssessment.number).desc()).limit(1)).first()


def versions(session: ReadSession, ids: Sequence[str]) -> Sequence[ModelVersion]:
    """Return versions in the order of their ids in `ids`."""
    found = session.exec(select(ModelVersion).where(col(ModelVersion.id).in_(ids))).all()
    by_id = {version.id: version for version in found}
    return [by_id[one] for one in ids if one in by_id]
