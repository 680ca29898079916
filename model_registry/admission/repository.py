"""Queries for the checks of a version. The caller has the version from its service, so may read."""

from collections.abc import Sequence

from sqlmodel import col, select

from model_registry.admission.models import AdmissionCheck
from vigil.kernel.db import ReadSession


def checks_of(session: ReadSession, version_id: str) -> Sequence[AdmissionCheck]:
    statement = select(AdmissionCheck).where(AdmissionCheck.version_id == version_id)
    return session.exec(statement.order_by(col(AdmissionCheck.id))).all()
