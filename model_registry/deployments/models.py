"""Deployments, the proposals to change them, the people who agreed, and the history."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field

from vigil.kernel.db import Json, Table, Utc, enum_type

_LIVE = sa.text("mode = 'live'")
_IN_USE = sa.text("mode <> 'retired'")
_OPEN = sa.text("state = 'open'")


class Mode(StrEnum):
    """What a deployment does with a study (design section 6)."""

    SHADOW = "shadow"
    CANARY = "canary"
    LIVE = "live"
    SUSPENDED = "suspended"
    RETIRED = "retired"


class ChangeState(StrEnum):
    OPEN = "open"
    APPLIED = "applied"
    WITHDRAWN = "withdrawn"


class Deployment(Table, table=True):
    """A version at a site, in a mode. Each change makes a new revision, which runs pin."""

    __tablename__ = "deployment"
    __table_args__ = (
        sa.Index(
            "uq_deployment_live",
            "model_id",
            "site_id",
            unique=True,
            sqlite_where=_LIVE,
            postgresql_where=_LIVE,
        ),
        sa.Index(
            "uq_deployment_in_use",
            "version_id",
            "site_id",
            unique=True,
            sqlite_where=_IN_USE,
            postgresql_where=_IN_USE,
        ),
        sa.Index(None, "model_id", "site_id"),
    )
    id: str = Field(primary_key=True)
    model_id: str = Field(foreign_key="model.id")
    version_id: str = Field(foreign_key="model_version.id", index=True)
    site_id: str = Field(foreign_key="site.id", index=True)
    mode: Mode = Field(sa_type=enum_type(Mode, "deployment_mode"))
    share: int
    revision: int
    thresholds: dict[str, float] = Field(sa_type=Json)
    created_at: datetime = Field(sa_type=Utc)


class DeploymentChange(Table, table=True):
    """A proposal: what the deployment would become, and which live one it would replace.

    Attributes:
        from_revision: the revision it was proposed for; it lapses with the next one.
        replaces_id: the deployment that was live when it was proposed, if another one was.
        replaced_becomes: the mode of the replaced deployment, once replaced.
        closed_by: who applied it, by the last agreement, or withdrew, rejected or overtook it.
    """

    __tablename__ = "deployment_change"
    __table_args__ = (
        sa.Index(
            "ix_deployment_change_open",
            "id",
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
    )
    id: str = Field(primary_key=True)
    deployment_id: str = Field(foreign_key="deployment.id", index=True)
    from_revision: int
    to_mode: Mode = Field(sa_type=enum_type(Mode, "deployment_change_to_mode"))
    to_share: int
    to_thresholds: dict[str, float] = Field(sa_type=Json)
    replaces_id: str | None = Field(default=None, foreign_key="deployment.id")
    replaced_becomes: Mode = Field(sa_type=enum_type(Mode, "deployment_change_replaced_becomes"))
    reason: str
    requested_by: str
    requested_at: datetime = Field(sa_type=Utc)
    state: ChangeState = Field(sa_type=enum_type(ChangeState, "deployment_change_state"))
    closed_by: str | None = None
    closed_at: datetime | None = Field(default=None, sa_type=Utc)
    closed_reason: str | None = None


class DeploymentApproval(Table, table=True):
    """A person's agreement to a change, and in which capacities that person could give it."""

    __tablename__ = "deployment_approval"
    __table_args__ = (sa.UniqueConstraint("change_id", "user_id"),)
    id: str = Field(primary_key=True)
    change_id: str = Field(foreign_key="deployment_change.id")
    user_id: str = Field(foreign_key="user_account.id")
    as_manager: bool
    as_officer: bool
    at: datetime = Field(sa_type=Utc)
    reason: str | None = None


class DeploymentPeriod(Table, table=True):
    """How a deployment stood from one instant to another: the history."""

    __tablename__ = "deployment_period"
    __table_args__ = (
        sa.UniqueConstraint("deployment_id", "revision"),
        sa.Index(None, "site_id", "from_at"),
        sa.Index(None, "model_id", "from_at"),
    )
    id: str = Field(primary_key=True)
    deployment_id: str = Field(foreign_key="deployment.id")
    revision: int
    model_id: str = Field(foreign_key="model.id")
    version_id: str = Field(foreign_key="model_version.id")
    site_id: str = Field(foreign_key="site.id")
    mode: Mode = Field(sa_type=enum_type(Mode, "deployment_period_mode"))
    share: int
    thresholds: dict[str, float] = Field(sa_type=Json)
    from_at: datetime = Field(sa_type=Utc)
    to_at: datetime | None = Field(default=None, sa_type=Utc)
    by: str
    by_label: str | None = None
    reason: str
