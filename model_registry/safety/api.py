"""Safety cases and acceptances over HTTP: hand in, read, sign."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response, UploadFile
from pydantic import Json

from model_registry.safety import repository, service
from model_registry.safety.models import Acceptance, AcceptanceKind, SafetyCase
from vigil.kernel.identity import service as identity
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.body import Body
from vigil.kernel.web.dependencies import PartsDep, Reading, Writing, allowed
from vigil.kernel.web.page import CursorDep, Listing, link_next
from vigil.kernel.web.route import ApiRoute

router = APIRouter(prefix="/api/v1", tags=["safety"], route_class=ApiRoute)

Reader = Annotated[Actor, Depends(allowed(Permission.REGISTRY_READ))]
Supplier = Annotated[Actor, Depends(allowed(Permission.VERSION_SUBMIT))]
CaseSigner = Annotated[Actor, Depends(allowed(Permission.SAFETY_CASE_SIGN))]
SiteSigner = Annotated[Actor, Depends(allowed(Permission.ACCEPTANCE_SIGN))]


class Reason(Body):
    reason: str


@router.get("/safety-cases")
def list_cases(
    request: Request,
    response: Response,
    *,
    session: Reading,
    actor: Reader,
    cursor: CursorDep,
    version_id: str | None = None,
) -> Listing[SafetyCase]:
    found = repository.cases(
        session, actor, version_id=version_id, after=cursor.after, limit=cursor.limit + 1
    )
    items, next_cursor = cursor.cut(found, lambda case: case.id)
    link_next(request, response, next_cursor)
    return Listing(items=items, next_cursor=next_cursor)


@router.post("/safety-cases", status_code=201)
def submit_case(
    *,
    session: Writing,
    actor: Supplier,
    parts: PartsDep,
    response: Response,
    version_id: Annotated[str, Form()],
    title: Annotated[str, Form()],
    reason: Annotated[str, Form()],
    document: UploadFile,
) -> SafetyCase:
    case = service.submit_case(
        session,
        actor,
        parts.objects,
        version_id=version_id,
        title=title,
        content=document.file.read(),
        reason=reason,
    )
    response.headers["Location"] = f"{router.prefix}/safety-cases/{case.id}"
    return case


@router.get("/safety-cases/{case_id}")
def show_case(case_id: str, session: Reading, actor: Reader) -> SafetyCase:
    return service.case_by_id(session, actor, case_id)


@router.get("/safety-cases/{case_id}/document")
def read_case(case_id: str, session: Reading, actor: Reader, parts: PartsDep) -> Response:
    case = service.case_by_id(session, actor, case_id)
    return _document(parts.objects.get(case.content_digest), case.id)


@router.post("/safety-cases/{case_id}/sign")
def sign_case(case_id: str, body: Reason, session: Writing, actor: CaseSigner) -> SafetyCase:
    return service.sign_case(session, actor, case_id=case_id, reason=body.reason)


@router.get("/acceptances")
def list_acceptances(
    request: Request,
    response: Response,
    *,
    session: Reading,
    actor: Reader,
    cursor: CursorDep,
    version_id: str | None = None,
    site: str | None = None,
) -> Listing[Acceptance]:
    found = repository.acceptances(
        session,
        actor,
        version_id=version_id,
        site_id=identity.site(session, actor, site).id if site else None,
        after=cursor.after,
        limit=cursor.limit + 1,
    )
    items, next_cursor = cursor.cut(found, lambda acceptance: acceptance.id)
    link_next(request, response, next_cursor)
    return Listing(items=items, next_cursor=next_cursor)


@router.post("/acceptances", status_code=201)
def draft_acceptance(
    *,
    session: Writing,
    actor: Reader,
    parts: PartsDep,
    response: Response,
    kind: Annotated[AcceptanceKind, Form()],
    version_id: Annotated[str, Form()],
    site: Annotated[str, Form(description="ODS code of the site")],
    passed: Annotated[bool, Form()],
    reason: Annotated[str, Form()],
    document: UploadFile,
    thresholds: Annotated[
        Json[dict[str, float]] | None, Form(description="the site's own thresholds, as JSON")
    ] = None,
    accepts_plan: Annotated[
        bool, Form(description="the changes that the version's plan announces are accepted too")
    ] = False,
) -> Acceptance:
    acceptance = service.draft_acceptance(
        session,
        actor,
        parts.objects,
        kind=kind,
        version_id=version_id,
        site_id=identity.site(session, actor, site).id,
        thresholds=thresholds or {},
        content=document.file.read(),
        passed=passed,
        reason=reason,
        accepts_plan=accepts_plan,
    )
    response.headers["Location"] = f"{router.prefix}/acceptances/{acceptance.id}"
    return acceptance


@router.get("/acceptances/{acceptance_id}")
def show_acceptance(acceptance_id: str, session: Reading, actor: Reader) -> Acceptance:
    return service.acceptance_by_id(session, actor, acceptance_id)


@router.get("/acceptances/{acceptance_id}/document")
def read_acceptance(
    acceptance_id: str, session: Reading, actor: Reader, parts: PartsDep
) -> Response:
    acceptance = service.acceptance_by_id(session, actor, acceptance_id)
    return _document(parts.objects.get(acceptance.content_digest), acceptance.id)


@router.post("/acceptances/{acceptance_id}/sign")
def sign_acceptance(
    acceptance_id: str, body: Reason, session: Writing, actor: SiteSigner, parts: PartsDep
) -> Acceptance:
    return service.sign_acceptance(
        session, actor, parts.events, acceptance_id=acceptance_id, reason=body.reason
    )


def _document(content: bytes, name: str) -> Response:
    # Never shown by the browser: what a supplier uploaded is not a page of ours.
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type="application/octet-stream", headers=headers)
