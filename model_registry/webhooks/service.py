"""Add a webhook, change its secret, try it, send again, end it.

A webhook is its whole organisation's: who may only act at one site cannot make one, since it would
tell of the others.
"""

from collections.abc import Sequence
from urllib.parse import urlsplit

from model_registry.webhooks import delivering, messages, repository, signing
from model_registry.webhooks.addresses import HostsFor
from model_registry.webhooks.catalogue import PING, names
from model_registry.webhooks.errors import (
    BadWebhook,
    NotFinished,
    NothingDead,
    UnknownDelivery,
    UnknownWebhook,
    WebhookEnded,
)
from model_registry.webhooks.models import MessageState, Webhook, WebhookDelivery
from vigil.kernel.audit import service as audit
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.engine.queue import Queue
from vigil.kernel.errors import Fault, Forbidden
from vigil.kernel.identity import repository as identity
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import Organisation
from vigil.kernel.identity.roles import PERMISSIONS, Permission
from vigil.kernel.keys import Keys

MAX_TOPICS = 50
MAX_WEBHOOKS = 20
MAX_DESCRIPTION = 200


def add(
    session: WriteSession,
    actor: Actor,
    keys: Keys,
    hosts: HostsFor,
    *,
    url: str,
    topics: Sequence[str],
    description: str,
    reason: str,
    organisation: str | None = None,
) -> tuple[Webhook, str]:
    """Add a webhook for the actor's organisation; return it with its secret, told this once.

    `organisation` is an ODS code, which only the network and Vigil itself may name.

    Raises:
        BadWebhook: the address, a topic or the organisation cannot be used.
    """
    require(actor)
    owner = _owner(session, actor, organisation)
    faults = _topic_faults(topics)
    try:
        hosts[owner.kind].check(url)
    except BadWebhook as bad:
        faults += bad.faults
    if len(description.strip()) > MAX_DESCRIPTION:
        remedy = f"Use at most {MAX_DESCRIPTION} characters"
        faults.append(Fault("description", "too long", remedy))
    if len([one for one in repository.of_organisation(session, owner.id) if one.active]) >= (
        MAX_WEBHOOKS
    ):
        remedy = "End one that is not used any more"
        faults.append(Fault("url", f"the organisation has {MAX_WEBHOOKS} webhooks", remedy))
    if faults:
        raise BadWebhook.because(faults)
    webhook = Webhook(
        id=session.new_id("whk"),
        organisation_id=owner.id,
        url=url,
        topics=list(topics),
        description=description.strip(),
        cursor=repository.head(session),
        created_by=actor.id,
        created_at=session.now(),
    )
    session.add(webhook)
    session.flush()
    audit.record(
        session, actor, "registry:webhook:add", webhook.id, reason,
        host=urlsplit(url).hostname, topics=list(topics), owner=owner.id,
    )  # fmt: skip
    return webhook, signing.secret(keys, webhook)


def end(session: WriteSession, actor: Actor, *, webhook_id: str, reason: str) -> Webhook:
    """Send nothing more to a webhook; its messages stay on record."""
    webhook = _active(session, actor, webhook_id)
    delivering.end(session, actor, webhook, reason)
    return webhook


def rotate(
    session: WriteSession, actor: Actor, keys: Keys, *, webhook_id: str, reason: str
) -> tuple[Webhook, str]:
    """Give a webhook a new secret; for a day the one before it signs every message too."""
    webhook = _active(session, actor, webhook_id)
    webhook.secret_number += 1
    webhook.previous_until = session.now() + signing.OVERLAP
    session.add(webhook)
    session.flush()
    audit.record(
        session, actor, "registry:webhook:rotate", webhook.id, reason, number=webhook.secret_number
    )
    return webhook, signing.secret(keys, webhook)


def ping(session: WriteSession, actor: Actor, queue: Queue, *, webhook_id: str) -> WebhookDelivery:
    """Send a message that tells of nothing, after those that still wait."""
    webhook = _active(session, actor, webhook_id)
    message_id = session.new_id("whd")
    message = WebhookDelivery(
        id=message_id,
        webhook_id=webhook.id,
        position=repository.head(session),
        topic=PING,
        body=messages.ping(message_id, session.now().isoformat()),
        created_at=session.now(),
        since=session.now(),
    )
    session.add(message)
    session.flush()
    reason = "to see whether it arrives"
    audit.record(session, actor, "registry:webhook:test", webhook.id, reason, message=message.id)
    delivering.wake(session, queue, webhook.id)
    return message


