"""Queries for the checks of versions.

Who asks for a version's checks has the version from its service, so may read them.
"""

from collections.abc import Sequence

from sqlmodel import col, select

from model_registry.admission.models import AdmissionCheck
from model_registry.versions.models import ModelVersion
from model_registry.versions.repository import within_supplier
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor


def checks_of(session: ReadSession, version_id: str) -> Sequence[AdmissionCheck]:
    statement = select(AdmissionCheck).where(AdmissionCheck.version_id == version_id)
    return session.exec(statement.order_by(col(AdmissionCheck.id))).all()


def versions_signed_with(
    session: ReadSession, actor: Actor, supplier_key_id: str
) -> Sequence[ModelVersion]:
    """Return what passed the check of its signature with this key, the newest first."""
    statement = (
        select(ModelVersion)
        .join(AdmissionCheck, col(AdmissionCheck.version_id) == col(ModelVersion.id))
        .where(AdmissionCheck.supplier_key_id == supplier_key_id, col(AdmissionCheck.passed))
        .order_by(col(ModelVersion.id).desc())
    )
    return session.exec(within_supplier(statement, actor, ModelVersion.organisation_id)).all()
