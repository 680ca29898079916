"""Sites as pages: the network at a glance, and one site's checklist with what can be done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, ClassVar, Literal

from fastapi import APIRouter, Depends, Form, Query, Request, UploadFile
from starlette.responses import Response

from inference.readiness import checking, repository, service
from inference.readiness.files import download, handed_in
from inference.readiness.items import BY_KEY, ITEMS, Item, ItemKey, Kind
from inference.readiness.matrix import Cell
from inference.readiness.models import EchoProof, Evidence
from inference.readiness.repository import Offer
from inference.readiness.standing import Standing
from model_registry.deployments.models import Mode
from model_registry.nodes.models import Node
from vigil.kernel.db import ReadSession
from vigil.kernel.errors import Fault, Invalid
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import Site
from vigil.kernel.identity.roles import Permission, Role
from vigil.kernel.web.dependencies import PartsDep, Reading, Writing, allowed
from vigil.kernel.web.forms import NOTHING, Sent, check_lengths, refused
from vigil.kernel.web.page import CursorDep, next_url
from vigil.kernel.web.pages import Page, done, render

router = APIRouter(include_in_schema=False)
Reader = Annotated[Actor, Depends(allowed(Permission.REGISTRY_READ))]
Recorder = Annotated[Actor, Depends(allowed(Permission.READINESS_WRITE))]
Text = Annotated[str, Form()]
EVIDENCE, WAIVER = "evidence", "waiver"
# More sites on a page would make it heavier than 150 KB with 25 models.
SITES = 25


@dataclass(frozen=True, kw_only=True)
class SitesPage(Page):
    template: ClassVar[str] = "readiness/sites.html"
    offers: Sequence[Offer]
    rows: Sequence[tuple[Site, Sequence[Cell]]]
    show: str
    model_id: str | None
    next_url: str | None

    @property
    def ready(self) -> int:
        return sum(cell.is_ready for _, cells in self.rows for cell in cells)

    @property
    def live(self) -> int:
        return sum(cell.mode is Mode.LIVE for _, cells in self.rows for cell in cells)


@dataclass(frozen=True, kw_only=True)
class SitePage(Page):
    template: ClassVar[str] = "readiness/site.html"
    site: Site
    items: Sequence[Standing]
    cells: Sequence[Cell]
    chosen: Cell | None
    nodes: Sequence[tuple[Node, EchoProof | None]]
    history: Sequence[Evidence]
    recordable: Sequence[Item]
    waivable: Sequence[Item]
    may_record: bool
    may_waive: bool
    today: date
    sent: Sent

    @property
    def of_model(self) -> Sequence[Standing]:
        """How the items stand that depend on the chosen model."""
        if self.chosen is None:
            return []
        return [one for one in self.chosen.standings if one.item.scope.names_model]

    def title_of(self, key: str) -> str:
        return BY_KEY[ItemKey(key)].title


@router.get("/sites")
def list_sites(
    *,
    request: Request,
    session: Reading,
    actor: Reader,
    cursor: CursorDep,
    show: Annotated[Literal["all", "lacking", "ready", "live"], Query()] = "all",
    model_id: Annotated[str | None, Query(max_length=40)] = None,
) -> Response:
    service.require_reader(actor)
    after = cursor.after or ""
    sites = [one for one in repository.sites(session, actor, None) if one.ods_code > after]
    more, shown = sites[SITES:], sites[:SITES]
    facts = service.facts(
        session, actor, site_ids=[one.id for one in shown], model_id=model_id or None
    )
    rows = [(site, facts.cells(site)) for site in facts.sites]
    _, following = cursor.cut(sites, lambda one: one.ods_code) if more else ([], None)
    page = SitesPage(
        title="Sites",
        offers=facts.offers,
        rows=[(site, cells) for site, cells in rows if _is_wanted(cells, show)],
        show=show,
        model_id=model_id or None,
        next_url=next_url(request, following) if following else None,
    )
    return render(request, page)


@router.get("/sites/{site_id}")
def show_site(
    request: Request,
    session: Reading,
    actor: Reader,
    site_id: str,
    model_id: Annotated[str | None, Query(max_length=40)] = None,
) -> Response:
    return render(request, _site_page(session, actor, site_id, model_id))


@router.post("/sites/{site_id}/evidence")
def record_evidence(
    *,
    request: Request,
    session: Writing,
    actor: Recorder,
    parts: PartsDep,
    site_id: str,
    item: Annotated[ItemKey, Form()],
    model_id: Text = "",
    reference: Text = "",
    owner: Text = "",
    valid_from: Text = "",
    expires_on: Text = "",
    reason: Text = "",
    document: UploadFile | None = None,
) -> Response:
    typed = {
        "item": item.value,
        "model_id": model_id,
        "reference": reference,
        "owner": owner,
        "valid_from": valid_from,
        "expires_on": expires_on,
        "document": "",
        "reason": reason,
    }
    try:
        check_lengths(typed)
        with session.begin_nested():
            service.record(
                session,
                actor,
                parts.objects,
                item=item,
                site_id=site_id,
                model_id=model_id or None,
                reference=reference,
                owner=owner,
                valid_from=_day("valid_from", valid_from) or session.now().date(),
                expires_on=_day("expires_on", expires_on),
                document=handed_in(document),
                reason=reason,
            )
    except Invalid as error:
        sent = refused(EVIDENCE, typed, error)
        return render(request, _site_page(session, actor, site_id, model_id, sent), error.status)
    return done(request, _path(site_id, model_id), "The evidence is recorded")


@router.post("/sites/{site_id}/waivers")
def waive(
    *,
    request: Request,
    session: Writing,
    actor: Recorder,
    site_id: str,
    item: Annotated[ItemKey, Form()],
    model_id: Text = "",
    until: Text = "",
    reason: Text = "",
) -> Response:
    typed = {"item": item.value, "model_id": model_id, "until": until, "reason": reason}
    try:
        check_lengths(typed)
        with session.begin_nested():
            service.waive(
                session,
                actor,
                item=item,
                site_id=site_id,
                model_id=model_id or None,
                until=_day("until", until),
                reason=reason,
            )
    except Invalid as error:
        sent = refused(WAIVER, typed, error)
        return render(request, _site_page(session, actor, site_id, model_id, sent), error.status)
    return done(request, _path(site_id, model_id), "The item is noted as not needed")


@router.get("/readiness/evidence/{evidence_id}/document")
def read_document(session: Reading, actor: Reader, parts: PartsDep, evidence_id: str) -> Response:
    found = service.evidence(session, actor, evidence_id)
    return download(found, parts.objects.get(found.document_digest or ""))


@router.post("/nodes/{node_id}/echo")
def echo_node(request: Request, actor: Recorder, parts: PartsDep, node_id: str) -> Response:
    proof = checking.check_now(parts, actor, node_id)
    return done(request, f"/sites/{proof.site_id}", proof.said)


def _site_page(
    session: ReadSession,
    actor: Actor,
    site_id: str,
    model_id: str | None,
    sent: Sent = NOTHING,
) -> SitePage:
    site = service.site(session, actor, site_id)
    facts = service.facts(session, actor, site_ids=[site.id])
    cells = facts.cells(site)
    nodes = repository.nodes_of(session, actor, site.id)
    proofs = repository.proofs(session, actor, [node.id for node in nodes])
    may_record = actor.may(Permission.READINESS_WRITE, site.id)
    return SitePage(
        title=site.name,
        site=site,
        items=facts.of_site(site),
        cells=cells,
        chosen=next((cell for cell in cells if cell.offer.model_id == model_id), None),
        nodes=[(node, proofs.get(node.id)) for node in nodes],
        history=service.history(session, actor, site),
        recordable=[item for item in ITEMS if item.kind is Kind.EVIDENCED],
        waivable=[item for item in ITEMS if item.may_be_waived],
        may_record=may_record,
        may_waive=may_record and actor.has_role(Role.NETWORK_MANAGER),
        today=session.now().date(),
        sent=sent,
    )


def _is_wanted(cells: Sequence[Cell], show: str) -> bool:
    if show == "live":
        return any(cell.mode is Mode.LIVE for cell in cells)
    if show == "ready":
        return any(cell.is_ready for cell in cells)
    return show == "all" or any(not cell.is_ready for cell in cells)


def _path(site_id: str, model_id: str) -> str:
    return f"/sites/{site_id}?model_id={model_id}" if model_id else f"/sites/{site_id}"


def _day(name: str, text: str) -> date | None:
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        fault = Fault(name, "not a day", "Write it as 2026-08-20")
        raise Invalid.because([fault]) from None
