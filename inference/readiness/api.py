"""Readiness over HTTP: the matrix, a site's checklist, evidence, and a C-ECHO on demand."""

import csv
import io
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response, UploadFile
from pydantic import BaseModel

from inference.readiness import checking, repository, service
from inference.readiness.files import download, handed_in
from inference.readiness.items import ItemKey, Kind, Scope
from inference.readiness.matrix import Cell, Facts
from inference.readiness.models import EchoProof, Evidence
from inference.readiness.standing import Standing, State
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import Site
from vigil.kernel.identity.roles import Permission
from vigil.kernel.identity.service import site as site_by_code
from vigil.kernel.web.body import Body
from vigil.kernel.web.dependencies import PartsDep, Reading, Writing, allowed
from vigil.kernel.web.page import CursorDep, Listing, link_next
from vigil.kernel.web.route import ApiRoute

router = APIRouter(prefix="/api/v1", tags=["readiness"], route_class=ApiRoute)
# Not an `ApiRoute`: that would open a transaction, and hold it while a peer is waited for.
echo_router = APIRouter(tags=["readiness"])

Reader = Annotated[Actor, Depends(allowed(Permission.REGISTRY_READ))]
Recorder = Annotated[Actor, Depends(allowed(Permission.READINESS_WRITE))]
# A spreadsheet reads these as the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class CellOut(BaseModel):
    """A model at a site. `mode` is null where it is not in use there."""

    model_id: str
    model: str
    version_id: str
    version: str
    mode: str | None
    ready: bool
    lacking: list[ItemKey]

    @classmethod
    def of(cls, cell: Cell) -> "CellOut":
        return cls(
            model_id=cell.offer.model_id,
            model=cell.offer.name,
            version_id=cell.version_id,
            version=cell.version,
            mode=cell.mode.value if cell.mode else None,
            ready=cell.is_ready,
            lacking=[item.key for item in cell.lacking],
        )


class SiteRow(BaseModel):
    site_id: str
    site: str
    name: str
    models: list[CellOut]


class StandingOut(BaseModel):
    """How an item stands, and who can supply it."""

    item: ItemKey
    title: str
    kind: Kind
    scope: Scope
    state: State
    note: str
    who: str
    source: str
    expires_on: date | None
    evidence_id: str | None

    @classmethod
    def of(cls, one: Standing) -> "StandingOut":
        return cls(
            item=one.item.key,
            title=one.item.title,
            kind=one.item.kind,
            scope=one.item.scope,
            state=one.state,
            note=one.note,
            who=one.item.who,
            source=one.item.source,
            expires_on=one.expires_on,
            evidence_id=one.evidence.id if one.evidence else None,
        )


class ModelChecklist(CellOut):
    items: list[StandingOut]


class SiteChecklist(BaseModel):
    site_id: str
    site: str
    name: str
    items: list[StandingOut]
    models: list[ModelChecklist]


class Waiver(Body):
    """That an item is not needed; `until` is its last day."""

    item: ItemKey
    site: str | None = None
    model_id: str | None = None
    until: date | None = None
    reason: str


class Echo(BaseModel):
    """How a C-ECHO went."""

    id: str
    node_id: str
    at: datetime
    ok: bool
    said: str
    seconds: float

    @classmethod
    def of(cls, proof: EchoProof) -> "Echo":
        return cls.model_validate(proof.model_dump(exclude={"site_id", "by"}))


@router.get("/sites/readiness")
def show_matrix(
    request: Request,
    response: Response,
    *,
    session: Reading,
    actor: Reader,
    cursor: CursorDep,
    model_id: str | None = None,
) -> Listing[SiteRow]:
    """Say for every site and model whether the site is ready, and what it lacks."""
    service.require_reader(actor)
    after = cursor.after or ""
    sites = [one for one in repository.sites(session, actor, None) if one.ods_code > after]
    kept, next_cursor = cursor.cut(sites, lambda site: site.ods_code)
    link_next(request, response, next_cursor)
    ids = [site.id for site in kept]
    facts = service.facts(session, actor, site_ids=ids, model_id=model_id)
    return Listing(items=[_row(facts, site) for site in facts.sites], next_cursor=next_cursor)


