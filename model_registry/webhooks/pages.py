"""Webhooks as pages: those of one's organisation, and one with its messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from model_registry.webhooks import catalogue, repository, service
from model_registry.webhooks.catalogue import Topic
from model_registry.webhooks.models import MessageState, Webhook, WebhookDelivery
from model_registry.webhooks.settings import hosts_of
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import PartsDep, Reading, Writing, allowed
from vigil.kernel.web.page import CursorDep, next_url
from vigil.kernel.web.pages import Page, done, render

router = APIRouter(include_in_schema=False)
Keeper = Annotated[Actor, Depends(allowed(Permission.WEBHOOK_WRITE))]
Reason = Annotated[str, Form(max_length=2000)]


@dataclass(frozen=True)
class WebhookRow:
    webhook: Webhook
    waiting: int
    dead: int


@dataclass(frozen=True, kw_only=True)
class WebhooksPage(Page):
    template: ClassVar[str] = "webhooks/webhooks.html"
    rows: Sequence[WebhookRow]
    topics: Sequence[Topic]
    next_url: str | None


@dataclass(frozen=True, kw_only=True)
class WebhookPage(Page):
    template: ClassVar[str] = "webhooks/webhook.html"
    webhook: Webhook
    messages: Sequence[WebhookDelivery]
    secret: str | None
    next_url: str | None


@router.get("/webhooks")
def list_webhooks(request: Request, session: Reading, actor: Keeper, cursor: CursorDep) -> Response:
    found = service.webhooks(session, actor, after=cursor.after, limit=cursor.limit + 1)
    kept, following = cursor.cut(found, lambda webhook: webhook.id)
    page = WebhooksPage(
        title="Webhooks",
        rows=_rows(session, kept),
        topics=catalogue.TOPICS,
        next_url=next_url(request, following) if following else None,
    )
    return render(request, page)


@router.post("/webhooks")
def add(
    *,
    request: Request,
    session: Writing,
    actor: Keeper,
    parts: PartsDep,
    url: Annotated[str, Form(max_length=2000)] = "",
    topics: Annotated[str, Form(max_length=2000)] = "",
    description: Annotated[str, Form(max_length=200)] = "",
    reason: Reason = "",
) -> Response:
    webhook, secret = service.add(
        session,
        actor,
        parts.keys,
        hosts_of(parts.settings),
        url=url.strip(),
        topics=topics.replace(",", " ").split(),
        description=description,
        reason=reason,
    )
    return render(request, _page(webhook, [], secret=secret))


@router.get("/webhooks/{webhook_id}")
def show(
    request: Request, session: Reading, actor: Keeper, cursor: CursorDep, webhook_id: str
) -> Response:
    webhook = service.webhook(session, actor, webhook_id)
    found = service.deliveries(
        session, actor, webhook_id=webhook_id, after=cursor.after, limit=cursor.limit + 1
    )
    kept, following = cursor.cut(found, lambda message: message.id)
    after = next_url(request, following) if following else None
    return render(request, _page(webhook, kept, following=after))


@router.post("/webhooks/{webhook_id}/rotate")
def rotate(
    *,
    request: Request,
    session: Writing,
    actor: Keeper,
    parts: PartsDep,
    webhook_id: str,
    reason: Reason = "",
) -> Response:
    webhook, secret = service.rotate(
        session, actor, parts.keys, webhook_id=webhook_id, reason=reason
    )
    return render(request, _page(webhook, [], secret=secret))


@router.post("/webhooks/{webhook_id}/test")
def test(
    request: Request, session: Writing, actor: Keeper, parts: PartsDep, webhook_id: str
) -> Response:
    service.ping(session, actor, parts.queue, webhook_id=webhook_id)
    return done(request, f"/webhooks/{webhook_id}", "A test message is on its way")


@router.post("/webhooks/{webhook_id}/end")
def end(
    *, request: Request, session: Writing, actor: Keeper, webhook_id: str, reason: Reason = ""
) -> Response:
    service.end(session, actor, webhook_id=webhook_id, reason=reason)
    return done(request, f"/webhooks/{webhook_id}", "Nothing more is sent to this webhook")


@router.post("/webhook-deliveries/{webhook_delivery_id}/redeliver")
def redeliver(
    *,
    request: Request,
    session: Writing,
    actor: Keeper,
    parts: PartsDep,
    webhook_delivery_id: str,
    reason: Reason = "",
) -> Response:
    message = service.redeliver(
        session, actor, parts.queue, delivery_id=webhook_delivery_id, reason=reason
    )
    return done(request, f"/webhooks/{message.webhook_id}", "The message is sent again")


def _rows(session: ReadSession, webhooks: Sequence[Webhook]) -> list[WebhookRow]:
    counts = repository.counts(session, [one.id for one in webhooks])
    return [
        WebhookRow(
            one,
            counts.get((one.id, MessageState.PENDING), 0),
            counts.get((one.id, MessageState.DEAD), 0),
        )
        for one in webhooks
    ]


def _page(
    webhook: Webhook,
    messages: Sequence[WebhookDelivery],
    *,
    secret: str | None = None,
    following: str | None = None,
) -> WebhookPage:
    return WebhookPage(
        title="Webhook",
        webhook=webhook,
        messages=messages,
        secret=secret,
        next_url=following,
    )
