"""What the endpoints and pages of submissions ask for: who calls, what may come, where it goes."""

from typing import Annotated

from fastapi import Depends

from model_registry.submissions.folder import UploadFolder
from model_registry.submissions.preparing import archive_of
from model_registry.submissions.settings import SubmissionSettings, settings_of
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.parts import Parts
from vigil.kernel.web.dependencies import PartsDep, allowed

Reader = Annotated[Actor, Depends(allowed(Permission.SUBMISSION_READ))]
Supplier = Annotated[Actor, Depends(allowed(Permission.VERSION_SUBMIT))]
Reviewer = Annotated[Actor, Depends(allowed(Permission.SUBMISSION_REVIEW))]


def limits(parts: PartsDep) -> SubmissionSettings:
    return settings_of(parts.settings)


def folder_of(parts: Parts) -> UploadFolder:
    return UploadFolder(settings_of(parts.settings).uploads)


def prepared(submission_id: str, parts: PartsDep, actor: Supplier) -> bytes:
    """Read a draft's archive. Declared before the session, it is done before the turn to write."""
    return archive_of(parts, actor, submission_id)


Limits = Annotated[SubmissionSettings, Depends(limits)]
Archive = Annotated[bytes, Depends(prepared)]
