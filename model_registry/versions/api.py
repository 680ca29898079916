"""Models and versions over HTTP: list, show, submit, withdraw.

An archive is posted as the request's body. It is written to disk as it comes, so that neither a
slow nor a large upload holds memory or the database.
"""

import tempfile
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import IO, Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict

from model_registry.admission import service as admission
from model_registry.admission.models import AdmissionCheck
from model_registry.packages.errors import BrokenPackage
from model_registry.packages.zipped import ARCHIVE, MAX_ARCHIVE
from model_registry.versions import service
from model_registry.versions.models import ModelVersion, VersionStatus
from vigil.kernel.errors import Fault
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import PartsDep, Reading, Writing, allowed
from vigil.kernel.web.page import CursorDep, Listing, link_next
from vigil.kernel.web.route import ApiRoute

router = APIRouter(prefix="/api/v1", tags=["models"], route_class=ApiRoute)
# Its body is a stream and submitting is idempotent by digest: it takes no idempotency key.
_uploads = APIRouter(tags=["models"])

Reader = Annotated[Actor, Depends(allowed(Permission.REGISTRY_READ))]
Submitter = Annotated[Actor, Depends(allowed(Permission.VERSION_SUBMIT))]


class ModelFacts(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    organisation_id: str
    name: str
    title: str


class VersionFacts(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    model_id: str
    organisation_id: str
    version: str
    digest: str
    size: int
    preprocessing_digest: str
    status: VersionStatus
    submitted_by: str
    submitted_at: datetime


class CheckFacts(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    name: str
    passed: bool
    evidence: str
    seconds: float
    at: datetime


class VersionDetail(VersionFacts):
    manifest: dict[str, Any]
    checks: list[CheckFacts]


class Reason(BaseModel):
    reason: str


async def received(request: Request, parts: PartsDep) -> AsyncIterator[IO[bytes]]:
    """Write the body to a nameless file, as far as an archive may be long.

    Raises:
        BrokenPackage: it is longer.
    """
    with tempfile.TemporaryFile(dir=parts.settings.data_dir) as file:
        async for chunk in request.stream():
            if file.tell() + len(chunk) > MAX_ARCHIVE:
                fault = Fault(ARCHIVE, f"larger than {MAX_ARCHIVE} bytes", "Make the model smaller")
                raise BrokenPackage.because([fault])
            file.write(chunk)
        file.seek(0)
        yield file


@router.get("/models")
def list_models(
    request: Request, response: Response, session: Reading, actor: Reader, cursor: CursorDep
) -> Listing[ModelFacts]:
    found = service.models(session, actor, before=cursor.after, limit=cursor.limit + 1)
    items, next_cursor = cursor.cut(found, lambda model: model.id)
    link_next(request, response, next_cursor)
    return Listing(items=[ModelFacts.model_validate(m) for m in items], next_cursor=next_cursor)


@router.get("/models/{model_id}")
def show_model(model_id: str, session: Reading, actor: Reader) -> ModelFacts:
    return ModelFacts.model_validate(service.model(session, actor, model_id))


@router.get("/versions")
def list_versions(
    request: Request,
    response: Response,
    session: Reading,
    actor: Reader,
    cursor: CursorDep,
    model_id: str | None = None,
) -> Listing[VersionFacts]:
    found = service.versions(
        session, actor, model_id=model_id, before=cursor.after, limit=cursor.limit + 1
    )
    items, next_cursor = cursor.cut(found, lambda version: version.id)
    link_next(request, response, next_cursor)
    return Listing(items=[VersionFacts.model_validate(v) for v in items], next_cursor=next_cursor)


@router.get("/versions/{version_id}")
def show_version(version_id: str, session: Reading, actor: Reader) -> VersionDetail:
    version = service.version(session, actor, version_id)
    return _detail(version, admission.checks(session, actor, version_id))


@_uploads.post(
    "/versions",
    status_code=201,
    # Asked first: of a stranger not a byte is taken.
    dependencies=[Depends(allowed(Permission.VERSION_SUBMIT))],
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
def submit_version(
    archive: Annotated[IO[bytes], Depends(received)],
    session: Writing,
    actor: Submitter,
    parts: PartsDep,
    response: Response,
) -> VersionFacts:
    """Submit a package; a worker then checks it. The same bytes again give the same version."""
    version = service.submit(session, actor, objects=parts.objects, archive=archive.read())
    service.request_admission(session, parts.queue, version)
    response.headers["Location"] = f"/api/v1/versions/{version.id}"
    return VersionFacts.model_validate(version)


@router.post("/versions/{version_id}/withdraw")
def withdraw_version(
    version_id: str, body: Reason, session: Writing, actor: Submitter
) -> VersionFacts:
    found = service.withdraw(session, actor, version_id=version_id, reason=body.reason)
    return VersionFacts.model_validate(found)


def _detail(version: ModelVersion, checks: Sequence[AdmissionCheck]) -> VersionDetail:
    return VersionDetail(
        **VersionFacts.model_validate(version).model_dump(),
        manifest=version.manifest,
        checks=[CheckFacts.model_validate(check) for check in checks],
    )


router.include_router(_uploads)
