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
from vigil.kernel.errors import Invalid
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import PartsDep, Reading, Writing, allowed
from vigil.kernel.web.forms import NOTHING, Sent, check_lengths, refused
from vigil.kernel.web.page import Cursor, CursorDep, next_url
from vigil.kernel.web.pages import Page, done, render

router = APIRouter(include_in_schema=False)
Keeper = Annotated[Actor, Depends(allowed(Permission.WEBHOOK_WRITE))]
Text = Annotated[str, Form()]
ADD, ROTATE, END, AGAIN, DEAD = "add", "rotate", "end", "again", "dead"


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
    sent: Sent


@dataclass(frozen=True, kw_only=True)
class WebhookPage(Page):
    template: ClassVar[str] = "webhooks/webhook.html"
    webhook: Webhook
    messages: Sequence[WebhookDelivery]
    secret: str | None
    dead: int
    next_url: str | None
    sent: Sent


@router.get("/webhooks")
def list_webhooks(request: Request, session: Reading, actor: Keeper, cursor: CursorDep) -> Response:
    return render(request, _list_page(request, session, actor, cursor))


@router.post("/webhooks")
def add(
    *,
    request: Request,
    session: Writing,
    actor: Keeper,
    parts: PartsDep,
    cursor: CursorDep,
    url: Text = "",
    topics: Text = "",
    description: Text = "",
    reason: Text = "",
) -> Response:
    typed = {"url": url, "topics": topics, "description": description, "reason": reason}
    try:
        check_lengths(typed)
        with session.begin_nested():
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
    except Invalid as error:
        page = _list_page(request, session, actor, cursor, refused(ADD, typed, error))
        return render(request, page, error.status)
    return render(request, _page(webhook, [], secret=secret))


@router.get("/webhooks/{webhook_id}")
def show(
    request: Request, session: Reading, actor: Keeper, cursor: CursorDep, webhook_id: str
) -> Response:
    return render(request, _shown(request, session, actor, cursor, webhook_id))


@router.post("/webhooks/{webhook_id}/rotate")
def rotate(
    *,
    request: Request,
    session: Writing,
    actor: Keeper,
    parts: PartsDep,
    cursor: CursorDep,
    webhook_id: str,
    reason: Text = "",
) -> Response:
    typed = {"reason": reason}
    try:
        check_lengths(typed)
        with session.begin_nested():
            webhook, secret = service.rotate(
                session, actor, parts.keys, webhook_id=webhook_id, reason=reason
            )
    except Invalid as error:
        sent = refused(ROTATE, typed, error)
        return _again(request, session, actor, cursor, webhook_id, sent)
    return render(request, _page(webhook, [], secret=secret))


@router.post("/webhooks/{webhook_id}/test")
def test(
    request: Request, session: Writing, actor: Keeper, parts: PartsDep, webhook_id: str
) -> Response:
    service.ping(session, actor, parts.queue, webhook_id=webhook_id)
    return done(request, f"/webhooks/{webhook_id}", "A test message is on its way")


@router.post("/webhooks/{webhook_id}/end")
def end(
    *,
    request: Request,
    session: Writing,
    actor: Keeper,
    cursor: CursorDep,
    webhook_id: str,
    reason: Text = "",
) -> Response:
    typed = {"reason": reason}
    try:
        check_lengths(typed)
        with session.begin_nested():
            service.end(session, actor, webhook_id=webhook_id, reason=reason)
    except Invalid as error:
        return _again(request, session, actor, cursor, webhook_id, refused(END, typed, error))
    return done(request, f"/webhooks/{webhook_id}", "Nothing more is sent to this webhook")


@router.post("/webhooks/{webhook_id}/redeliver")
def redeliver_dead(
    *,
    request: Request,
    session: Writing,
    actor: Keeper,
    parts: PartsDep,
    cursor: CursorDep,
    webhook_id: str,
    reason: Text = "",
) -> Response:
    typed = {"reason": reason}
    try:
        check_lengths(typed)
        with session.begin_nested():
            count = service.redeliver_dead(
                session, actor, parts.queue, webhook_id=webhook_id, reason=reason
            )
    except Invalid as error:
        return _again(request, session, actor, cursor, webhook_id, refused(DEAD, typed, error))
    return done(request, f"/webhooks/{webhook_id}", f"Sent again, oldest first: {count}")


@router.post("/webhook-deliveries/{webhook_delivery_id}/redeliver")
def redeliver(
    *,
    request: Request,
    session: Writing,
    actor: Keeper,
    parts: PartsDep,
    cursor: CursorDep,
    webhook_delivery_id: str,
    reason: Text = "",
) -> Response:
    typed = {"reason": reason}
    message = service.delivery(session, actor, webhook_delivery_id)
    try:
        check_lengths(typed)
        with session.begin_nested():
            service.redeliver(
                session, actor, parts.queue, delivery_id=webhook_delivery_id, reason=reason
            )
    except Invalid as error:
        sent = refused(f"{AGAIN}-{message.id}", typed, error)
        return _again(request, session, actor, cursor, message.webhook_id, sent)
    return done(request, f"/webhooks/{message.webhook_id}", "The message is sent again")


def _list_page(
    request: Request, session: ReadSession, actor: Actor, cursor: Cursor, sent: Sent = NOTHING
) -> WebhooksPage:
    found = service.webhooks(session, actor, after=cursor.after, limit=cursor.limit + 1)
    kept, following = cursor.cut(found, lambda webhook: webhook.id)
    return WebhooksPage(
        title="Webhooks",
        rows=_rows(session, kept),
        topics=catalogue.TOPICS,
        next_url=next_url(request, following) if following else None,
        sent=sent,
    )


def _shown(
    request: Request,
    session: ReadSession,
    actor: Actor,
    cursor: Cursor,
    webhook_id: str,
    sent: Sent = NOTHING,
) -> WebhookPage:
    webhook = service.webhook(session, actor, webhook_id)
    found = service.deliveries(
        session, actor, webhook_id=webhook_id, after=cursor.after, limit=cursor.limit + 1
    )
    kept, following = cursor.cut(found, lambda message: message.id)
    after = next_url(request, following) if following else None
    dead = repository.counts(session, [webhook.id]).get((webhook.id, MessageState.DEAD), 0)
    return _page(webhook, kept, following=after, sent=sent, dead=dead)


def _again(
    request: Request,
    session: ReadSession,
    actor: Actor,
    cursor: Cursor,
    webhook_id: str,
    sent: Sent,
) -> Response:
    page = _shown(request, session, actor, cursor, webhook_id, sent)
    return render(request, page, Invalid.status)


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
    sent: Sent = NOTHING,
    dead: int = 0,
) -> WebhookPage:
    return WebhookPage(
        title="Webhook",
        webhook=webhook,
        messages=messages,
        secret=secret,
        dead=dead,
        next_url=following,
        sent=sent,
    )
