"""One attempt at a message: what it sends, and what follows from how it went.

A webhook has one message under way, the oldest, so that its receiver gets them in order and a slow
one holds up nobody else. What is refused for good is set aside and the next one goes on. At least
once: a crash between sending and noting sends again, under the same `webhook-id`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import col

from model_registry.webhooks import repository, signing
from model_registry.webhooks.backoff import is_set_aside, next_attempt_at
from model_registry.webhooks.models import MessageState, Webhook, WebhookDelivery
from model_registry.webhooks.sender import Answer, Cause
from vigil.kernel.audit import service as audit
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.engine.queue import Queue
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import Organisation, OrganisationKind
from vigil.kernel.keys import Keys

TASK = "webhooks.deliver"
_ENDED = "The webhook was ended."
_ASIDE = "It was set aside after {} refusals, and the next one goes on."


@dataclass(frozen=True)
class Parcel:
    """What an attempt sends, and where."""

    url: str
    body: bytes
    headers: Mapping[str, str]
    kind: OrganisationKind


def wake(session: WriteSession, queue: Queue, webhook_id: str) -> None:
    """See to it that the webhook's oldest message is attempted when it is due."""
    message = repository.next_of(session, webhook_id)
    if message is None:
        return
    number = message.attempts + 1
    due = message.next_attempt_at
    delay = due - session.now() if due and due > session.now() else None
    key = f"{message.id}:{number}"
    queue.enqueue(session, TASK, message.id, str(number), key=key, delay=delay)


def parcel(
    session: ReadSession, actor: Actor, keys: Keys, *, delivery_id: str, number: int
) -> Parcel | None:
    """Return what attempt `number` sends; None where it is not due, or not any more."""
    message = repository.delivery(session, actor, delivery_id)
    if message is None or not _is_due(message, number):
        return None
    webhook = session.get_one(Webhook, message.webhook_id)
    signed = signing.headers(
        keys, webhook, message_id=message.id, body=message.body, now=session.now()
    )
    headers = {"content-type": "application/json", "user-agent": "Vigil-Webhooks/1", **signed}
    owner = session.get_one(Organisation, webhook.organisation_id)
    return Parcel(webhook.url, message.body.encode(), headers, owner.kind)


def note(
    session: WriteSession,
    actor: Actor,
    queue: Queue,
    *,
    delivery_id: str,
    number: int,
    answer: Answer,
) -> None:
    """Note how attempt `number` went; then the next attempt, or the next message, has its turn."""
    found = repository.delivery(session, actor, delivery_id)
    webhook = repository.locked(session, actor, found.webhook_id) if found else None
    if found is None or webhook is None:
        return
    session.refresh(found)
    if not _is_due(found, number):
        return
    found.attempts, found.last_status = number, answer.status
    found.last_error = answer.cause.sentence if answer.cause else None
    found.refusals = found.refusals + 1 if answer.cause is Cause.REFUSED else 0
    found.next_attempt_at = None
    if answer.cause is None:
        found.state, found.delivered_at = MessageState.DELIVERED, session.now()
    else:
        _wait_or_die(session, actor, found)
    session.add(found)
    session.flush()
    if answer.cause is Cause.GONE:
        end(session, actor, webhook, answer.cause.sentence)
    wake(session, queue, webhook.id)


def end(session: WriteSession, actor: Actor, webhook: Webhook, reason: str) -> None:
    """Send nothing more; what was still to be sent never will be."""
    webhook.active = False
    webhook.ended_at, webhook.ended_reason = session.now(), reason
    session.add(webhook)
    session.flush()
    session.execute(
        sa.update(WebhookDelivery)
        .where(
            col(WebhookDelivery.webhook_id) == webhook.id,
            col(WebhookDelivery.state) == MessageState.PENDING,
        )
        .values(state=MessageState.DEAD, last_error=_ENDED, next_attempt_at=None)
        .execution_options(synchronize_session="fetch")
    )
    audit.record(session, actor, "registry:webhook:end", webhook.id, reason)


def _is_due(message: WebhookDelivery, number: int) -> bool:
    return message.state is MessageState.PENDING and message.attempts == number - 1


def _wait_or_die(session: WriteSession, actor: Actor, message: WebhookDelivery) -> None:
    if is_set_aside(message.refusals, repository.aside(session, message.webhook_id)):
        message.last_error = f"{message.last_error} {_ASIDE.format(message.refusals)}"
    else:
        message.next_attempt_at = next_attempt_at(
            message.id,
            attempts=message.attempts - message.attempts_before_retry,
            since=message.since,
            now=session.now(),
        )
    if message.next_attempt_at is None:
        message.state = MessageState.DEAD
        reason = message.last_error or ""
        audit.record(
            session, actor, "registry:webhook_delivery:die", message.id, reason,
            status=message.last_status, attempts=message.attempts, refusals=message.refusals,
        )  # fmt: skip
