"""What is to be sent where, and every attempt at it.

The row is the one truth about a delivery; the queue only wakes a worker to look at it (design
invariant 7).
"""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field

from vigil.kernel.db import Table, Utc, enum_type


class DeliveryState(StrEnum):
    """PENDING leads to DELIVERED, which is final, or to DEAD, which only a person leaves again."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


class Failure(StrEnum):
    """Whether trying again can help: a PERMANENT refusal is the same at every attempt."""

    PERMANENT = "permanent"
    TRANSIENT = "transient"


class Delivery(Table, table=True):
    __tablename__ = "delivery"
    __table_args__ = (
        sa.UniqueConstraint("result_id", "node_id"),
        sa.Index(
            "ix_delivery_open",
            "state",
            "next_attempt_at",
            sqlite_where=sa.text("state <> 'delivered'"),
            postgresql_where=sa.text("state <> 'delivered'"),
        ),
    )
    id: str = Field(primary_key=True)
    result_id: str = Field(foreign_key="result.id")
    run_id: str = Field(foreign_key="run.id", index=True)
    site_id: str = Field(foreign_key="site.id", index=True)
    node_id: str = Field(foreign_key="node.id", index=True)
    state: DeliveryState = Field(
        default=DeliveryState.PENDING, sa_type=enum_type(DeliveryState, "delivery_state")
    )
    attempts: int = 0
    failure: Failure | None = Field(default=None, sa_type=enum_type(Failure, "delivery_failure"))
    last_status: int | None = None
    last_error: str | None = None
    created_at: datetime = Field(sa_type=Utc)
    next_attempt_at: datetime | None = Field(default=None, sa_type=Utc)
    delivered_at: datetime | None = Field(default=None, sa_type=Utc)
    discarded_at: datetime | None = Field(default=None, sa_type=Utc)


class DeliveryAttempt(Table, table=True):
    __tablename__ = "delivery_attempt"
    __table_args__ = (sa.UniqueConstraint("delivery_id", "number"),)
    id: str = Field(primary_key=True)
    delivery_id: str = Field(foreign_key="delivery.id")
    number: int
    at: datetime = Field(sa_type=Utc)
    status: int | None = None
    error: str | None = None
