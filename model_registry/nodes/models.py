"""A DICOM peer of a site: an application entity that sends studies, takes results, or both."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from vigil.kernel.db import Table, Utc

_ACTIVE_SOURCE = sa.text("is_source AND active")


class Node(Table, table=True):
    """An application entity (PS3.8 annex C): an AE title at an address."""

    __tablename__ = "node"
    __table_args__ = (
        # The calling AE title alone decides whose study it is, so two sites cannot share one.
        sa.Index(
            "uq_node_active_source",
            "ae_title",
            unique=True,
            sqlite_where=_ACTIVE_SOURCE,
            postgresql_where=_ACTIVE_SOURCE,
        ),
    )
    id: str = Field(primary_key=True)
    site_id: str = Field(foreign_key="site.id", index=True)
    ae_title: str
    host: str
    port: int
    is_source: bool
    is_destination: bool
    active: bool = True
    created_at: datetime = Field(sa_type=Utc)
