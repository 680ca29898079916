"""Plan deliveries, and let people look, retry or give up what is dead."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from inference.delivery import repository
from inference.delivery.errors import Discarded, NotDead, UnknownDelivery
from inference.delivery.models import Cause, Delivery, DeliveryAttempt, DeliveryState
from inference.results.models import Result
from inference.runs.models import Priority, Run, RunMode
from model_registry.deployments.models import Mode
from model_registry.deployments.share import in_canary
from model_registry.nodes import repository as nodes
from model_registry.stops import service as stops
from vigil.kernel.audit import service as audit
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.engine.queue import Queue
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.keys import Keys
from vigil.kernel.parts import Parts

TASK = "deliveries.attempt"
_TAKEN_BACK = {Mode.SHADOW: "in shadow", Mode.SUSPENDED: "suspended"}
QUEUE_PRIORITY = {Priority.STAT: 1, Priority.ROUTINE: 5, Priority.OFF_PEAK: 9}


@dataclass(frozen=True)
class Backlog:
    """So many deliveries that have not arrived, for one cause, the oldest of them this old."""

    state: DeliveryState
    cause: Cause | None
    count: int
    oldest_at: datetime


def plan(
    session: WriteSession,
    actor: Actor,
    parts: Parts,
    run_id: str,
    results: Sequence[Result],
) -> list[Delivery]:
    """Plan one delivery for each result and destination, where readers are to see the run.

    Planning again plans what is missing: nothing is planned twice.
    """
    run = repository.run(session, actor, run_id)
    if not results or not is_shown(session, actor, parts.keys, run):
        return []
    destinations = nodes.destinations_of(session, actor, run.site_id)
    planned: list[Delivery] = []
    for result in results:
        present = {one.node_id for one in repository.of_result(session, actor, result.id)}
        missing = [node.id for node in destinations if node.id not in present]
        planned += [_planned(session, run, result, node_id) for node_id in missing]
    session.flush()
    for delivery in planned:
        enqueue(session, parts.queue, delivery)
    reason = "for the readers" if destinations else "the site has no active destination"
    audit.record(
        session, actor, "inference:delivery:plan", run.id, reason,
        deliveries=[delivery.id for delivery in planned],
    )  # fmt: skip
    return planned


def retry(
    session: WriteSession, actor: Actor, queue: Queue, *, delivery_id: str, reason: str
) -> Delivery:
    """Put a dead delivery back, with as many attempts as a new one has.

    Raises:
        NotDead: it is under way, or delivered.
        Discarded: somebody gave it up.
    """
    delivery = locked(session, actor, delivery_id)
    actor.require(Permission.QUEUE_RETRY, delivery.site_id)
    _require_dead(delivery)
    _revive(session, actor, queue, delivery, reason)
    return delivery


def retry_all(
    session: WriteSession,
    actor: Actor,
    queue: Queue,
    *,
    reason: str,
    cause: Cause | None = None,
    node_id: str | None = None,
) -> list[Delivery]:
    """Put back every dead delivery that died of one cause, or at one destination."""
    actor.require(Permission.QUEUE_RETRY)
    dead = repository.locked_dead(session, actor, cause=cause, node_id=node_id)
    mine = [one for one in dead if actor.may(Permission.QUEUE_RETRY, one.site_id)]
    for delivery in mine:
        _revive(session, actor, queue, delivery, reason)
    return mine


def discard(session: WriteSession, actor: Actor, *, delivery_id: str, reason: str) -> Delivery:
    """Give a delivery up: it is not sent any more and leaves the list of dead ones."""
    delivery = locked(session, actor, delivery_id)
    actor.require(Permission.QUEUE_RETRY, delivery.site_id)
    if delivery.state is DeliveryState.DELIVERED:
        raise NotDead("It was delivered; that cannot be taken back.")
    if delivery.discarded_at is not None:
        raise Discarded("It was discarded before.")
    delivery.state, delivery.discarded_at = DeliveryState.DEAD, session.now()
    delivery.next_attempt_at = None
    session.add(delivery)
    session.flush()
    audit.record(session, actor, "inference:delivery:discard", delivery.id, reason)
    return delivery


def deliveries(
    session: ReadSession,
    actor: Actor,
    *,
    state: DeliveryState | None = None,
    run_id: str | None = None,
    after: str | None = None,
    limit: int = 100,
) -> Sequence[Delivery]:
    actor.require(Permission.STUDY_READ)
    return repository.deliveries(
        session, actor, state=state, run_id=run_id, after=after, limit=limit
    )


def delivery(session: ReadSession, actor: Actor, delivery_id: str) -> Delivery:
    actor.require(Permission.STUDY_READ)
    found = repository.delivery(session, actor, delivery_id)
    if found is None:
        raise UnknownDelivery("No delivery has this id, or it belongs to another site.")
    return found


def attempts(session: ReadSession, actor: Actor, delivery_id: str) -> Sequence[DeliveryAttempt]:
    return repository.attempts(session, actor, delivery(session, actor, delivery_id).id)


def backlog(session: ReadSession, actor: Actor) -> list[Backlog]:
    """Return what has not arrived: what an operator watches and an alarm is bound to."""
    actor.require(Permission.STUDY_READ)
    return [Backlog(*row) for row in repository.backlog(session, actor)]


def is_shown(session: ReadSession, actor: Actor, keys: Keys, run: Run) -> bool:
    if run.mode is RunMode.SHADOW:
        return False
    if withheld(session, actor, run) is not None:
        return False
    if run.mode is RunMode.LIVE:
        return True
    deployment = repository.deployment(session, actor, run.deployment_id)
    return in_canary(keys, repository.patient_pseudonym(session, actor, run.study_id), deployment)


def withheld(session: ReadSession, actor: Actor, run: Run) -> str | None:
    """Return why a run's results may reach no reader now, if that is so.

    What was stopped or taken back for safety while it was under way is kept, and not sent.
    """
    deployment = repository.deployment(session, actor, run.deployment_id)
    if deployment.mode in (Mode.SHADOW, Mode.SUSPENDED):
        return f"the deployment is {_TAKEN_BACK[deployment.mode]} (deployment {deployment.id})"
    stop = stops.active_stop(session, site_id=run.site_id, model_id=deployment.model_id)
    return stop.sentence if stop else None


def _planned(session: WriteSession, run: Run, result: Result, node_id: str) -> Delivery:
    delivery = Delivery(
        id=session.new_id("dlv"),
        result_id=result.id,
        run_id=run.id,
        site_id=run.site_id,
        node_id=node_id,
        priority=QUEUE_PRIORITY[run.priority],
        created_at=session.now(),
        next_attempt_at=session.now(),
    )
    session.add(delivery)
    return delivery


def locked(session: WriteSession, actor: Actor, delivery_id: str) -> Delivery:
    found = repository.locked(session, actor, delivery_id)
    if found is None:
        raise UnknownDelivery("No delivery has this id, or it belongs to another site.")
    return found


def _require_dead(delivery: Delivery) -> None:
    if delivery.discarded_at is not None:
        raise Discarded("It was discarded and is not sent any more.")
    if delivery.state is not DeliveryState.DEAD:
        raise NotDead(f"It is {delivery.state}.")


def _revive(
    session: WriteSession, actor: Actor, queue: Queue, delivery: Delivery, reason: str
) -> None:
    delivery.state = DeliveryState.PENDING
    delivery.attempts_before_retry = delivery.attempts
    delivery.next_attempt_at = session.now()
    session.add(delivery)
    session.flush()
    enqueue(session, queue, delivery)
    audit.record(session, actor, "inference:delivery:retry", delivery.id, reason)


def enqueue(
    session: WriteSession, queue: Queue, delivery: Delivery, delay: timedelta | None = None
) -> None:
    number = str(delivery.attempts + 1)
    queue.enqueue(
        session,
        TASK,
        delivery.id,
        number,
        key=f"{delivery.id}/{number}",
        priority=delivery.priority,
        partition=delivery.node_id,
        delay=delay,
    )