@router.get("/sites/readiness.csv")
def export_matrix(session: Reading, actor: Reader, model_id: str | None = None) -> Response:
    """Give the same as a table: a row for each site and model."""
    facts = service.facts(session, actor, model_id=model_id)
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(("site", "name", "model", "version", "mode", "ready", "lacking"))
    for site in facts.sites:
        for cell in facts.cells(site):
            mode, lacking = cell.mode.value if cell.mode else "", [i.key for i in cell.lacking]
            row = (site.ods_code, site.name, cell.offer.name, cell.version, mode)
            ready = "yes" if cell.is_ready else "no"
            table.writerow([*map(_cell, row), ready, " ".join(lacking)])
    headers = {"Content-Disposition": 'attachment; filename="readiness.csv"'}
    return Response(text.getvalue(), media_type="text/csv", headers=headers)


@router.get("/sites/{site_id}/readiness")
def show_checklist(
    site_id: str, session: Reading, actor: Reader, model_id: str | None = None
) -> SiteChecklist:
    """Give a site's checklist, with that of each model or of one."""
    site = service.site(session, actor, site_id)
    facts = service.facts(session, actor, site_ids=[site.id], model_id=model_id)
    models = [
        ModelChecklist(
            **CellOut.of(cell).model_dump(),
            items=[StandingOut.of(one) for one in cell.standings if one.item.scope.names_model],
        )
        for cell in facts.cells(site)
    ]
    items = [StandingOut.of(one) for one in facts.of_site(site)]
    return SiteChecklist(
        site_id=site.id, site=site.ods_code, name=site.name, items=items, models=models
    )


@router.post("/readiness/evidence", status_code=201)
def record_evidence(
    *,
    session: Writing,
    actor: Recorder,
    parts: PartsDep,
    response: Response,
    item: Annotated[ItemKey, Form()],
    reference: Annotated[str, Form()],
    owner: Annotated[str, Form()],
    valid_from: Annotated[date, Form()],
    reason: Annotated[str, Form()],
    site: Annotated[str | None, Form(description="ODS code of the site")] = None,
    model_id: Annotated[str | None, Form()] = None,
    expires_on: Annotated[date | None, Form()] = None,
    document: UploadFile | None = None,
) -> Evidence:
    """Record a document or a reference, in the place of what was there."""
    made = service.record(
        session,
        actor,
        parts.objects,
        item=item,
        site_id=site_by_code(session, actor, site).id if site else None,
        model_id=model_id,
        reference=reference,
        owner=owner,
        valid_from=valid_from,
        expires_on=expires_on,
        document=handed_in(document),
        reason=reason,
    )
    response.headers["Location"] = f"{router.prefix}/readiness/evidence/{made.id}"
    return made


@router.post("/readiness/waivers", status_code=201)
def waive(body: Waiver, session: Writing, actor: Recorder, response: Response) -> Evidence:
    """Decide, as a network manager, that an item is not needed."""
    made = service.waive(
        session,
        actor,
        item=body.item,
        site_id=site_by_code(session, actor, body.site).id if body.site else None,
        model_id=body.model_id,
        until=body.until,
        reason=body.reason,
    )
    response.headers["Location"] = f"{router.prefix}/readiness/evidence/{made.id}"
    return made


@router.get("/readiness/evidence/{evidence_id}")
def show_evidence(evidence_id: str, session: Reading, actor: Reader) -> Evidence:
    return service.evidence(session, actor, evidence_id)


@router.get("/readiness/evidence/{evidence_id}/document")
def read_document(evidence_id: str, session: Reading, actor: Reader, parts: PartsDep) -> Response:
    found = service.evidence(session, actor, evidence_id)
    return download(found, parts.objects.get(found.document_digest or ""))


@echo_router.post("/nodes/{node_id}/echo")
def echo_node(node_id: str, actor: Recorder, parts: PartsDep) -> Echo:
    """Send a C-ECHO to a node now, and keep how it went."""
    return Echo.of(checking.check_now(parts, actor, node_id))


def _row(facts: Facts, site: Site) -> SiteRow:
    models = [CellOut.of(cell) for cell in facts.cells(site)]
    return SiteRow(site_id=site.id, site=site.ods_code, name=site.name, models=models)


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


router.include_router(echo_router)
