"""A study as it arrives, revision by revision, and its instances with their named attributes."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from vigil.kernel.db import Json, Table, Utc, enum_type


class StudyState(StrEnum):
    RECEIVING = "receiving"
    CLOSED = "closed"


class Closing(StrEnum):
    """Why a revision counts as complete (docs/adr/0009-receiving-and-completeness.md)."""

    ASSOCIATION_CLOSED = "association_closed"
    QUIET = "quiet"
    CAP = "cap"


class Study(Table, table=True):
    """A study at a site. A late instance opens its next revision.

    `incomplete` says that the revision was closed by the cap while instances still arrived.
    """

    __tablename__ = "study"
    __table_args__ = (
        sa.UniqueConstraint("site_id", "study_instance_uid"),
        sa.Index(
            "ix_study_receiving",
            "last_arrival_at",
            sqlite_where=sa.text("state = 'receiving'"),
            postgresql_where=sa.text("state = 'receiving'"),
        ),
    )
    id: str = Field(primary_key=True)
    site_id: str = Field(foreign_key="site.id")
    study_instance_uid: str
    patient_pseudonym: str = Field(index=True)
    first_arrival_at: datetime = Field(sa_type=Utc)
    last_arrival_at: datetime = Field(sa_type=Utc)
    revision: int = 1
    revision_started_at: datetime = Field(sa_type=Utc)
    state: StudyState = Field(
        default=StudyState.RECEIVING, sa_type=enum_type(StudyState, "study_state")
    )
    closed_at: datetime | None = Field(default=None, sa_type=Utc)
    closing: Closing | None = Field(default=None, sa_type=enum_type(Closing, "study_closing"))
    incomplete: bool = False


class Instance(Table, table=True):
    """One SOP instance. `digest` names its file in the object store.

    `data_set_digest` is over the data set's bytes as they were sent, without the file meta
    information: what tells an identical re-send from another object under the same UID.
    """

    __tablename__ = "instance"
    __table_args__ = (
        # A SOP Instance UID names one object only (PS3.5 section 9), whatever study it claims.
        sa.UniqueConstraint("site_id", "sop_instance_uid"),
        sa.Index("ix_instance_study", "study_id", "study_revision"),
    )
    id: str = Field(primary_key=True)
    study_id: str = Field(foreign_key="study.id")
    study_revision: int
    site_id: str = Field(foreign_key="site.id")
    series_instance_uid: str
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    digest: str = Field(index=True)
    data_set_digest: str
    size: int
    association_id: str | None = Field(default=None, foreign_key="association.id", index=True)
    received_at: datetime = Field(sa_type=Utc)
    attributes: dict[str, Any] = Field(sa_type=Json)
