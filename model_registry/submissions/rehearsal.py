"""The test run of a draft: the checks of admission on its package, before it becomes a version.

A version that fails is refused for good under its label; a rehearsal that fails costs nothing.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from model_registry.admission import service as admission
from model_registry.admission.runner import GoldenRunner
from model_registry.admission.verdict import Verdict
from model_registry.keys.service import KnownKey
from model_registry.submissions import repository, uploads
from model_registry.submissions.checklist import Status
from model_registry.submissions.errors import NotADraft, NotPossibleNow, UnknownSubmission
from model_registry.submissions.models import (
    Rehearsal,
    Submission,
    SubmissionState,
    UploadState,
)
from model_registry.submissions.questions import Task
from model_registry.submissions.service import checklist
from vigil.kernel.audit import service as audit
from vigil.kernel.db import WriteSession
from vigil.kernel.engine.queue import Queue
from vigil.kernel.identity.actor import Actor
from vigil.kernel.objects import LocalObjectStore

REHEARSE: Final = "submissions.rehearse"


def request(session: WriteSession, actor: Actor, queue: Queue, *, submission_id: str) -> Submission:
    """Have a worker run the checks; once a minute at most, as often as a supplier likes.

    Raises:
        NotPossibleNow: there is no package yet, or it has faults that a test run would only repeat.
    """
    found = repository.submission(session, actor, submission_id)
    if found is None:
        raise UnknownSubmission("No submission has this identifier.")
    if found.state is not SubmissionState.DRAFT or found.upload_id is None:
        raise NotADraft("Only a draft with a package is tested.")
    upload = uploads.take(session, actor, found.upload_id)
    if checklist(session, found).task(Task.TEST_RUN).status is Status.CANNOT_START:
        raise NotPossibleNow("The package has faults. Upload a corrected one first.")
    upload.rehearsal, upload.rehearsed_at, upload.verdicts = Rehearsal.REQUESTED, None, None
    session.add(upload)
    session.flush()
    key = f"{REHEARSE}:{upload.id}:{session.now():%Y%m%d%H%M}"
    queue.enqueue(session, REHEARSE, upload.id, key=key)
    audit.record(session, actor, "supplier:submission:rehearse", found.id, "a test run")
    return found


def rehearse(archive: bytes, *, runner: GoldenRunner, keys: Sequence[KnownKey]) -> list[Verdict]:
    """Run every check of admission on a package that is not in the object store."""
    with tempfile.TemporaryDirectory(prefix="vigil-rehearsal-") as folder:
        objects = LocalObjectStore(Path(folder))
        return admission.examine(
            digest=objects.put(archive), runner=runner, objects=objects, keys=keys
        )


def keep(
    session: WriteSession, actor: Actor, *, upload_id: str, verdicts: Sequence[dict[str, Any]]
) -> None:
    """Keep what a test run found, unless the package was replaced meanwhile."""
    upload = uploads.take(session, actor, upload_id)
    if upload.state is not UploadState.COMPLETE:
        return
    passed = bool(verdicts) and all(verdict["passed"] for verdict in verdicts)
    upload.rehearsal = Rehearsal.PASSED if passed else Rehearsal.FAILED
    upload.rehearsed_at, upload.verdicts = session.now(), list(verdicts)
    session.add(upload)
    session.flush()
    audit.record(
        session, actor, f"registry:submission:{upload.rehearsal.value}", upload.id, "test run ended"
    )
