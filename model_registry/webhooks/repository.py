"""Queries for webhooks. An organisation reads its own; the network reads all of them."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from model_registry.deployments.models import Deployment, Mode
from model_registry.versions.models import Model
from model_registry.webhooks.catalogue import TAGS
from model_registry.webhooks.models import MessageState, Webhook, WebhookDelivery
from vigil.kernel.audit.models import AuditEvent
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.identity.actor import Actor

_ORDER = (col(WebhookDelivery.position), col(WebhookDelivery.id))


def within_organisation(statement: SelectOfScalar[Any], actor: Actor) -> SelectOfScalar[Any]:
    """Narrow a query on webhooks to those of the actor's organisation."""
    if actor.sites is None and actor.supplier_id is None:
        return statement
    return statement.where(Webhook.organisation_id == (actor.organisation_id or ""))


def webhooks(
    session: ReadSession, actor: Actor, *, after: str | None = None, limit: int | None = None
) -> Sequence[Webhook]:
    """Return webhooks, newest first."""
    statement = select(Webhook).order_by(col(Webhook.id).desc()).limit(limit)
    if after is not None:
        statement = statement.where(col(Webhook.id) < after)
    return session.exec(within_organisation(statement, actor)).all()


def webhook(session: ReadSession, actor: Actor, webhook_id: str) -> Webhook | None:
    statement = select(Webhook).where(Webhook.id == webhook_id)
    return session.exec(within_organisation(statement, actor)).first()


def locked(session: WriteSession, actor: Actor, webhook_id: str) -> Webhook | None:
    """Return a webhook as it is now, held against other writers (PostgreSQL)."""
    statement = (
        select(Webhook)
        .where(Webhook.id == webhook_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return session.exec(within_organisation(statement, actor)).first()


def of_organisation(session: ReadSession, organisation_id: str) -> Sequence[Webhook]:
    return session.exec(select(Webhook).where(Webhook.organisation_id == organisation_id)).all()


def behind(session: ReadSession, head: int) -> Sequence[Webhook]:
    """Return the webhooks that have not looked at every event yet."""
    statement = select(Webhook).where(col(Webhook.active), Webhook.cursor < head)
    return session.exec(statement.order_by(col(Webhook.id))).all()


def head(session: ReadSession) -> int:
    """Return the newest event's number; 0 where there is none."""
    return session.exec(select(sa.func.max(AuditEvent.sequence))).one() or 0


def events(session: ReadSession, *, after: int, to: int) -> Sequence[AuditEvent]:
    """Return the events in this range that somebody may be told of, oldest first."""
    statement = select(AuditEvent).where(
        AuditEvent.sequence > after, AuditEvent.sequence <= to, col(AuditEvent.tag).in_(TAGS)
    )
    return session.exec(statement.order_by(col(AuditEvent.sequence))).all()


def told(session: ReadSession, webhook_id: str, *, after: int) -> frozenset[int]:
    """Return which later events a webhook has a message of already."""
    statement = select(WebhookDelivery.sequence).where(
        WebhookDelivery.webhook_id == webhook_id, col(WebhookDelivery.sequence) > after
    )
    return frozenset(number for number in session.exec(statement).all() if number is not None)


def next_of(session: ReadSession, webhook_id: str) -> WebhookDelivery | None:
    """Return the message whose turn it is."""
    statement = select(WebhookDelivery).where(
        WebhookDelivery.webhook_id == webhook_id, WebhookDelivery.state == MessageState.PENDING
    )
    return session.exec(statement.order_by(*_ORDER).limit(1)).first()


def deliveries(
    session: ReadSession,
    actor: Actor,
    *,
    webhook_id: str,
    after: str | None = None,
    limit: int | None = None,
) -> Sequence[WebhookDelivery]:
    """Return the messages of a webhook, newest first."""
    statement = _readable(actor).where(WebhookDelivery.webhook_id == webhook_id)
    if after is not None:
        statement = statement.where(col(WebhookDelivery.id) < after)
    return session.exec(statement.order_by(col(WebhookDelivery.id).desc()).limit(limit)).all()


def delivery(session: ReadSession, actor: Actor, delivery_id: str) -> WebhookDelivery | None:
    return session.exec(_readable(actor).where(WebhookDelivery.id == delivery_id)).first()


def dead(session: WriteSession, webhook_id: str) -> Sequence[WebhookDelivery]:
    """Return what was given up of a webhook that the caller has read already, oldest first."""
    statement = select(WebhookDelivery).where(
        WebhookDelivery.webhook_id == webhook_id, WebhookDelivery.state == MessageState.DEAD
    )
    return session.exec(statement.order_by(*_ORDER)).all()


def aside(session: ReadSession, webhook_id: str) -> int:
    """Count the messages that were set aside since the receiver last took one."""
    taken = select(sa.func.max(WebhookDelivery.position)).where(
        WebhookDelivery.webhook_id == webhook_id, WebhookDelivery.state == MessageState.DELIVERED
    )
    last = session.exec(taken).one()
    statement = select(sa.func.count()).where(
        WebhookDelivery.webhook_id == webhook_id,
        WebhookDelivery.state == MessageState.DEAD,
        col(WebhookDelivery.refusals) > 0,
        WebhookDelivery.position > (-1 if last is None else last),
    )
    return session.exec(statement).one()


def counts(session: ReadSession, webhook_ids: Sequence[str]) -> dict[tuple[str, MessageState], int]:
    """Count the messages that did not arrive, of webhooks that the caller has read already."""
    statement = (
        select(WebhookDelivery.webhook_id, WebhookDelivery.state, sa.func.count())
        .where(
            col(WebhookDelivery.webhook_id).in_(webhook_ids),
            WebhookDelivery.state != MessageState.DELIVERED,
        )
        .group_by(col(WebhookDelivery.webhook_id), col(WebhookDelivery.state))
    )
    return {
        (one, MessageState(state)): count for one, state, count in session.exec(statement).all()
    }


def sites_using(
    session: ReadSession, *, model_id: str | None, supplier_id: str | None
) -> frozenset[str]:
    """Return the sites where a model is in use, or any model of a supplier."""
    statement = select(Deployment.site_id).where(Deployment.mode != Mode.RETIRED)
    if model_id is not None:
        statement = statement.where(Deployment.model_id == model_id)
    else:
        models = select(Model.id).where(Model.organisation_id == supplier_id)
        statement = statement.where(col(Deployment.model_id).in_(models))
    return frozenset(session.exec(statement).all())


def _readable(actor: Actor) -> SelectOfScalar[WebhookDelivery]:
    statement = select(WebhookDelivery).join(
        Webhook, col(Webhook.id) == col(WebhookDelivery.webhook_id)
    )
    return within_organisation(statement, actor)
