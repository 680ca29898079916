"""What the endpoints and pages of submissions ask for: who calls, what may come, where it goes."""

from typing import Annotated

from fastapi import Depends

from model_registry.submissions.folder import UploadFolder
from model_registry.submissions.preparing import handover_of
from model_registry.submissions.settings import SubmissionSettings, settings_of
from model_registry.versions.handover import Handover
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


def prepared(submission_id: str, parts: PartsDep, actor: Supplier) -> Handover | None:
    """Read a draft's package. Declared before the session, it is done before the turn to write."""
    return handover_of(parts, actor, submission_id)


Limits = Annotated[SubmissionSettings, Depends(limits)]
Prepared = Annotated[Handover | None, Depends(prepared)]
