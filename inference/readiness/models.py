"""What Vigil cannot know by itself: documents that people recorded, and answers of peers.

Everything else that readiness is made of stands in other nouns' tables and is counted, never typed
(docs/adr/0019-site-readiness.md).
"""

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field

from vigil.kernel.db import Table, Utc

_CURRENT = sa.text("superseded_by IS NULL")


class Evidence(Table, table=True):
    """A document or a reference for one item; replaced by a later one, never edited.

    Attributes:
        organisation_id: whose matter it is: the site's organisation, or the model's supplier.
        site_id: the site it is about; None where it holds for the organisation or the model.
        model_id: the model it is about; None where it does not depend on one.
        applies: False where a manager decided that the item is not needed here, and `reason` why.
    """

    __tablename__ = "readiness_evidence"
    __table_args__ = (
        sa.Index(
            "ix_readiness_evidence_current",
            "item",
            "site_id",
            "model_id",
            sqlite_where=_CURRENT,
            postgresql_where=_CURRENT,
        ),
    )
    id: str = Field(primary_key=True)
    item: str
    organisation_id: str = Field(foreign_key="organisation.id", index=True)
    site_id: str | None = Field(default=None, foreign_key="site.id", index=True)
    model_id: str | None = Field(default=None, foreign_key="model.id")
    applies: bool = True
    reference: str
    document_digest: str | None = None
    document_name: str | None = None
    owner: str
    valid_from: date
    expires_on: date | None = None
    recorded_by: str
    recorded_at: datetime = Field(sa_type=Utc)
    reason: str
    superseded_by: str | None = Field(default=None, foreign_key="readiness_evidence.id")


class EchoProof(Table, table=True):
    """A C-ECHO that Vigil sent to a node, and how it went (PS3.4 annex A)."""

    __tablename__ = "echo_proof"
    __table_args__ = (sa.Index("ix_echo_proof_node_id_at", "node_id", "at"),)
    id: str = Field(primary_key=True)
    node_id: str = Field(foreign_key="node.id")
    site_id: str = Field(foreign_key="site.id", index=True)
    at: datetime = Field(sa_type=Utc)
    ok: bool
    said: str
    seconds: float
    by: str
