"""The crosses of axes that the network names for every version. Never deleted."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from vigil.kernel.db import Table, Utc

_IN_FORCE = sa.text("ended_at IS NULL")


class NamedCross(Table, table=True):
    """Counted from when it is made until it is ended, of every version.

    Attributes:
        name: what the network calls it.
        axis: its parts, as `surveillance.axes.cross_of` writes them.
    """

    __tablename__ = "named_cross"
    __table_args__ = (
        sa.Index(
            "uq_named_cross_axis",
            "axis",
            unique=True,
            sqlite_where=_IN_FORCE,
            postgresql_where=_IN_FORCE,
        ),
    )
    id: str = Field(primary_key=True)
    name: str
    axis: str
    reason: str
    made_by: str
    made_at: datetime = Field(sa_type=Utc)
    ended_by: str | None = None
    ended_at: datetime | None = Field(default=None, sa_type=Utc)
    ended_reason: str | None = None
