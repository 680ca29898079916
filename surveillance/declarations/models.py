"""What the network adds to, or mutes of, what packages ask to be watched. Never deleted."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field

from vigil.kernel.db import Table, Utc, enum_type


class Choice(StrEnum):
    ADD = "add"
    MUTE = "mute"


class StreamChoice(Table, table=True):
    """In force until it is ended. Without a version it is for all of them, and so for sites.

    Attributes:
        name: of a stream, as `model_registry.packages.monitoring` has it.
    """

    __tablename__ = "stream_choice"
    __table_args__ = (
        sa.Index(
            "ix_stream_choice_in_force",
            "version_id",
            "site_id",
            "name",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
    )
    id: str = Field(primary_key=True)
    version_id: str | None = Field(default=None, foreign_key="model_version.id")
    site_id: str | None = Field(default=None, foreign_key="site.id")
    name: str
    choice: Choice = Field(sa_type=enum_type(Choice, "stream_choice_choice"))
    reason: str
    made_by: str
    made_at: datetime = Field(sa_type=Utc)
    ended_by: str | None = None
    ended_at: datetime | None = Field(default=None, sa_type=Utc)
    ended_reason: str | None = None
