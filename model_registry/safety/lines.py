"""Sign-offs with the names that people know them by, in one query a list."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import col

from model_registry.safety.models import Acceptance, SafetyCase, SignOffStatus
from model_registry.versions.models import Model, ModelVersion
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import Site, User
from vigil.kernel.identity.repository import within_sites


@dataclass(frozen=True)
class CaseLine:
    case: SafetyCase
    model: str
    version: str
    signer: str | None


@dataclass(frozen=True)
class AcceptanceLine:
    acceptance: Acceptance
    model: str
    version: str
    site: str
    signer: str | None


def cases(
    session: ReadSession,
    actor: Actor,
    *,
    status: SignOffStatus | None,
    after: str | None,
    limit: int,
) -> Sequence[CaseLine]:
    """Return cases that the actor may read, the newest first."""
    statement: Any = (
        sa.select(SafetyCase, col(Model.title), col(ModelVersion.version), col(User.name))
        .join(ModelVersion, col(SafetyCase.version_id) == col(ModelVersion.id))
        .join(Model, col(ModelVersion.model_id) == col(Model.id))
        .outerjoin(User, col(SafetyCase.signed_by) == col(User.id))
        .order_by(col(SafetyCase.id).desc())
        .limit(limit)
    )
    if actor.supplier_id is not None:
        statement = statement.where(SafetyCase.organisation_id == actor.supplier_id)
    if status is not None:
        statement = statement.where(SafetyCase.status == status)
    if after is not None:
        statement = statement.where(col(SafetyCase.id) < after)
    return [CaseLine(*row) for row in session.execute(statement)]


def acceptances(
    session: ReadSession,
    actor: Actor,
    *,
    site_id: str | None,
    status: SignOffStatus | None,
    after: str | None,
    limit: int,
) -> Sequence[AcceptanceLine]:
    """Return acceptances of the actor's sites, the newest first."""
    statement: Any = (
        sa.select(
            Acceptance,
            col(Model.title),
            col(ModelVersion.version),
            col(Site.name),
            col(User.name),
        )
        .join(ModelVersion, col(Acceptance.version_id) == col(ModelVersion.id))
        .join(Model, col(ModelVersion.model_id) == col(Model.id))
        .join(Site, col(Acceptance.site_id) == col(Site.id))
        .outerjoin(User, col(Acceptance.signed_by) == col(User.id))
        .order_by(col(Acceptance.id).desc())
        .limit(limit)
    )
    statement = within_sites(statement, actor, Acceptance.site_id)
    if site_id is not None:
        statement = statement.where(Acceptance.site_id == site_id)
    if status is not None:
        statement = statement.where(Acceptance.status == status)
    if after is not None:
        statement = statement.where(col(Acceptance.id) < after)
    return [AcceptanceLine(*row) for row in session.execute(statement)]
