"""The answers to requests that carried an Idempotency-Key, so that a repeat changes nothing."""

from datetime import datetime
from typing import Any

from sqlmodel import Field

from vigil.kernel.db import Json, Table, Utc


class IdempotencyKey(Table, table=True):
    """One answered request. While it is being handled, `status` is empty."""

    __tablename__ = "idempotency_key"
    key: str = Field(primary_key=True)
    actor_id: str = Field(primary_key=True)
    route: str = Field(primary_key=True)
    request_digest: str
    status: int | None = None
    location: str | None = None
    answer: Any = Field(default=None, sa_type=Json, nullable=True)
    at: datetime = Field(sa_type=Utc)
