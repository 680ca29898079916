"""Uploads as rows: begun, found again, given up, and cleared away when their time is over.

How their bytes come in is `receiving`'s.
"""

import re
from collections.abc import Sequence
from typing import Final

from model_registry.submissions import repository
from model_registry.submissions.access import require_reader, require_supplier, supplier_of
from model_registry.submissions.errors import (
    TooLarge,
    TooManyUploads,
    UnknownUpload,
    UploadOver,
)
from model_registry.submissions.folder import PREFIX, UploadFolder
from model_registry.submissions.models import Upload, UploadState
from model_registry.submissions.settings import SubmissionSettings
from vigil.kernel.audit import service as audit
from vigil.kernel.db import Database, ReadSession, WriteSession
from vigil.kernel.errors import Fault, Invalid
from vigil.kernel.identity.actor import Actor, system_actor

PAGE: Final = 50
_PURGED_AT_ONCE: Final = 100
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_PURGER: Final = system_actor("uploads")


def begin(
    session: WriteSession,
    actor: Actor,
    limits: SubmissionSettings,
    *,
    size: int,
    sha256: str | None = None,
    filename: str | None = None,
    supplier: str | None = None,
) -> Upload:
    """Announce an upload of `size` bytes, before the first of them is sent.

    Raises:
        TooLarge: more than an upload may have.
        TooManyUploads: the supplier has as many unfinished as it may.
    """
    organisation_id = supplier_of(session, actor, supplier)
    _check(limits, size, sha256)
    _expire(session)
    if repository.count_open(session, organisation_id) >= limits.uploads_per_supplier:
        raise TooManyUploads(
            f"{limits.uploads_per_supplier} are unfinished. Finish one of them, or give it up."
        )
    upload = Upload(
        id=session.new_id(PREFIX),
        organisation_id=organisation_id,
        filename=_plain(filename),
        size=size,
        sha256=sha256,
        state=UploadState.OPEN,
        created_by=actor.id,
        created_at=session.now(),
        expires_at=session.now() + limits.upload_life,
    )
    session.add(upload)
    session.flush()
    facts = {"size": size, "sha256": sha256}
    audit.record(session, actor, "supplier:upload:begin", upload.id, "a package is sent", **facts)
    return upload


def upload(session: ReadSession, actor: Actor, upload_id: str) -> Upload:
    """Return an upload.

    Raises:
        UnknownUpload: there is none, or it belongs to another supplier.
    """
    require_reader(actor)
    return _or_unknown(repository.upload(session, actor, upload_id))


def own_upload(session: ReadSession, actor: Actor, upload_id: str) -> Upload:
    """Return an upload that the actor may add to.

    Raises:
        UnknownUpload: there is none, or it belongs to another supplier.
    """
    found = _or_unknown(repository.upload(session, actor, upload_id))
    require_supplier(actor, found.organisation_id)
    return found


def uploads(
    session: ReadSession,
    actor: Actor,
    *,
    state: UploadState | None = None,
    before: str | None = None,
    limit: int = PAGE,
) -> Sequence[Upload]:
    """Return uploads, the newest first."""
    require_reader(actor)
    return repository.uploads(session, actor, state=state, before=before, limit=limit)


def loose(
    session: ReadSession, actor: Actor, *, organisation_id: str, limit: int
) -> Sequence[Upload]:
    """Return a supplier's uploads that wait for a submission; none for who may not send."""
    if actor.supplier_id != organisation_id and not actor.is_system:
        return []
    return repository.loose_uploads(session, organisation_id, limit)


def unfinished_like(
    session: ReadSession, actor: Actor, *, sha256: str, size: int, supplier: str | None = None
) -> Upload | None:
    """Return the unfinished upload of the same bytes, to go on with."""
    organisation_id = supplier_of(session, actor, supplier)
    return repository.unfinished_like(session, organisation_id, sha256=sha256, size=size)


def take(session: WriteSession, actor: Actor, upload_id: str) -> Upload:
    """Return an upload to change, which nobody else changes in this transaction.

    Raises:
        UnknownUpload: there is none, or it belongs to another supplier.
    """
    found = _or_unknown(repository.take_upload(session, actor, upload_id))
    require_supplier(actor, found.organisation_id)
    return found


def abandon(session: WriteSession, actor: Actor, *, upload_id: str, reason: str) -> Upload:
    """Give an upload up. Its bytes go when the transaction is over (`clear`).

    Raises:
        UploadOver: a submission holds it.
    """
    found = take(session, actor, upload_id)
    if repository.submission_of_upload(session, upload_id) is not None:
        raise UploadOver("A submission holds it. Give that one another package instead.")
    if found.state is not UploadState.ABANDONED:
        _give_up(session, actor, found, reason)
    return found


def clear(database: Database, folder: UploadFolder) -> int:
    """Delete the files that no upload needs any more; return how many.

    After the transaction, not in it: a row that says a file is there must never be wrong.
    """
    present = folder.uploads()
    if not present:
        return 0
    with database.read() as session:
        wanted = repository.wanted_files(session)
    unwanted = [upload_id for upload_id in present if upload_id not in wanted]
    for upload_id in unwanted:
        folder.discard(upload_id)
    return len(unwanted)


def _expire(session: WriteSession) -> None:
    for late in repository.expired(session, session.now(), _PURGED_AT_ONCE):
        _give_up(session, _PURGER, late, "its time was over")


def _give_up(session: WriteSession, actor: Actor, upload: Upload, reason: str) -> None:
    upload.state = UploadState.ABANDONED
    session.add(upload)
    session.flush()
    audit.record(session, actor, "supplier:upload:abandon", upload.id, reason)


def _check(limits: SubmissionSettings, size: int, sha256: str | None) -> None:
    if size > limits.upload_max:
        raise TooLarge(f"An upload may have {limits.upload_max} bytes; this one has {size}.")
    faults = []
    if size < 1:
        faults.append(Fault("size", "no bytes", "Give the length of the package in bytes"))
    if sha256 is not None and not _DIGEST.fullmatch(sha256):
        faults.append(Fault("sha256", "not a SHA-256", "Give 64 hexadecimal digits, lower case"))
    if faults:
        raise Invalid.because(faults)


def _or_unknown(found: Upload | None) -> Upload:
    if found is None:
        raise UnknownUpload("No upload has this identifier, or it belongs to another supplier.")
    return found


def _plain(filename: str | None) -> str | None:
    """Return the last part of a name without control characters; it is shown, never opened."""
    if not filename:
        return None
    last = filename.replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in last if c.isprintable())[:100] or None
