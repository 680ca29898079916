"""Cards, each bound to the digest of the version it speaks of."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from vigil.kernel.db import Json, Table, Utc, enum_type


class CardStatus(StrEnum):
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


_PUBLISHED = sa.text("status = 'published'")


class Card(Table, table=True):
    """What the supplier wrote in card.yaml, as it was published. One in force per version."""

    __tablename__ = "card"
    __table_args__ = (
        sa.Index(
            "ix_card_one_published",
            "version_id",
            unique=True,
            sqlite_where=_PUBLISHED,
            postgresql_where=_PUBLISHED,
        ),
    )
    id: str = Field(primary_key=True)
    version_id: str = Field(foreign_key="model_version.id")
    version_digest: str
    content: dict[str, Any] = Field(sa_type=Json)
    content_digest: str
    status: CardStatus = Field(sa_type=enum_type(CardStatus, "card_status"))
    published_by: str
    published_at: datetime = Field(sa_type=Utc)
    withdrawn_at: datetime | None = Field(default=None, sa_type=Utc)
