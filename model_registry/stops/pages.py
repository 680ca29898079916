"""Stops as pages: what is stopped, the order with its confirmation, and the lift by two people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import Response

from model_registry.deployments.api import GatesDep
from model_registry.stops import people, service
from model_registry.stops.errors import UnknownTarget
from model_registry.stops.models import Scope, StopOrder
from model_registry.stops.repository import NamedStop
from model_registry.stops.service import LiftGap, StopTarget
from vigil.kernel.db import ReadSession
from vigil.kernel.errors import Fault
from vigil.kernel.identity import repository as identity
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import Site
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import Reading, Writing, allowed
from vigil.kernel.web.page import CursorDep, next_url
from vigil.kernel.web.pages import Page, done, render

router = APIRouter(include_in_schema=False)
Reader = Annotated[Actor, Depends(allowed(Permission.REGISTRY_READ))]
Suspender = Annotated[Actor, Depends(allowed(Permission.DEPLOYMENT_SUSPEND))]
Approver = Annotated[Actor, Depends(allowed(Permission.DEPLOYMENT_APPROVE))]
Reason = Annotated[str, Form(max_length=2000)]
Target = Annotated[str, Form(max_length=200)]


@dataclass(frozen=True)
class CoveredLine:
    """A deployment that a stop keeps from running."""

    deployment_id: str
    site: str
    model: str
    version: str
    mode: str


@dataclass(frozen=True, kw_only=True)
class StopsPage(Page):
    template: ClassVar[str] = "stops/stops.html"
    rows: Sequence[NamedStop]
    all_orders: bool
    may_order: bool
    next_url: str | None


@dataclass(frozen=True, kw_only=True)
class OrderPage(Page):
    """The form. `choices` maps a group's name to (value, text) pairs."""

    template: ClassVar[str] = "stops/order.html"
    choices: Mapping[str, Sequence[tuple[str, str]]]
    target: str = ""
    reason: str = ""
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ConfirmPage(Page):
    template: ClassVar[str] = "stops/confirm.html"
    target: StopTarget
    value: str
    reason: str
    covered: Sequence[CoveredLine]


@dataclass(frozen=True, kw_only=True)
class StopPage(Page):
    template: ClassVar[str] = "stops/stop.html"
    stop: StopOrder
    target: str
    people: Mapping[str, str]
    covered: Sequence[CoveredLine]
    missing: Sequence[LiftGap]
    may_ask: bool
    may_agree: bool
    may_keep: bool
    waits_for: str


@router.get("/stops")
def list_stops(
    *,
    request: Request,
    session: Reading,
    actor: Reader,
    cursor: CursorDep,
    show: Annotated[str, Query(max_length=10)] = "in_force",
) -> Response:
    in_force = None if show == "all" else True
    found = service.stops(
        session, actor, in_force=in_force, before=cursor.after, limit=cursor.limit + 1
    )
    rows, following = cursor.cut(found, lambda named: named.order.id)
    page = StopsPage(
        title="Stops",
        rows=rows,
        all_orders=in_force is None,
        may_order=actor.may(Permission.DEPLOYMENT_SUSPEND) and bool(_choices(session, actor)),
        next_url=next_url(request, following) if following else None,
    )
    return render(request, page)


