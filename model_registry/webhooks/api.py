"""Webhooks over HTTP: add, change the secret, try, look, send again, end."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from model_registry.webhooks import catalogue, service
from model_registry.webhooks.models import MessageState, Webhook, WebhookDelivery
from model_registry.webhooks.settings import hosts_of
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.body import Body
from vigil.kernel.web.dependencies import PartsDep, Reading, Writing, allowed
from vigil.kernel.web.page import CursorDep, Listing, link_next
from vigil.kernel.web.route import ApiRoute

router = APIRouter(prefix="/api/v1", tags=["webhooks"], route_class=ApiRoute)
# Without idempotency keys: the answer to a repeat would have to be kept, and with it the secret.
secrets_router = APIRouter(tags=["webhooks"])

Keeper = Annotated[Actor, Depends(allowed(Permission.WEBHOOK_WRITE))]


class Reason(Body):
    reason: str


class NewWebhook(BaseModel):
    """An address to tell, and of what."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "url": "https://example.org/vigil",
                    "topics": ["version.approved", "deployment.*"],
                    "description": "our change board",
                    "reason": "tickets open themselves",
                }
            ]
        },
    )
    url: str = Field(max_length=2000)
    topics: list[str] = Field(min_length=1, max_length=service.MAX_TOPICS)
    description: str = Field(default="", max_length=service.MAX_DESCRIPTION)
    reason: str
    organisation: str | None = Field(default=None, description="ODS code; for the network only")


class WebhookOut(BaseModel):
    id: str
    organisation_id: str
    url: str
    topics: list[str]
    description: str
    active: bool
    created_at: datetime
    previous_until: datetime | None
    ended_at: datetime | None
    ended_reason: str | None

    @classmethod
    def of(cls, webhook: Webhook) -> "WebhookOut":
        return cls.model_validate(webhook.model_dump())


class WebhookWithSecret(WebhookOut):
    """A webhook and its secret, which is shown this once."""

    secret: str


class Message(BaseModel):
    """A message and how it fared."""

    id: str
    webhook_id: str
    topic: str
    sequence: int | None
    state: MessageState
    attempts: int
    last_status: int | None
    last_error: str | None
    created_at: datetime
    next_attempt_at: datetime | None
    delivered_at: datetime | None
    body: str

    @classmethod
    def of(cls, delivery: WebhookDelivery) -> "Message":
        return cls.model_validate(delivery.model_dump())


class PutBack(BaseModel):
    """How many messages are sent once more."""

    messages: int


class TopicOut(BaseModel):
    name: str
    says: str


@router.get("/webhooks/topics")
def list_topics(_actor: Keeper) -> list[TopicOut]:
    """List what can be told."""
    return [TopicOut(name=topic.name, says=topic.says) for topic in catalogue.TOPICS]


@router.get("/webhooks")
def list_webhooks(
    request: Request, response: Response, session: Reading, actor: Keeper, cursor: CursorDep
) -> Listing[WebhookOut]:
    found = service.webhooks(session, actor, after=cursor.after, limit=cursor.limit + 1)
    items, next_cursor = cursor.cut(found, lambda webhook: webhook.id)
    link_next(request, response, next_cursor)
    return Listing(items=[WebhookOut.of(one) for one in items], next_cursor=next_cursor)


@secrets_router.post("/webhooks", status_code=201)
def add_webhook(
    body: NewWebhook, session: Writing, actor: Keeper, parts: PartsDep, response: Response
) -> WebhookWithSecret:
    webhook, secret = service.add(
        session, actor, parts.keys, hosts_of(parts.settings), **body.model_dump()
    )
    response.headers["Location"] = f"{router.prefix}/webhooks/{webhook.id}"
    return WebhookWithSecret(**WebhookOut.of(webhook).model_dump(), secret=secret)


@router.get("/webhooks/{webhook_id}")
def show_webhook(webhook_id: str, session: Reading, actor: Keeper) -> WebhookOut:
    return WebhookOut.of(service.webhook(session, actor, webhook_id))


@router.post("/webhooks/{webhook_id}/end")
def end_webhook(webhook_id: str, body: Reason, session: Writing, actor: Keeper) -> WebhookOut:
    ended = service.end(session, actor, webhook_id=webhook_id, reason=body.reason)
    return WebhookOut.of(ended)


@secrets_router.post("/webhooks/{webhook_id}/rotate")
def rotate_secret(
    webhook_id: str, body: Reason, session: Writing, actor: Keeper, parts: PartsDep
) -> WebhookWithSecret:
    """Give it a new secret; the one before it signs too for a day."""
    webhook, secret = service.rotate(
        session, actor, parts.keys, webhook_id=webhook_id, reason=body.reason
    )
    return WebhookWithSecret(**WebhookOut.of(webhook).model_dump(), secret=secret)


@router.post("/webhooks/{webhook_id}/test", status_code=202)
def test_webhook(webhook_id: str, session: Writing, actor: Keeper, parts: PartsDep) -> Message:
    """Send a message that tells of nothing."""
    return Message.of(service.ping(session, actor, parts.queue, webhook_id=webhook_id))


@router.get("/webhooks/{webhook_id}/deliveries")
def list_deliveries(
    webhook_id: str,
    request: Request,
    response: Response,
    *,
    session: Reading,
    actor: Keeper,
    cursor: CursorDep,
) -> Listing[Message]:
    found = service.deliveries(
        session, actor, webhook_id=webhook_id, after=cursor.after, limit=cursor.limit + 1
    )
    items, next_cursor = cursor.cut(found, lambda message: message.id)
    link_next(request, response, next_cursor)
    return Listing(items=[Message.of(one) for one in items], next_cursor=next_cursor)


@router.post("/webhook-deliveries/{webhook_delivery_id}/redeliver", status_code=202)
def redeliver(
    webhook_delivery_id: str, body: Reason, session: Writing, actor: Keeper, parts: PartsDep
) -> Message:
    message = service.redeliver(
        session, actor, parts.queue, delivery_id=webhook_delivery_id, reason=body.reason
    )
    return Message.of(message)


@router.post("/webhooks/{webhook_id}/redeliver", status_code=202)
def redeliver_dead(
    webhook_id: str, body: Reason, session: Writing, actor: Keeper, parts: PartsDep
) -> PutBack:
    """Send all that was given up once more, oldest first."""
    count = service.redeliver_dead(
        session, actor, parts.queue, webhook_id=webhook_id, reason=body.reason
    )
    return PutBack(messages=count)


router.include_router(secrets_router)
