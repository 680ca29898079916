"""Versions over HTTP: list, show, submit, compare, withdraw, and the names that stand for them.

An archive is posted as the request's body. It is written to disk as it comes, so that neither a
slow nor a large upload holds memory or the database.
"""

import tempfile
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import IO, Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from model_registry.admission import service as admission
from model_registry.admission.models import AdmissionCheck, Status
from model_registry.packages.errors import BrokenPackage
from model_registry.packages.zipped import ARCHIVE, MAX_ARCHIVE
from model_registry.versions import aliases, contents, service
from model_registry.versions.comparison import Section
from model_registry.versions.handover import Handover
from model_registry.versions.models import ModelVersion, VersionStatus
from vigil.kernel.errors import Fault
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.body import Body
from vigil.kernel.web.dependencies import PartsDep, Reading, Writing, allowed
from vigil.kernel.web.page import CursorDep, Listing, link_next
from vigil.kernel.web.route import ApiRoute

router = APIRouter(prefix="/api/v1", tags=["models"], route_class=ApiRoute)
# Its body is a stream and submitting is idempotent by digest: it takes no idempotency key.
_uploads = APIRouter(tags=["models"])

Reader = Annotated[Actor, Depends(allowed(Permission.REGISTRY_READ))]
Namer = Annotated[Actor, Depends(allowed(Permission.ALIAS_WRITE))]
Submitter = Annotated[Actor, Depends(allowed(Permission.VERSION_SUBMIT))]


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
    state: Status
    evidence: str
    facts: dict[str, Any] | None
    seconds: float
    at: datetime


class VersionDetail(VersionFacts):
    manifest: dict[str, Any]
    checks: list[CheckFacts]


class Reason(Body):
    reason: str


class DifferenceView(BaseModel):
    """A field that is not the same; null where one of the two versions does not have it."""

    model_config = ConfigDict(from_attributes=True)

    section: Section
    path: str
    before: str | None
    after: str | None


class ComparisonView(BaseModel):
    before: VersionFacts
    after: VersionFacts
    same_weights: bool
    differences: list[DifferenceView]


class AliasView(BaseModel):
    """A name and the version that it stands for, until it is moved."""

    model_config = ConfigDict(from_attributes=True)

    model_id: str
    name: str
    version_id: str
    set_by: str
    set_by_label: str
    set_at: datetime
    reason: str
    ended_at: datetime | None


class NewAlias(Reason):
    """What the name is to stand for; `seen` is what you saw it stand for, "" for nothing."""

    name: str = Field(examples=["champion"])
    version_id: str
    seen: str | None = None


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


def handed_over(
    archive: Annotated[IO[bytes], Depends(received)], actor: Submitter, parts: PartsDep
) -> Handover:
    """Read and store it. Declared before the session, it is done before the turn to write."""
    return service.prepare(parts.database, parts.objects, actor, archive.read())


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
    handover: Annotated[Handover, Depends(handed_over)],
    session: Writing,
    actor: Submitter,
    parts: PartsDep,
    response: Response,
) -> VersionFacts:
    """Submit a package; a worker then checks it. The same bytes again give the same version."""
    version = service.submit(session, actor, objects=parts.objects, handover=handover)
    service.request_admission(session, parts.queue, version)
    response.headers["Location"] = f"/api/v1/versions/{version.id}"
    return VersionFacts.model_validate(version)


@router.post("/versions/{version_id}/withdraw")
def withdraw_version(
    version_id: str, body: Reason, session: Writing, actor: Reader, parts: PartsDep
) -> VersionFacts:
    """Take a version back for good, as its supplier or the network. It stops wherever it runs."""
    found = service.withdraw(
        session, actor, version_id=version_id, reason=body.reason, events=parts.events
    )
    return VersionFacts.model_validate(found)


@router.get("/versions/{version_id}/comparison/{other_id}")
def compare_versions(
    version_id: str, other_id: str, session: Reading, actor: Reader, parts: PartsDep
) -> ComparisonView:
    """Say field by field what the second version has that the first has not, and the reverse."""
    before = service.version(session, actor, version_id)
    after = service.version(session, actor, other_id)
    found = contents.compare_versions(session, parts.objects, before, after)
    return ComparisonView(
        before=VersionFacts.model_validate(before),
        after=VersionFacts.model_validate(after),
        same_weights=not any(one.section is Section.WEIGHTS for one in found),
        differences=[DifferenceView.model_validate(one) for one in found],
    )


@router.get("/models/{model_id}/aliases")
def list_aliases(model_id: str, session: Reading, actor: Reader) -> Listing[AliasView]:
    found = aliases.standing(session, actor, model_id)
    return Listing(items=[AliasView.model_validate(alias) for alias in found])


@router.post("/models/{model_id}/aliases")
def set_alias(model_id: str, body: NewAlias, session: Writing, actor: Namer) -> AliasView:
    """Let a name stand for a version, in place of what it stood for."""
    alias = aliases.set_alias(session, actor, model_id=model_id, **body.model_dump())
    return AliasView.model_validate(alias)


@router.post("/models/{model_id}/aliases/{name}/clear")
def clear_alias(
    model_id: str, name: str, body: Reason, session: Writing, actor: Namer
) -> AliasView:
    """End an alias: the name stands for nothing."""
    alias = aliases.clear_alias(session, actor, model_id=model_id, name=name, reason=body.reason)
    return AliasView.model_validate(alias)


def _detail(version: ModelVersion, checks: Sequence[AdmissionCheck]) -> VersionDetail:
    return VersionDetail(
        **VersionFacts.model_validate(version).model_dump(),
        manifest=version.manifest,
        checks=[CheckFacts.model_validate(check) for check in checks],
    )


router.include_router(_uploads)
