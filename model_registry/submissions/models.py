"""A submission with its answers and its thread of questions, and the uploads it is made from."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from vigil.kernel.db import Json, Table, Utc, enum_type


class UploadState(StrEnum):
    OPEN = "open"
    COMPLETE = "complete"
    ABANDONED = "abandoned"


class Rehearsal(StrEnum):
    """How far the rehearsal of admission is."""

    REQUESTED = "requested"
    PASSED = "passed"
    FAILED = "failed"


class SubmissionState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    WITHDRAWN = "withdrawn"


class MessageKind(StrEnum):
    QUESTION = "question"
    ANSWER = "answer"
    NOTE = "note"


class Side(StrEnum):
    """For whom the author of a message spoke."""

    SUPPLIER = "supplier"
    NETWORK = "network"


class Upload(Table, table=True):
    """A package on its way in: `received` of `size` bytes are on the disk, for certain.

    `reading` is what the package says of itself and what is wrong with it (`reading.Reading`);
    `verdicts` is what the rehearsal of admission found.
    """

    __tablename__ = "upload"
    __table_args__ = (sa.Index("ix_upload_organisation_state", "organisation_id", "state"),)
    id: str = Field(primary_key=True)
    organisation_id: str = Field(foreign_key="organisation.id")
    filename: str | None = None
    size: int
    received: int = 0
    sha256: str | None = None
    digest: str | None = None
    state: UploadState = Field(sa_type=enum_type(UploadState, "upload_state"))
    reading: dict[str, Any] | None = Field(default=None, sa_type=Json)
    rehearsal: Rehearsal | None = Field(
        default=None, sa_type=enum_type(Rehearsal, "upload_rehearsal")
    )
    rehearsed_at: datetime | None = Field(default=None, sa_type=Utc)
    verdicts: list[dict[str, Any]] | None = Field(default=None, sa_type=Json)
    created_by: str
    created_at: datetime = Field(sa_type=Utc)
    expires_at: datetime = Field(sa_type=Utc, index=True)


class Submission(Table, table=True):
    """What a supplier prepares and hands over; `revision` rises with every change to the draft."""

    __tablename__ = "submission"
    __table_args__ = (
        sa.UniqueConstraint("year", "number"),
        sa.Index("ix_submission_organisation_state", "organisation_id", "state"),
    )
    id: str = Field(primary_key=True)
    organisation_id: str = Field(foreign_key="organisation.id")
    reference: str = Field(unique=True)
    year: int
    number: int
    title: str
    state: SubmissionState = Field(
        sa_type=enum_type(SubmissionState, "submission_state"), index=True
    )
    upload_id: str | None = Field(default=None, foreign_key="upload.id", unique=True)
    version_id: str | None = Field(default=None, foreign_key="model_version.id", unique=True)
    archive_digest: str | None = None
    answers: dict[str, dict[str, str]] = Field(default_factory=dict, sa_type=Json)
    revision: int = 1
    created_by: str
    created_at: datetime = Field(sa_type=Utc)
    submitted_by: str | None = None
    submitted_at: datetime | None = Field(default=None, sa_type=Utc)
    withdrawn_at: datetime | None = Field(default=None, sa_type=Utc)


class SubmissionMessage(Table, table=True):
    """One message of a thread; never edited. A question is open until an answer names it."""

    __tablename__ = "submission_message"
    __table_args__ = (sa.Index("ix_submission_message_thread", "submission_id", "kind"),)
    id: str = Field(primary_key=True)
    submission_id: str = Field(foreign_key="submission.id")
    author_id: str
    side: Side = Field(sa_type=enum_type(Side, "submission_message_side"))
    kind: MessageKind = Field(sa_type=enum_type(MessageKind, "submission_message_kind"))
    about: str
    text: str
    answers_id: str | None = Field(default=None, foreign_key="submission_message.id", index=True)
    at: datetime = Field(sa_type=Utc)
