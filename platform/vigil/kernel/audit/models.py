"""The audit's one table. Rows are only ever added: a trigger refuses change and deletion."""

from datetime import datetime
from typing import Any

from sqlmodel import Field

from vigil.kernel.db import Json, Table, Utc


class AuditEvent(Table, table=True):
    """One deed. `hash` covers every other field and the hash before it."""

    __tablename__ = "audit_event"
    sequence: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(sa_type=Utc)
    actor_id: str = Field(index=True)
    actor_label: str
    organisation_id: str | None = None
    tag: str = Field(index=True)
    subject: str = Field(index=True)
    reason: str
    detail: dict[str, Any] = Field(sa_type=Json)
    previous_hash: str
    hash: str
