"""The objects that were refused but kept, so that nothing which arrived is lost unseen."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from vigil.kernel.db import Table, Utc


class Quarantine(Table, table=True):
    """An object that was refused but kept: its bytes, the status that its sender got, and why."""

    __tablename__ = "quarantine"
    __table_args__ = (sa.UniqueConstraint("object_digest", "status", "site_id"),)
    id: str = Field(primary_key=True)
    site_id: str | None = Field(default=None, foreign_key="site.id", index=True)
    association_id: str | None = Field(default=None, foreign_key="association.id")
    object_digest: str = Field(index=True)
    status: int
    reason: str
    received_at: datetime = Field(sa_type=Utc)
