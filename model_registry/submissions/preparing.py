"""What is done before a transaction begins: a draft's archive is read and put into the store.

Why: `versions.handover`.
"""

from model_registry.submissions import service
from model_registry.submissions.access import require_supplier
from model_registry.submissions.errors import UploadLost
from model_registry.submissions.folder import UploadFolder
from model_registry.submissions.models import SubmissionState
from model_registry.submissions.settings import settings_of
from model_registry.versions.handover import Handover
from vigil.kernel.identity.actor import Actor
from vigil.kernel.objects import sha256
from vigil.kernel.parts import Parts


def handover_of(parts: Parts, actor: Actor, submission_id: str) -> Handover | None:
    """Return the package of a draft that is ready to be submitted; the store has it by then.

    For one that is not ready there is none: `service.submit` says why, or a repeated request is
    answered as the first one was.
    """
    with parts.database.read() as session:
        found = service.submission(session, actor, submission_id)
        require_supplier(actor, found.organisation_id)
        is_ready = (
            found.state is SubmissionState.DRAFT and not service.checklist(session, found).missing
        )
    if not is_ready or found.upload_id is None:
        return None
    archive = UploadFolder(settings_of(parts.settings).uploads).read(found.upload_id)
    if sha256(archive) != found.archive_digest:
        raise UploadLost("The bytes on the disk are not those that came. Upload the package again.")
    handover = Handover.of(archive)
    handover.store(parts.objects)
    return handover
