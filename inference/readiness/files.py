"""Documents on their way in and out over HTTP."""

from fastapi import Response, UploadFile

from inference.readiness import service
from inference.readiness.models import Evidence
from inference.readiness.service import Document


def handed_in(upload: UploadFile | None) -> Document | None:
    """Return what was uploaded; a form's empty file field is nothing."""
    if upload is None or not upload.filename:
        return None
    # One byte more than is taken shows that there is more.
    return Document(upload.filename, upload.file.read(service.MAX_DOCUMENT + 1))


def download(evidence: Evidence, content: bytes) -> Response:
    # Never shown by the browser: what somebody uploaded is not a page of ours.
    name = f"{evidence.id} {evidence.document_name}".encode("ascii", "replace").decode()
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type="application/octet-stream", headers=headers)