@router.get("/stops/new")
def order_form(
    request: Request,
    session: Reading,
    actor: Suspender,
    target: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    return render(request, _order_page(session, actor, target=target))


@router.post("/stops/check")
def check_order(
    request: Request, session: Reading, actor: Suspender, target: Target = "", reason: Reason = ""
) -> Response:
    """Show what the order would stop, before it does: an interruption page."""
    scope, _, name = target.partition(":")
    if scope not in set(Scope) or not reason.strip():
        return render(request, _order_page(session, actor, target=target, reason=reason), 422)
    found = service.target_named(session, actor, Scope(scope), name)
    people.require(actor, Permission.DEPLOYMENT_SUSPEND, found.site_id)
    page = ConfirmPage(
        title=f"Stop {found.name}?",
        target=found,
        value=target,
        reason=reason,
        covered=_lines(service.would_stop(session, actor, found)),
    )
    return render(request, page)


@router.post("/stops")
def order_stop(
    request: Request, session: Writing, actor: Suspender, target: Target = "", reason: Reason = ""
) -> Response:
    scope, _, name = target.partition(":")
    if scope not in set(Scope):
        raise UnknownTarget("Choose a site, a model or a supplier.")
    found = service.target_named(session, actor, Scope(scope), name)
    stop = service.order(session, actor, target=found, reason=reason)
    message = f"{found.name} is stopped. Nothing more is run or sent."
    return done(request, f"/stops/{stop.id}", message)


@router.get("/stops/{stop_id}")
def show_stop(
    request: Request, session: Reading, actor: Reader, gates: GatesDep, stop_id: str
) -> Response:
    named = service.stop_by_id(session, actor, stop_id)
    stop = named.order
    page = StopPage(
        title=f"{named.target} is stopped" if stop.is_in_force else f"Stop of {named.target}",
        stop=stop,
        target=named.target,
        people=_people(session, actor, stop),
        covered=_lines(service.covered_by(session, actor, stop)),
        missing=service.missing_for(session, actor, gates, stop) if stop.is_in_force else [],
        may_ask=people.may_ask(actor, stop),
        may_agree=people.may_agree(actor, stop),
        may_keep=stop.lift_requested_by is not None
        and people.may(actor, Permission.DEPLOYMENT_SUSPEND, stop.site_id),
        waits_for=people.second_needed(stop),
    )
    return render(request, page)


@router.post("/stops/{stop_id}/lift-request")
def request_lift(
    request: Request, session: Writing, actor: Approver, stop_id: str, reason: Reason = ""
) -> Response:
    service.request_lift(session, actor, stop_id=stop_id, reason=reason)
    message = "Asked for. It stays stopped until a second person agrees."
    return done(request, f"/stops/{stop_id}", message)


@router.post("/stops/{stop_id}/keep")
def keep_stop(
    request: Request, session: Writing, actor: Suspender, stop_id: str, reason: Reason = ""
) -> Response:
    service.keep(session, actor, stop_id=stop_id, reason=reason)
    return done(request, f"/stops/{stop_id}", "It stays stopped.")


@router.post("/stops/{stop_id}/lift")
def lift_stop(
    *,
    request: Request,
    session: Writing,
    actor: Approver,
    gates: GatesDep,
    stop_id: str,
    reason: Reason = "",
) -> Response:
    service.lift(session, actor, gates, stop_id=stop_id, reason=reason)
    message = "The stop is lifted. The next study is run again."
    return done(request, f"/stops/{stop_id}", message)


_CHOOSE = Fault("target", "nothing is chosen", "Choose a site, a model or a supplier")
_SAY_WHY = Fault("reason", "empty", "Say why, in a sentence")


def _order_page(
    session: ReadSession, actor: Actor, *, target: str = "", reason: str | None = None
) -> OrderPage:
    choices = _choices(session, actor)
    known = {value for group in choices.values() for value, _ in group}
    faults = []
    if reason is not None:
        faults = [] if target in known else [_CHOOSE]
        faults += [] if reason.strip() else [_SAY_WHY]
    return OrderPage(
        title="Stop a site, a model or a supplier",
        choices=choices,
        target=target,
        reason=reason or "",
        faults=tuple(faults),
    )


def _choices(session: ReadSession, actor: Actor) -> dict[str, list[tuple[str, str]]]:
    """Return what this person may stop: own sites and, for the network's people, everything."""
    suspend = Permission.DEPLOYMENT_SUSPEND
    sites: Sequence[Site] = identity.sites(session, actor)
    found = {
        "One site: every model there": [
            (f"site:{site.ods_code}", site.name) for site in sites if actor.may(suspend, site.id)
        ]
    }
    if people.may(actor, suspend, None):
        models, suppliers = service.stoppable(session)
        found["One model: at every site"] = [(f"model:{m.id}", m.title) for m in models]
        found["One supplier: all its models"] = [
            (f"supplier:{organisation.ods_code}", organisation.name) for organisation in suppliers
        ]
    return {group: pairs for group, pairs in found.items() if pairs}


def _lines(rows: Sequence[Any]) -> list[CoveredLine]:
    return [
        CoveredLine(deployment.id, site, model, version, deployment.mode.value)
        for deployment, site, model, version in rows
    ]


def _people(session: ReadSession, actor: Actor, stop: StopOrder) -> dict[str, str]:
    """Return the names of who acted; a supplier reads whose organisation it was, not who."""
    if actor.supplier_id is not None:
        return {}
    ids = {stop.ordered_by, stop.lift_requested_by, stop.lifted_by} - {None}
    return {one: user.name for one in ids if one and (user := identity.user(session, one))}
