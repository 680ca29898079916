"""Orders to stop. One is in force until two people lift it; it is never deleted."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field

from vigil.kernel.db import Table, Utc, enum_type

_IN_FORCE = sa.text("lifted_at IS NULL")
_ONE_TARGET = (
    "(scope = 'site' AND site_id IS NOT NULL AND model_id IS NULL AND organisation_id IS NULL)"
    " OR (scope = 'model' AND site_id IS NULL AND model_id IS NOT NULL"
    " AND organisation_id IS NULL)"
    " OR (scope = 'supplier' AND site_id IS NULL AND model_id IS NULL"
    " AND organisation_id IS NOT NULL)"
)


class Scope(StrEnum):
    """What an order stops: all that runs at a site, or a model or a supplier's models anywhere."""

    SITE = "site"
    MODEL = "model"
    SUPPLIER = "supplier"


def _one_in_force(column: str) -> sa.Index:
    # A null differs from every other null, so that each index speaks of one scope only.
    return sa.Index(
        f"uq_stop_order_{column}_in_force",
        column,
        unique=True,
        sqlite_where=_IN_FORCE,
        postgresql_where=_IN_FORCE,
    )


class StopOrder(Table, table=True):
    """An order to stop, who gave it, who asked to lift it and who agreed.

    Attributes:
        lift_as_manager: whether who asked for the lift did so as a manager.
        lift_as_officer: whether as a clinical safety officer.
    """

    __tablename__ = "stop_order"
    __table_args__ = (
        sa.CheckConstraint(_ONE_TARGET, name="stop_order_one_target"),
        _one_in_force("site_id"),
        _one_in_force("model_id"),
        _one_in_force("organisation_id"),
    )
    id: str = Field(primary_key=True)
    scope: Scope = Field(sa_type=enum_type(Scope, "stop_order_scope"))
    site_id: str | None = Field(default=None, foreign_key="site.id")
    model_id: str | None = Field(default=None, foreign_key="model.id")
    organisation_id: str | None = Field(default=None, foreign_key="organisation.id")
    reason: str
    ordered_by: str
    ordered_at: datetime = Field(sa_type=Utc)
    lift_requested_by: str | None = None
    lift_requested_at: datetime | None = Field(default=None, sa_type=Utc)
    lift_request_reason: str | None = None
    lift_as_manager: bool = False
    lift_as_officer: bool = False
    lifted_by: str | None = None
    lifted_at: datetime | None = Field(default=None, sa_type=Utc)
    lift_reason: str | None = None

    @property
    def is_in_force(self) -> bool:
        return self.lifted_at is None

    @property
    def target_id(self) -> str:
        return self.site_id or self.model_id or self.organisation_id or ""

    @property
    def sentence(self) -> str:
        """Why a study is not run, as it is kept on the study and on the run."""
        return f"stopped: {self.reason} (order {self.id})"
