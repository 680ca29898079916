"""Who is told of what, and every message for them.

The rows are the one truth: the audit is the outbox, `cursor` says how far a webhook has read it,
and the queue only wakes a worker to look (design invariant 7).
"""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field

from vigil.kernel.db import Json, Table, Utc, enum_type

_PENDING = sa.text("state = 'pending'")


class MessageState(StrEnum):
    """PENDING leads to DELIVERED or DEAD; only a person leads back from there.

    DEAD is what was tried for a day, and what its receiver refused for good: set aside, so that it
    does not hold up the others.
    """

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


class Webhook(Table, table=True):
    """An address that an organisation wants to be told at.

    Attributes:
        topics: names and patterns of the catalogue, such as `version.approved` or `deployment.*`.
        cursor: the last event of the audit that was looked at for it.
        secret_number: which of its secrets is in force; the secrets themselves are kept nowhere.
        previous_until: until when the secret before it signs too, after a change of secrets.
    """

    __tablename__ = "webhook"
    id: str = Field(primary_key=True)
    organisation_id: str = Field(foreign_key="organisation.id", index=True)
    url: str
    topics: list[str] = Field(sa_type=Json)
    description: str
    active: bool = True
    cursor: int
    secret_number: int = 1
    previous_until: datetime | None = Field(default=None, sa_type=Utc)
    created_by: str
    created_at: datetime = Field(sa_type=Utc)
    ended_at: datetime | None = Field(default=None, sa_type=Utc)
    ended_reason: str | None = None


class WebhookDelivery(Table, table=True):
    """One message for one webhook. Its id is the `webhook-id` of every attempt.

    Attributes:
        sequence: the audit's event that it tells of; None for a test.
        position: where it stands in the webhook's order.
        body: the very text that is sent and signed, the same at every attempt.
        attempts_before_retry: attempts that a person wrote off by asking again.
        refusals: how often in a row the receiver refused it, so that trying again is no use.
        since: what the day of attempts is counted from.
    """

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        sa.UniqueConstraint("webhook_id", "sequence"),
        sa.Index(
            "ix_webhook_delivery_pending",
            "webhook_id",
            "position",
            sqlite_where=_PENDING,
            postgresql_where=_PENDING,
        ),
    )
    id: str = Field(primary_key=True)
    webhook_id: str = Field(foreign_key="webhook.id")
    sequence: int | None = None
    position: int
    topic: str
    body: str
    state: MessageState = Field(
        default=MessageState.PENDING, sa_type=enum_type(MessageState, "webhook_delivery_state")
    )
    attempts: int = 0
    attempts_before_retry: int = 0
    refusals: int = Field(default=0, sa_column_kwargs={"server_default": sa.text("0")})
    last_status: int | None = None
    last_error: str | None = None
    created_at: datetime = Field(sa_type=Utc)
    since: datetime = Field(sa_type=Utc)
    next_attempt_at: datetime | None = Field(default=None, sa_type=Utc)
    delivered_at: datetime | None = Field(default=None, sa_type=Utc)
