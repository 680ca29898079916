"""Associations as they were opened and as they ended (PS3.8)."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field

from vigil.kernel.db import Table, Utc, enum_type


class Ending(StrEnum):
    """How an association ended (PS3.8 section 7): `lost` is one whose node died under it."""

    RELEASED = "released"
    ABORTED = "aborted"
    LOST = "lost"
    REFUSED = "refused"


class Association(Table, table=True):
    """One association. Open while `closed_at` is empty; `receiver` is the node that holds it."""

    __tablename__ = "association"
    __table_args__ = (
        # When a source was last heard, and when it last sent: what readiness asks of every node.
        sa.Index("ix_association_caller", "site_id", "calling_ae", "opened_at", "stored"),
        sa.Index(
            "ix_association_open",
            "receiver",
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        ),
    )
    id: str = Field(primary_key=True)
    site_id: str | None = Field(default=None, foreign_key="site.id", index=True)
    calling_ae: str
    called_ae: str
    peer_host: str
    receiver: str
    opened_at: datetime = Field(sa_type=Utc)
    closed_at: datetime | None = Field(default=None, sa_type=Utc)
    ending: Ending | None = Field(default=None, sa_type=enum_type(Ending, "association_ending"))
    stored: int = 0
    refused: int = 0
