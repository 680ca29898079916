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


class Cause(StrEnum):
    """Why an attempt failed, in our words: a peer's own text may name the patient."""

    UNREACHABLE = "unreachable"
    BUSY = "busy"
    INTERRUPTED = "interrupted"
    NO_ANSWER = "no_answer"
    PEER_ERROR = "peer_error"
    NOT_RECOGNISED = "not_recognised"
    NOT_SUPPORTED = "not_supported"
    REFUSED = "refused"
    RETIRED = "retired"
    MISSING = "missing"
    FAULT = "fault"

    @property
    def failure(self) -> Failure:
        return Failure.TRANSIENT if self in _PASSING else Failure.PERMANENT

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_PASSING = (
    Cause.UNREACHABLE,
    Cause.BUSY,
    Cause.INTERRUPTED,
    Cause.NO_ANSWER,
    Cause.PEER_ERROR,
    Cause.FAULT,
)
_SENTENCES = {
    Cause.UNREACHABLE: "Nothing answers at the destination's host and port.",
    Cause.BUSY: "The destination cannot take more at the moment.",
    Cause.INTERRUPTED: "The association ended before the destination answered.",
    Cause.NO_ANSWER: "The destination did not answer in time.",
    Cause.PEER_ERROR: "The destination reports an error of its own.",
    Cause.NOT_RECOGNISED: "The destination does not know one of the two AE titles.",
    Cause.NOT_SUPPORTED: "The destination does not take objects of this class.",
    Cause.REFUSED: "The destination refuses this object.",
    Cause.RETIRED: "The destination was retired.",
    Cause.MISSING: "The object is not in the object store.",
    Cause.FAULT: "Vigil itself failed while it was sending.",
}


class Delivery(Table, table=True):
    """One result for one destination. `attempts_before_retry` starts the back-off anew."""

    __tablename__ = "delivery"
    __table_args__ = (
        sa.UniqueConstraint("result_id", "node_id"),
        sa.Index("ix_delivery_node_id_delivered_at", "node_id", "delivered_at"),
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
    priority: int = 5
    attempts: int = 0
    attempts_before_retry: int = 0
    failure: Failure | None = Field(default=None, sa_type=enum_type(Failure, "delivery_failure"))
    cause: Cause | None = Field(default=None, sa_type=enum_type(Cause, "delivery_cause"))
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
