"""From the audit to messages: what happened since is looked at once for each webhook.

The audit numbers its events under a lock and commits them in order, so that nobody can read event
n+1 before n: a cursor never passes an event that was still to come. A worker that dies here leaves
the cursor where it was, and webhook and event together are a unique key.
"""

from collections.abc import Sequence

from model_registry.webhooks import messages, repository, subjects
from model_registry.webhooks.catalogue import BY_TAG, wants
from model_registry.webhooks.delivering import wake
from model_registry.webhooks.models import Webhook, WebhookDelivery
from model_registry.webhooks.subjects import About
from vigil.kernel.audit.models import AuditEvent
from vigil.kernel.db import WriteSession
from vigil.kernel.identity.actor import system_actor
from vigil.kernel.identity.models import Organisation
from vigil.kernel.parts import Parts
from vigil.kernel.telemetry import logger

# Events passed in one transaction: it must not hold up who writes for longer than a moment.
BATCH = 2000
ACTOR = system_actor("webhooks")


def collect(parts: Parts) -> int:
    """Make the messages that are due from what happened since; return how many.

    Asked for at every tick of a worker: without news it is a few short queries, and no write.
    """
    with parts.database.read() as session:
        head = repository.head(session)
        behind = repository.behind(session, head)
        if not behind:
            return 0
        least = min(webhook.cursor for webhook in behind)
        has_news = bool(repository.events(session, after=least, to=min(head, least + BATCH)))
    if not has_news and head - least < BATCH:
        return 0
    return sum(_collect_safely(parts, webhook.id, head) for webhook in behind)


def _collect_safely(parts: Parts, webhook_id: str, head: int) -> int:
    try:
        return _collect(parts, webhook_id, head)
    except Exception as error:  # noqa: BLE001 - one webhook must not stop the next one
        logger("registry.webhooks").error("not collected", webhook=webhook_id, exc_info=error)
        return 0


def _collect(parts: Parts, webhook_id: str, head: int) -> int:
    with parts.database.write() as session:
        webhook = repository.locked(session, ACTOR, webhook_id)
        if webhook is None or not webhook.active:
            return 0
        organisation = session.get_one(Organisation, webhook.organisation_id)
        last = min(head, webhook.cursor + BATCH)
        # Nothing where the cursor is right; after a restore it may stand too far back.
        known = repository.told(session, webhook.id, after=webhook.cursor)
        told = [
            (event, about)
            for event in repository.events(session, after=webhook.cursor, to=last)
            if event.sequence not in known
            and wants(webhook.topics, BY_TAG[event.tag])
            and (about := subjects.of(session, event.subject)) is not None
            and subjects.may_hear(session, organisation, about)
        ]
        webhook.cursor = last
        session.add(webhook)
        _tell(session, parts, webhook, told)
    return len(told)


def _tell(
    session: WriteSession,
    parts: Parts,
    webhook: Webhook,
    told: Sequence[tuple[AuditEvent, About]],
) -> None:
    for event, about in told:
        message_id = session.new_id("whd")
        text = messages.body(
            session,
            message_id=message_id,
            event=event,
            topic=BY_TAG[event.tag],
            about=about,
            address=parts.settings.url,
        )
        session.add(
            WebhookDelivery(
                id=message_id,
                webhook_id=webhook.id,
                sequence=event.sequence,
                position=event.sequence,
                topic=BY_TAG[event.tag].name,
                body=text,
                created_at=session.now(),
                since=session.now(),
            )
        )
    session.flush()
    if told:
        wake(session, parts.queue, webhook.id)
