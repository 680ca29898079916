"""Queries for submissions, their threads and uploads; a supplier's begin with its own."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col, select

from model_registry.submissions.models import (
    MessageKind,
    Submission,
    SubmissionMessage,
    SubmissionState,
    Upload,
    UploadState,
)
from model_registry.versions.models import ModelVersion, VersionStatus
from model_registry.versions.repository import within_supplier
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import Organisation


def submissions(
    session: ReadSession,
    actor: Actor,
    *,
    state: SubmissionState | None,
    before: str | None,
    limit: int,
) -> Sequence[Submission]:
    """Return the newest submissions first; `before` is the last id of the page before."""
    statement = select(Submission).order_by(col(Submission.id).desc()).limit(limit)
    if state is not None:
        statement = statement.where(Submission.state == state)
    if before is not None:
        statement = statement.where(Submission.id < before)
    return session.exec(within_supplier(statement, actor, Submission.organisation_id)).all()


def submission(session: ReadSession, actor: Actor, submission_id: str) -> Submission | None:
    statement = select(Submission).where(
        sa.or_(col(Submission.id) == submission_id, col(Submission.reference) == submission_id)
    )
    return session.exec(within_supplier(statement, actor, Submission.organisation_id)).first()


def take_submission(session: WriteSession, actor: Actor, submission_id: str) -> Submission | None:
    """Return a submission that nobody else changes until this transaction ends."""
    statement = (
        select(Submission)
        .where(Submission.id == submission_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return session.exec(within_supplier(statement, actor, Submission.organisation_id)).first()


def submission_of_version(session: ReadSession, version_id: str) -> Submission | None:
    return session.exec(select(Submission).where(Submission.version_id == version_id)).first()


def submission_of_upload(session: ReadSession, upload_id: str) -> Submission | None:
    return session.exec(select(Submission).where(Submission.upload_id == upload_id)).first()


def last_number(session: ReadSession, year: int) -> int:
    statement = select(sa.func.max(Submission.number)).where(Submission.year == year)
    return session.exec(statement).one() or 0


def versions(session: ReadSession, ids: Iterable[str]) -> dict[str, ModelVersion]:
    """Return the versions of submissions that the actor was given already."""
    statement = select(ModelVersion).where(col(ModelVersion.id).in_(list(ids)))
    return {version.id: version for version in session.exec(statement).all()}


def suppliers(session: ReadSession, ids: Iterable[str]) -> dict[str, str]:
    statement = select(Organisation.id, Organisation.name).where(
        col(Organisation.id).in_(list(ids))
    )
    return dict(session.exec(statement).all())


def messages(session: ReadSession, submission_id: str) -> Sequence[SubmissionMessage]:
    statement = select(SubmissionMessage).where(SubmissionMessage.submission_id == submission_id)
    return session.exec(statement.order_by(col(SubmissionMessage.id))).all()


def open_questions(session: ReadSession, ids: Iterable[str]) -> dict[str, int]:
    """Return how many questions of each submission have no answer; none is left out as zero."""
    statement = (
        select(SubmissionMessage.submission_id, sa.func.count())
        .where(col(SubmissionMessage.submission_id).in_(list(ids)), _is_open())
        .group_by(col(SubmissionMessage.submission_id))
    )
    return dict(session.exec(statement).all())


def submissions_with_open_questions(
    session: ReadSession, actor: Actor, limit: int
) -> Sequence[Submission]:
    asked = select(SubmissionMessage.submission_id).where(_is_open())
    statement = (
        select(Submission)
        .where(col(Submission.id).in_(asked), Submission.state != SubmissionState.WITHDRAWN)
        .order_by(col(Submission.id))
        .limit(limit)
    )
    return session.exec(within_supplier(statement, actor, Submission.organisation_id)).all()


def submissions_with_version(
    session: ReadSession, actor: Actor, status: VersionStatus, limit: int
) -> Sequence[Submission]:
    statement = (
        select(Submission)
        .join(ModelVersion, col(Submission.version_id) == ModelVersion.id)
        .where(ModelVersion.status == status, Submission.state == SubmissionState.SUBMITTED)
        .order_by(col(Submission.id))
        .limit(limit)
    )
    return session.exec(within_supplier(statement, actor, Submission.organisation_id)).all()


def uploads(
    session: ReadSession, actor: Actor, *, state: UploadState | None, before: str | None, limit: int
) -> Sequence[Upload]:
    statement = select(Upload).order_by(col(Upload.id).desc()).limit(limit)
    if state is not None:
        statement = statement.where(Upload.state == state)
    if before is not None:
        statement = statement.where(Upload.id < before)
    return session.exec(within_supplier(statement, actor, Upload.organisation_id)).all()


def upload(session: ReadSession, actor: Actor, upload_id: str) -> Upload | None:
    statement = select(Upload).where(Upload.id == upload_id)
    return session.exec(within_supplier(statement, actor, Upload.organisation_id)).first()


def take_upload(session: WriteSession, actor: Actor, upload_id: str) -> Upload | None:
    """Return an upload that nobody else changes until this transaction ends."""
    statement = (
        select(Upload)
        .where(Upload.id == upload_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return session.exec(within_supplier(statement, actor, Upload.organisation_id)).first()


def count_open(session: ReadSession, organisation_id: str) -> int:
    statement = select(sa.func.count()).where(
        Upload.organisation_id == organisation_id, Upload.state == UploadState.OPEN
    )
    return session.exec(statement).one()


def unfinished_like(
    session: ReadSession, organisation_id: str, *, sha256: str, size: int
) -> Upload | None:
    """Return the upload of the same bytes that somebody began: what a repeat goes on with."""
    statement = (
        select(Upload)
        .where(
            Upload.organisation_id == organisation_id,
            Upload.state == UploadState.OPEN,
            Upload.sha256 == sha256,
            Upload.size == size,
        )
        .order_by(col(Upload.received).desc())
    )
    return session.exec(statement).first()


def loose_uploads(session: ReadSession, organisation_id: str, limit: int) -> Sequence[Upload]:
    """Return the uploads of a supplier that no submission holds, the newest first."""
    held = select(Submission.upload_id).where(col(Submission.upload_id).is_not(None))
    statement = (
        select(Upload)
        .where(
            Upload.organisation_id == organisation_id,
            col(Upload.state) != UploadState.ABANDONED,
            col(Upload.id).not_in(held),
        )
        .order_by(col(Upload.id).desc())
    )
    return session.exec(statement.limit(limit)).all()


def expired(session: ReadSession, now: datetime, limit: int) -> Sequence[Upload]:
    """Return the uploads whose time is over and that no draft holds."""
    held = select(Submission.upload_id).where(col(Submission.upload_id).is_not(None))
    statement = select(Upload).where(
        Upload.expires_at <= now,
        col(Upload.state) != UploadState.ABANDONED,
        col(Upload.id).not_in(held),
    )
    return session.exec(statement.limit(limit)).all()


def wanted_files(session: ReadSession) -> set[str]:
    """Return the uploads whose bytes are needed: unfinished, waiting to be used, or a draft's."""
    used = select(Submission.upload_id).where(
        Submission.state != SubmissionState.DRAFT, col(Submission.upload_id).is_not(None)
    )
    statement = select(Upload.id).where(
        col(Upload.state) != UploadState.ABANDONED, col(Upload.id).not_in(used)
    )
    return set(session.exec(statement).all())


def _is_open() -> sa.ColumnElement[bool]:
    answer = sa.orm.aliased(SubmissionMessage)
    return sa.and_(
        col(SubmissionMessage.kind) == MessageKind.QUESTION,
        ~sa.exists().where(col(answer.answers_id) == SubmissionMessage.id),
    )
