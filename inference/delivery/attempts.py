"""One attempt at a delivery: what it sends, and what follows from how it went.

An attempt is at least once: the object has one UID and one content for ever, so a destination that
gets it twice has it once. What is delivered is final (docs/adr/0010-results-and-delivery.md).
What is stopped meanwhile is held and looked at again, and uses up no attempt.
"""

from dataclasses import dataclass
from datetime import timedelta

from inference.delivery import repository
from inference.delivery.backoff import Backoff
from inference.delivery.models import Cause, Delivery, DeliveryAttempt, DeliveryState, Failure
from inference.delivery.scu import Peer, Sent
from inference.delivery.service import enqueue, locked, withheld
from vigil.kernel.audit import service as audit
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.engine.queue import Queue
from vigil.kernel.identity.actor import Actor

# How soon after a stop is lifted what it held goes out, at the latest.
HOLD = timedelta(minutes=5)


@dataclass(frozen=True)
class Parcel:
    """What an attempt sends, and where.

    Attributes:
        digest: the object.
        peer: the destination; None where it was retired.
        held: why it may not go out now, such as a stop that is in force.
    """

    digest: str
    peer: Peer | None
    held: str | None = None


def parcel(session: ReadSession, actor: Actor, *, delivery_id: str, number: int) -> Parcel | None:
    """Return what attempt `number` has to send; None where it is not due, or not any more."""
    delivery = repository.delivery(session, actor, delivery_id)
    if delivery is None or not _is_due(delivery, number):
        return None
    node = repository.node_of(session, actor, delivery)
    peer = Peer(node.ae_title, node.host, node.port)
    digest = repository.result_of(session, actor, delivery).digest
    held = withheld(session, actor, repository.run(session, actor, delivery.run_id))
    return Parcel(digest, peer if node.active else None, held)


def hold(
    session: WriteSession, actor: Actor, queue: Queue, *, delivery_id: str, number: int, why: str
) -> Delivery:
    """Send nothing now and look again later; the attempt is not counted against the delivery."""
    delivery = locked(session, actor, delivery_id)
    if not _is_due(delivery, number):
        return delivery
    if delivery.last_error != why:
        audit.record(session, actor, "inference:delivery:hold", delivery.id, why)
    # The number goes on, as it names the work in the queue; the waiting times begin anew.
    delivery.attempts = delivery.attempts_before_retry = number
    delivery.last_error, delivery.next_attempt_at = why, session.now() + HOLD
    session.add(delivery)
    session.flush()
    enqueue(session, queue, delivery, HOLD)
    return delivery


def note(
    session: WriteSession,
    actor: Actor,
    queue: Queue,
    backoff: Backoff,
    *,
    delivery_id: str,
    number: int,
    sent: Sent,
) -> Delivery:
    """Note how attempt `number` went, and plan the next one or stop."""
    delivery = locked(session, actor, delivery_id)
    if delivery.state is DeliveryState.DELIVERED or delivery.attempts >= number:
        return delivery
    session.add(
        DeliveryAttempt(
            id=session.new_id("dat"),
            delivery_id=delivery.id,
            number=number,
            at=session.now(),
            status=sent.status,
            error=sent.cause.sentence if sent.cause else None,
        )
    )
    delivery.attempts, delivery.last_status = number, sent.status
    delivery.last_error = sent.cause.sentence if sent.cause else None
    delivery.cause = sent.cause
    delivery.failure = sent.cause.failure if sent.cause else None
    delivery.next_attempt_at = None
    if sent.cause is None:
        _deliver(session, actor, delivery)
    elif delivery.state is DeliveryState.PENDING:
        _wait_or_die(session, actor, queue, backoff, delivery, sent.cause)
    session.add(delivery)
    session.flush()
    return delivery


def _is_due(delivery: Delivery, number: int) -> bool:
    return delivery.state is DeliveryState.PENDING and delivery.attempts == number - 1


def _deliver(session: WriteSession, actor: Actor, delivery: Delivery) -> None:
    # Also where somebody discarded it meanwhile: the destination has it, and the row says so.
    delivery.state, delivery.delivered_at = DeliveryState.DELIVERED, session.now()
    delivery.discarded_at = None
    audit.record(
        session, actor, "inference:delivery:deliver", delivery.id, "the destination has it",
        status=delivery.last_status, attempts=delivery.attempts,
    )  # fmt: skip


def _wait_or_die(
    session: WriteSession,
    actor: Actor,
    queue: Queue,
    backoff: Backoff,
    delivery: Delivery,
    cause: Cause,
) -> None:
    delay = backoff.delay_after(delivery.attempts - delivery.attempts_before_retry)
    if cause.failure is Failure.TRANSIENT and delay is not None:
        delivery.next_attempt_at = session.now() + delay
        enqueue(session, queue, delivery, delay)
        return
    delivery.state = DeliveryState.DEAD
    audit.record(
        session, actor, "inference:delivery:die", delivery.id, cause.sentence,
        status=delivery.last_status, attempts=delivery.attempts,
    )  # fmt: skip
