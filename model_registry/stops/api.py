"""Stops over HTTP: order one, see what is stopped, and bring it back by two people."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from model_registry.deployments.api import GatesDep
from model_registry.stops import service
from model_registry.stops.models import Scope, StopOrder
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.body import Body
from vigil.kernel.web.dependencies import Reading, Writing, allowed
from vigil.kernel.web.page import CursorDep, Listing, link_next
from vigil.kernel.web.route import ApiRoute

router = APIRouter(prefix="/api/v1/stops", tags=["stops"], route_class=ApiRoute)
Reader = Annotated[Actor, Depends(allowed(Permission.REGISTRY_READ))]
Suspender = Annotated[Actor, Depends(allowed(Permission.DEPLOYMENT_SUSPEND))]
Approver = Annotated[Actor, Depends(allowed(Permission.DEPLOYMENT_APPROVE))]


class Reason(Body):
    reason: str = Field(examples=["Two missed pneumothoraces this morning"])


class NewStop(Reason):
    """What to stop: a site's ODS code, a model as `ACME/cxr` or its id, or a supplier's code."""

    scope: Scope
    target: str = Field(examples=["RXX01"])


class StopFacts(BaseModel):
    """An order as it stands; `lifted_at` null means that it is in force."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    scope: Scope
    site_id: str | None
    model_id: str | None
    organisation_id: str | None
    target: str = ""
    reason: str
    ordered_by: str
    ordered_at: datetime
    lift_requested_by: str | None
    lift_requested_at: datetime | None
    lift_request_reason: str | None
    lifted_by: str | None
    lifted_at: datetime | None
    lift_reason: str | None

    @classmethod
    def of(cls, order: StopOrder, target: str) -> "StopFacts":
        return cls.model_validate(order).model_copy(update={"target": target})


class StopView(StopFacts):
    """One order with the deployments that it keeps from running, and what a lift still lacks."""

    deployments: Sequence[str] = ()
    missing: Sequence[str] = ()


@router.get("")
def list_stops(
    request: Request,
    response: Response,
    *,
    session: Reading,
    actor: Reader,
    cursor: CursorDep,
    in_force: bool | None = None,
    scope: Scope | None = None,
) -> Listing[StopFacts]:
    found = service.stops(
        session,
        actor,
        in_force=in_force,
        scope=scope,
        before=cursor.after,
        limit=cursor.limit + 1,
    )
    items, next_cursor = cursor.cut(found, lambda named: named.order.id)
    link_next(request, response, next_cursor)
    return Listing(
        items=[StopFacts.of(named.order, named.target) for named in items],
        next_cursor=next_cursor,
    )


@router.post("", status_code=201)
def order_stop(body: NewStop, session: Writing, actor: Suspender, response: Response) -> StopFacts:
    """Stop at once: from the next study on, nothing that the order covers is run or sent."""
    target = service.target_named(session, actor, body.scope, body.target)
    stop = service.order(session, actor, target=target, reason=body.reason)
    response.headers["Location"] = f"{router.prefix}/{stop.id}"
    return StopFacts.of(stop, target.name)


@router.get("/{stop_id}")
def show_stop(stop_id: str, session: Reading, actor: Reader, gates: GatesDep) -> StopView:
    named = service.stop_by_id(session, actor, stop_id)
    facts = StopFacts.of(named.order, named.target).model_dump()
    covered = service.covered_by(session, actor, named.order)
    missing = service.missing_for(session, actor, gates, named.order)
    return StopView(
        **facts,
        deployments=[deployment.id for deployment, *_ in covered],
        missing=[str(lack) for lack in missing],
    )


@router.post("/{stop_id}/lift-request")
def request_lift(stop_id: str, body: Reason, session: Writing, actor: Approver) -> StopFacts:
    """Ask that it is lifted: a manager or a clinical safety officer, the first of two people."""
    service.request_lift(session, actor, stop_id=stop_id, reason=body.reason)
    return _facts(session, actor, stop_id)


@router.post("/{stop_id}/keep")
def keep_stop(stop_id: str, body: Reason, session: Writing, actor: Suspender) -> StopFacts:
    """Keep it, although its lift was asked for."""
    service.keep(session, actor, stop_id=stop_id, reason=body.reason)
    return _facts(session, actor, stop_id)


@router.post("/{stop_id}/lift")
def lift_stop(
    stop_id: str, body: Reason, session: Writing, actor: Approver, gates: GatesDep
) -> StopFacts:
    """Agree to the lift: another person than who asked, a manager and an officer between them."""
    service.lift(session, actor, gates, stop_id=stop_id, reason=body.reason)
    return _facts(session, actor, stop_id)


def _facts(session: Writing, actor: Actor, stop_id: str) -> StopFacts:
    named = service.stop_by_id(session, actor, stop_id)
    return StopFacts.of(named.order, named.target)
