"""What readers said of findings. The latest row of a finding counts; every earlier one is kept."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field

from vigil.kernel.db import Table, Utc, enum_type


class Decision(StrEnum):
    """The model's flag against the reader's word."""

    AGREE_POS = "agree_pos"
    AGREE_NEG = "agree_neg"
    OVERRIDE_FP = "override_fp"
    OVERRIDE_FN = "override_fn"


class DecisionSource(StrEnum):
    LINK = "link"
    API = "api"


class ReaderDecision(Table, table=True):
    """Readers are pseudonyms here: this is for learning about the model, never for ranking."""

    __tablename__ = "reader_decision"
    __table_args__ = (
        sa.Index("ix_reader_decision_finding_id_decided_at", "finding_id", "decided_at"),
    )
    id: str = Field(primary_key=True)
    finding_id: str = Field(foreign_key="finding.id")
    run_id: str = Field(foreign_key="run.id", index=True)
    site_id: str = Field(foreign_key="site.id", index=True)
    decision: Decision = Field(sa_type=enum_type(Decision, "reader_decision_decision"))
    comment: str | None = None
    source: DecisionSource = Field(sa_type=enum_type(DecisionSource, "reader_decision_source"))
    reader_pseudonym: str
    decided_at: datetime = Field(sa_type=Utc)
