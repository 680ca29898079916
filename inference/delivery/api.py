"""JSON of deliveries: what waits, what is dead, and putting it back."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from inference.delivery import service
from inference.delivery.models import Cause, Delivery, DeliveryState, Failure
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import PartsDep, Reading, Writing, allowed
from vigil.kernel.web.page import CursorDep, Listing, link_next
from vigil.kernel.web.route import ApiRoute

router = APIRouter(prefix="/api/v1/deliveries", tags=["deliveries"], route_class=ApiRoute)

Looker = Annotated[Actor, Depends(allowed(Permission.STUDY_READ))]
Retrier = Annotated[Actor, Depends(allowed(Permission.QUEUE_RETRY))]
Reason = Annotated[str, Field(min_length=1, max_length=500)]


class DeliveryOut(BaseModel):
    id: str
    result_id: str
    run_id: str
    site_id: str
    node_id: str
    state: DeliveryState
    attempts: int
    failure: Failure | None
    cause: Cause | None
    last_status: int | None
    last_error: str | None
    created_at: datetime
    next_attempt_at: datetime | None
    delivered_at: datetime | None
    discarded_at: datetime | None

    @classmethod
    def of(cls, delivery: Delivery) -> "DeliveryOut":
        return cls.model_validate(delivery.model_dump())


class AttemptOut(BaseModel):
    number: int
    at: datetime
    status: int | None
    error: str | None


class DeliveryDetail(DeliveryOut):
    history: list[AttemptOut]


class Retry(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "The PACS knows us now"}]}
    )
    reason: Reason


class RetryAll(Retry):
    """Which dead deliveries to put back: by cause, by destination, or both."""

    cause: Cause | None = None
    node_id: str | None = None


class Retried(BaseModel):
    items: list[DeliveryOut]


@router.get("")
def list_deliveries(
    session: Reading,
    actor: Looker,
    cursor: CursorDep,
    request: Request,
    response: Response,
    state: DeliveryState | None = None,
    run_id: str | None = None,
) -> Listing[DeliveryOut]:
    rows = service.deliveries(
        session, actor, state=state, run_id=run_id, after=cursor.after, limit=cursor.limit + 1
    )
    kept, next_cursor = cursor.cut(rows, lambda row: row.id)
    link_next(request, response, next_cursor)
    return Listing(items=[DeliveryOut.of(row) for row in kept], next_cursor=next_cursor)


@router.get("/{delivery_id}")
def show_delivery(session: Reading, actor: Looker, delivery_id: str) -> DeliveryDetail:
    found = service.delivery(session, actor, delivery_id)
    history = service.attempts(session, actor, delivery_id)
    return DeliveryDetail(
        **DeliveryOut.of(found).model_dump(),
        history=[AttemptOut.model_validate(one.model_dump()) for one in history],
    )


@router.post("/retries")
def retry_all(session: Writing, actor: Retrier, parts: PartsDep, body: RetryAll) -> Retried:
    again = service.retry_all(
        session,
        actor,
        parts.queue,
        reason=body.reason,
        cause=body.cause,
        node_id=body.node_id,
    )
    return Retried(items=[DeliveryOut.of(one) for one in again])


@router.post("/{delivery_id}/retry")
def retry(
    session: Writing, actor: Retrier, parts: PartsDep, delivery_id: str, body: Retry
) -> DeliveryOut:
    again = service.retry(session, actor, parts.queue, delivery_id=delivery_id, reason=body.reason)
    return DeliveryOut.of(again)
