"""How a draft's package stands with the registry now: whose it says it is, is its label free.

Asked each time, because others submit and withdraw meanwhile.
"""

from model_registry.packages.layout import MANIFEST
from model_registry.submissions import repository
from model_registry.submissions.models import Submission, Upload
from model_registry.versions import repository as versions
from model_registry.versions.models import ModelVersion, VersionStatus
from vigil.kernel.db import ReadSession
from vigil.kernel.errors import Fault
from vigil.kernel.identity import repository as identity

_VERSION = f"{MANIFEST}:model.version"
_NEW_LABEL = "Give it a new version label and upload the package again"


def standing_faults(session: ReadSession, submission: Submission, upload: Upload) -> list[Fault]:
    """Return what the registry has against the package of a draft."""
    manifest = (upload.reading or {}).get("manifest")
    if manifest is None:
        return []
    facts = manifest["model"]
    supplier = identity.organisation(session, submission.organisation_id)
    if supplier is None or facts["supplier"] != supplier.ods_code:
        code = supplier.ods_code if supplier else "your code"
        remedy = f"Write {code}, and upload the package again"
        return [Fault(f"{MANIFEST}:model.supplier", "not your organisation's code", remedy)]
    model = versions.model_of(session, supplier.id, facts["name"])
    known = versions.version_of(session, model.id, facts["version"]) if model else None
    problem = _taken(session, submission, upload, known) if known else None
    return [Fault(_VERSION, problem, _NEW_LABEL)] if problem else []


def _taken(
    session: ReadSession, submission: Submission, upload: Upload, known: ModelVersion
) -> str | None:
    """Say why a label that is there already is not this package's to have."""
    if known.digest != upload.digest:
        return f"{known.version} was submitted with other contents"
    if known.status is VersionStatus.WITHDRAWN:
        return f"{known.version} was withdrawn"
    holder = repository.submission_of_version(session, known.id)
    if holder is not None and holder.id != submission.id:
        return f"{known.version} was handed over with {holder.reference}"
    return None