def redeliver(
    session: WriteSession, actor: Actor, queue: Queue, *, delivery_id: str, reason: str
) -> WebhookDelivery:
    """Send a message once more, with a day of attempts, whether it had arrived or not.

    Raises:
        NotFinished: it is still being tried.
    """
    require(actor)
    message = delivery(session, actor, delivery_id)
    _active(session, actor, message.webhook_id)
    session.refresh(message)
    if message.state is MessageState.PENDING:
        raise NotFinished("It is still being tried; there is nothing to do.")
    _put_back(session, actor, message, reason)
    delivering.wake(session, queue, message.webhook_id)
    return message


def redeliver_dead(
    session: WriteSession, actor: Actor, queue: Queue, *, webhook_id: str, reason: str
) -> int:
    """Send all that was given up once more, oldest first; return how many messages that is.

    Raises:
        NothingDead: nothing was given up.
    """
    found = _active(session, actor, webhook_id)
    messages_given_up = repository.dead(session, found.id)
    if not messages_given_up:
        raise NothingDead("No message was given up; there is nothing to send again.")
    for message in messages_given_up:
        _put_back(session, actor, message, reason)
    delivering.wake(session, queue, found.id)
    return len(messages_given_up)


def webhook(session: ReadSession, actor: Actor, webhook_id: str) -> Webhook:
    require(actor)
    found = repository.webhook(session, actor, webhook_id)
    if found is None:
        raise UnknownWebhook("No webhook has this id, or it belongs to another organisation.")
    return found


def webhooks(
    session: ReadSession, actor: Actor, *, after: str | None = None, limit: int | None = None
) -> Sequence[Webhook]:
    require(actor)
    return repository.webhooks(session, actor, after=after, limit=limit)


def deliveries(
    session: ReadSession,
    actor: Actor,
    *,
    webhook_id: str,
    after: str | None = None,
    limit: int | None = None,
) -> Sequence[WebhookDelivery]:
    found = webhook(session, actor, webhook_id)
    return repository.deliveries(session, actor, webhook_id=found.id, after=after, limit=limit)


def delivery(session: ReadSession, actor: Actor, delivery_id: str) -> WebhookDelivery:
    require(actor)
    found = repository.delivery(session, actor, delivery_id)
    if found is None:
        raise UnknownDelivery("No message has this id, or it belongs to another organisation.")
    return found


def require(actor: Actor) -> None:
    """Go on only if the actor may handle the webhooks of its whole organisation.

    Raises:
        Forbidden: it may not, or at one site only.
    """
    actor.require(Permission.WEBHOOK_WRITE)
    everywhere = any(
        grant.site_id is None and Permission.WEBHOOK_WRITE in PERMISSIONS[grant.role]
        for grant in actor.grants
    )
    if not (actor.is_system or everywhere):
        raise Forbidden("A webhook tells of all sites of its organisation. Ask who acts for all.")


def _active(session: WriteSession, actor: Actor, webhook_id: str) -> Webhook:
    require(actor)
    found = repository.locked(session, actor, webhook_id)
    if found is None:
        raise UnknownWebhook("No webhook has this id, or it belongs to another organisation.")
    if not found.active:
        raise WebhookEnded(f"It was ended: {found.ended_reason} Add another one.")
    return found


def _put_back(session: WriteSession, actor: Actor, message: WebhookDelivery, reason: str) -> None:
    message.state, message.since = MessageState.PENDING, session.now()
    message.attempts_before_retry, message.refusals = message.attempts, 0
    message.delivered_at = message.next_attempt_at = None
    session.add(message)
    session.flush()
    audit.record(session, actor, "registry:webhook_delivery:redeliver", message.id, reason)


def _owner(session: ReadSession, actor: Actor, code: str | None) -> Organisation:
    if code is None and actor.organisation_id is not None:
        found = identity.organisation(session, actor.organisation_id)
    else:
        found = identity.organisation_by_code(session, code or "")
    if found is None:
        fault = Fault("organisation", "not known", "Give the ODS code of an organisation")
        raise BadWebhook.because([fault])
    is_network = actor.sites is None and actor.supplier_id is None
    if found.id != actor.organisation_id and not is_network:
        raise Forbidden("A webhook is made for one's own organisation.")
    return found


def _topic_faults(topics: Sequence[str]) -> list[Fault]:
    remedy = "Name topics of docs/webhooks.md, or patterns such as deployment.*"
    if not 1 <= len(topics) <= MAX_TOPICS:
        return [Fault("topics", f"{len(topics)} of them", remedy)]
    unknown = [topic for topic in topics if not names(topic)]
    return [Fault("topics", f"{topic[:100]} stands for nothing", remedy) for topic in unknown]
