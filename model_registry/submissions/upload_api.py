"""Resumable uploads over HTTP, in the manner of draft-ietf-httpbis-resumable-upload.

POST announces an upload, PATCH appends at an offset, HEAD tells the offset, DELETE gives it up.
A body is written to disk as it comes and is never whole in memory.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, BackgroundTasks, Header, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import ClientDisconnect

from model_registry.submissions import uploads
from model_registry.submissions.asking import Limits, Reader, Supplier, folder_of
from model_registry.submissions.errors import NotPartial, WrongOffset
from model_registry.submissions.models import Upload, UploadState
from model_registry.submissions.receiving import Incoming, Receiver
from vigil.kernel.web import problems
from vigil.kernel.web.dependencies import PartsDep, Reading, Writing
from vigil.kernel.web.page import CursorDep, Listing, link_next
from vigil.kernel.web.route import ApiRoute

MEDIA_TYPE: Final = "application/partial-upload"
_BLOCK: Final = 1024 * 1024

router = APIRouter(prefix="/api/v1/uploads", tags=["submissions"], route_class=ApiRoute)


class UploadFacts(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    organisation_id: str
    filename: str | None
    size: int
    received: int
    sha256: str | None
    digest: str | None
    state: UploadState
    created_at: datetime
    expires_at: datetime


class NewUpload(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"size": 88_412_160, "sha256": "9f86d081884c7d65…", "filename": "m.zip"}]
        },
    )
    size: Annotated[int, Field(ge=1, description="length of the package in bytes")]
    sha256: Annotated[
        str | None, Field(description="what the whole must have; compared at the end")
    ] = None
    filename: Annotated[str | None, Field(max_length=300)] = None


@router.post("", status_code=201)
def begin_upload(
    body: NewUpload,
    session: Writing,
    actor: Supplier,
    limits: Limits,
    parts: PartsDep,
    response: Response,
    after: BackgroundTasks,
) -> UploadFacts:
    """Announce an upload; its bytes are then sent to the address in `Location`."""
    upload = uploads.begin(
        session, actor, limits, size=body.size, sha256=body.sha256, filename=body.filename
    )
    after.add_task(uploads.clear, parts.database, folder_of(parts))
    response.headers["Location"] = f"/api/v1/uploads/{upload.id}"
    response.headers["Upload-Limit"] = f"max-size={limits.upload_max}"
    _tell(response, upload)
    return UploadFacts.model_validate(upload)


@router.get("")
def list_uploads(
    request: Request,
    response: Response,
    session: Reading,
    actor: Reader,
    cursor: CursorDep,
    state: UploadState | None = None,
) -> Listing[UploadFacts]:
    found = uploads.uploads(
        session, actor, state=state, before=cursor.after, limit=cursor.limit + 1
    )
    items, next_cursor = cursor.cut(found, lambda upload: upload.id)
    link_next(request, response, next_cursor)
    return Listing(items=[UploadFacts.model_validate(u) for u in items], next_cursor=next_cursor)


@router.get("/{upload_id}")
def show_upload(upload_id: str, session: Reading, actor: Reader, response: Response) -> UploadFacts:
    upload = uploads.upload(session, actor, upload_id)
    _tell(response, upload)
    return UploadFacts.model_validate(upload)


@router.head("/{upload_id}", status_code=204, include_in_schema=False)
def offset_of_upload(upload_id: str, session: Reading, actor: Reader, response: Response) -> None:
    """Tell how much has come: where an interrupted client goes on."""
    _tell(response, uploads.upload(session, actor, upload_id))
    response.headers["Cache-Control"] = "no-store"


@router.patch(
    "/{upload_id}",
    status_code=200,
    response_model=UploadFacts,
    responses={409: {"description": "The upload ends elsewhere; `Upload-Offset` says where."}},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def append_to_upload(
    upload_id: str,
    request: Request,
    response: Response,
    actor: Supplier,
    parts: PartsDep,
    upload_offset: Annotated[int, Header(ge=0)],
) -> UploadFacts | Response:
    """Append at `Upload-Offset`. When all has come, the digest is compared and the package read.

    Where the connection breaks, what came is kept. An empty body at the end completes an upload
    whose last answer was lost.
    """
    if request.headers.get("Content-Type", "").partition(";")[0].strip() != MEDIA_TYPE:
        raise NotPartial(f"Send the chunk as {MEDIA_TYPE}.")
    receiver = Receiver(parts.database, folder_of(parts), actor)
    held = receiver.at(upload_id, upload_offset)
    try:
        incoming = await run_in_threadpool(held.__enter__)
    except WrongOffset as error:
        return _elsewhere(error)
    try:
        upload = await _take(request, incoming)
    except ClientDisconnect:
        # Nobody hears this answer. What came was kept, and need not be sent again.
        return Response(status_code=HTTPStatus.BAD_REQUEST)
    finally:
        held.__exit__(None, None, None)
    _tell(response, upload)
    return UploadFacts.model_validate(upload)


@router.delete("/{upload_id}", status_code=204)
def abandon_upload(
    upload_id: str, session: Writing, actor: Supplier, parts: PartsDep, after: BackgroundTasks
) -> None:
    """Give an upload up; its bytes are deleted."""
    uploads.abandon(session, actor, upload_id=upload_id, reason="given up by its supplier")
    after.add_task(uploads.clear, parts.database, folder_of(parts))


async def _take(request: Request, incoming: Incoming) -> Upload:
    try:
        async for block in _blocks(request):
            await run_in_threadpool(incoming.write, block)
    except ClientDisconnect:
        await run_in_threadpool(incoming.keep)
        raise
    return await run_in_threadpool(incoming.finish)


async def _blocks(request: Request) -> AsyncIterator[bytes]:
    """Yield the body in larger pieces than it comes in: each is a turn in another thread."""
    held = bytearray()
    try:
        async for chunk in request.stream():
            held += chunk
            if len(held) >= _BLOCK:
                yield bytes(held)
                held.clear()
    except ClientDisconnect:
        if held:
            yield bytes(held)
        raise
    if held:
        yield bytes(held)


def _tell(response: Response, upload: Upload) -> None:
    is_complete = upload.state is UploadState.COMPLETE
    response.headers["Upload-Offset"] = str(upload.received)
    response.headers["Upload-Length"] = str(upload.size)
    response.headers["Upload-Complete"] = "?1" if is_complete else "?0"


def _elsewhere(error: WrongOffset) -> Response:
    headers = {"Upload-Offset": str(error.offset)}
    return replace(problems.of_error(error), headers=headers).response()
