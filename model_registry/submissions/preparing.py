"""What is done before a transaction begins: a draft's archive is read and put into the store.

SQLite has one writer. To read and flush hundreds of megabytes while holding its turn would let
every DICOM association wait.
"""

from model_registry.submissions import service
from model_registry.submissions.access import require_supplier
from model_registry.submissions.folder import UploadFolder
from model_registry.submissions.models import SubmissionState
from model_registry.submissions.settings import settings_of
from vigil.kernel.identity.actor import Actor
from vigil.kernel.parts import Parts


def archive_of(parts: Parts, actor: Actor, submission_id: str) -> bytes:
    """Return the bytes of a draft that is ready to be submitted; the store has them by then.

    For one that is not ready there are none: `service.submit` says why, or a repeated request is
    answered as the first one was.
    """
    with parts.database.read() as session:
        found = service.submission(session, actor, submission_id)
        require_supplier(actor, found.organisation_id)
        is_ready = (
            found.state is SubmissionState.DRAFT and not service.checklist(session, found).missing
        )
    if not is_ready or found.upload_id is None:
        return b""
    archive = UploadFolder(settings_of(parts.settings).uploads).read(found.upload_id)
    parts.objects.put(archive)
    return archive
