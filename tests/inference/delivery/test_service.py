"""Planning, retrying and giving up deliveries."""

from datetime import timedelta
from typing import Any

import pytest
from factories.identity import SETUP, create_person, create_site
from factories.nodes import create_node
from factories.results import keep_result
from factories.runs import Finished, create_run

from inference.delivery import attempts, repository, service
from inference.delivery.backoff import Backoff
from inference.delivery.errors import Discarded, NotDead, UnknownDelivery
from inference.delivery.models import Cause, Delivery, DeliveryState, Failure
from inference.delivery.scu import Sent
from inference.runs.models import RunMode
from model_registry.deployments.models import Deployment, Mode
from model_registry.nodes import service as nodes
from vigil.kernel.db import Database
from vigil.kernel.errors import Forbidden, Invalid
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Role
from vigil.kernel.objects import LocalObjectStore
from vigil.kernel.parts import Parts

BACKOFF = Backoff(timedelta(seconds=10), timedelta(seconds=60), 3)
DELIVERED = Sent(status=0)


def finished_run(parts: Parts, **options: Any) -> Finished:
    """A finished run at a site with one destination."""
    with parts.database.write() as session:
        site = create_site(session)
        create_node(session, site.id, "PACS", is_source=False, is_destination=True)
        return create_run(session, parts.objects, site.id, **options)  # type: ignore[arg-type]


def plan(parts: Parts, finished: Finished) -> list[Delivery]:
    result = keep_result(parts, finished.run)
    with parts.database.write() as session:
        return service.plan(session, SETUP, parts, finished.run.id, [result])


def note(parts: Parts, delivery: Delivery, number: int, sent: Sent) -> Delivery:
    with parts.database.write() as session:
        return attempts.note(
            session,
            SETUP,
            parts.queue,
            BACKOFF,
            delivery_id=delivery.id,
            number=number,
            sent=sent,
        )


def dead(parts: Parts, cause: Cause = Cause.NOT_RECOGNISED) -> Delivery:
    return note(parts, plan(parts, finished_run(parts))[0], 1, Sent(cause=cause))


def operator(parts: Parts, organisation: str = "RXX", role: Role = Role.OPERATOR) -> Actor:
    with parts.database.write() as session:
        return create_person(session, organisation, role)


def test_each_destination_gets_one_delivery_and_one_task(parts: Parts, queue: Any) -> None:
    finished = finished_run(parts)
    with parts.database.write() as session:
        create_node(session, finished.run.site_id, "ARCHIVE", is_source=False, is_destination=True)

    planned = plan(parts, finished)

    assert len({delivery.node_id for delivery in planned}) == 2
    assert [item.task for item in queue.enqueued] == ["deliveries.attempt"] * 2
    assert [item.key for item in queue.enqueued] == [f"{one.id}/1" for one in planned]


def test_planning_again_plans_nothing(parts: Parts, queue: Any) -> None:
    finished = finished_run(parts)

    assert len(plan(parts, finished)) == 1
    assert plan(parts, finished) == []
    assert len(queue.enqueued) == 1


def test_a_shadow_run_is_sent_nowhere(parts: Parts, queue: Any) -> None:
    assert plan(parts, finished_run(parts, mode=RunMode.SHADOW)) == []
    assert queue.enqueued == []


@pytest.mark.parametrize("mode", [Mode.SHADOW, Mode.SUSPENDED])
def test_a_deployment_taken_back_meanwhile_sends_nothing(parts: Parts, mode: Mode) -> None:
    finished = finished_run(parts)
    _change(parts.database, finished, mode=mode)

    assert plan(parts, finished) == []


@pytest.mark.parametrize(("share", "sent"), [(0, 0), (100, 1)])
def test_a_canary_sends_for_its_share_only(parts: Parts, share: int, sent: int) -> None:
    finished = finished_run(parts, mode=RunMode.CANARY)
    _change(parts.database, finished, share=share)

    assert len(plan(parts, finished)) == sent


def test_another_sites_destination_gets_nothing(parts: Parts, objects: LocalObjectStore) -> None:
    with parts.database.write() as session:
        other = create_site(session, "RYY01")
        create_node(session, other.id, "PACS", is_source=False, is_destination=True)
        finished = create_run(session, objects, create_site(session).id)

    assert plan(parts, finished) == []


def test_delivered_is_final(parts: Parts) -> None:
    delivery = note(parts, plan(parts, finished_run(parts))[0], 1, DELIVERED)

    assert delivery.state is DeliveryState.DELIVERED
    later = note(parts, delivery, 2, Sent(cause=Cause.UNREACHABLE))
    assert later.state is DeliveryState.DELIVERED
    assert later.attempts == 1


def test_a_warning_is_delivered_and_its_status_kept(parts: Parts) -> None:
    delivery = note(parts, plan(parts, finished_run(parts))[0], 1, Sent(status=0xB000))

    assert delivery.state is DeliveryState.DELIVERED
    assert delivery.last_status == 0xB000


def test_a_passing_failure_is_tried_again_after_a_growing_wait(parts: Parts, queue: Any) -> None:
    delivery = plan(parts, finished_run(parts))[0]

    for number in (1, 2):
        delivery = note(parts, delivery, number, Sent(cause=Cause.UNREACHABLE))
        assert delivery.state is DeliveryState.PENDING
        assert delivery.failure is Failure.TRANSIENT

    assert [item.delay for item in queue.enqueued] == [
        None,
        timedelta(seconds=10),
        timedelta(seconds=20),
    ]
    assert [item.key for item in queue.enqueued] == [f"{delivery.id}/{n}" for n in (1, 2, 3)]


def test_the_last_attempt_ends_in_the_dead_letters(parts: Parts, queue: Any) -> None:
    delivery = plan(parts, finished_run(parts))[0]

    for number in (1, 2, 3):
        delivery = note(parts, delivery, number, Sent(cause=Cause.UNREACHABLE))

    assert delivery.state is DeliveryState.DEAD
    assert len(queue.enqueued) == 3


def test_a_permanent_refusal_is_dead_at_once(parts: Parts, queue: Any) -> None:
    delivery = dead(parts)

    assert (delivery.state, delivery.failure) == (DeliveryState.DEAD, Failure.PERMANENT)
    assert delivery.attempts == 1
    assert len(queue.enqueued) == 1


def test_an_attempt_noted_twice_counts_once(parts: Parts, queue: Any) -> None:
    delivery = plan(parts, finished_run(parts))[0]

    note(parts, delivery, 1, Sent(cause=Cause.BUSY))
    note(parts, delivery, 1, Sent(cause=Cause.BUSY))

    with parts.database.read() as session:
        assert len(service.attempts(session, SETUP, delivery.id)) == 1
    assert len(queue.enqueued) == 2


def test_an_attempt_that_is_not_due_has_nothing_to_send(parts: Parts) -> None:
    delivery = plan(parts, finished_run(parts))[0]
    with parts.database.read() as session:
        assert attempts.parcel(session, SETUP, delivery_id=delivery.id, number=1)
        assert attempts.parcel(session, SETUP, delivery_id=delivery.id, number=2) is None
    note(parts, delivery, 1, DELIVERED)

    with parts.database.read() as session:
        assert attempts.parcel(session, SETUP, delivery_id=delivery.id, number=1) is None


def test_a_retired_destination_has_no_address_any_more(parts: Parts) -> None:
    delivery = plan(parts, finished_run(parts))[0]
    with parts.database.write() as session:
        nodes.retire_node(session, SETUP, node_id=delivery.node_id, reason="moved")

    with parts.database.read() as session:
        parcel = attempts.parcel(session, SETUP, delivery_id=delivery.id, number=1)

    assert parcel is not None
    assert parcel.peer is None


def test_a_dead_delivery_is_put_back_with_all_its_attempts(parts: Parts, queue: Any) -> None:
    delivery, actor = dead(parts), operator(parts)

    with parts.database.write() as session:
        again = service.retry(
            session, actor, parts.queue, delivery_id=delivery.id, reason="the PACS knows us now"
        )

    assert again.state is DeliveryState.PENDING
    assert queue.enqueued[-1].key == f"{delivery.id}/2"
    assert note(parts, again, 2, Sent(cause=Cause.BUSY)).state is DeliveryState.PENDING
    assert queue.enqueued[-1].delay == timedelta(seconds=10)
    assert note(parts, again, 3, DELIVERED).state is DeliveryState.DELIVERED


def test_what_is_not_dead_cannot_be_put_back(parts: Parts) -> None:
    delivery, actor = plan(parts, finished_run(parts))[0], operator(parts)

    with pytest.raises(NotDead), parts.database.write() as session:
        service.retry(session, actor, parts.queue, delivery_id=delivery.id, reason="again")


def test_all_that_died_of_one_cause_is_put_back_at_once(parts: Parts) -> None:
    delivery, actor = dead(parts), operator(parts)

    with parts.database.write() as session:
        assert not service.retry_all(
            session, actor, parts.queue, reason="up again", cause=Cause.UNREACHABLE
        )
        again = service.retry_all(
            session, actor, parts.queue, reason="known now", cause=Cause.NOT_RECOGNISED
        )

    assert [one.id for one in again] == [delivery.id]


def test_what_is_given_up_leaves_the_dead_and_stays_given_up(parts: Parts) -> None:
    delivery, actor = dead(parts), operator(parts)
    with parts.database.write() as session:
        service.discard(session, actor, delivery_id=delivery.id, reason="study was withdrawn")

    with parts.database.read() as session:
        assert service.deliveries(session, actor, state=DeliveryState.DEAD) == []
        assert service.backlog(session, actor) == []
    with pytest.raises(Discarded), parts.database.write() as session:
        service.retry(session, actor, parts.queue, delivery_id=delivery.id, reason="again")


def test_giving_up_needs_a_reason(parts: Parts) -> None:
    delivery, actor = dead(parts), operator(parts)

    with pytest.raises(Invalid), parts.database.write() as session:
        service.discard(session, actor, delivery_id=delivery.id, reason=" ")


def test_the_backlog_is_counted_by_cause(parts: Parts) -> None:
    delivery = dead(parts)

    with parts.database.read() as session:
        rows = service.backlog(session, SETUP)

    assert [(row.state, row.cause, row.count) for row in rows] == [
        (DeliveryState.DEAD, Cause.NOT_RECOGNISED, 1)
    ]
    assert rows[0].oldest_at == delivery.created_at


def test_another_site_neither_sees_nor_retries(parts: Parts) -> None:
    delivery = dead(parts)
    with parts.database.write() as session:
        create_site(session, "RYY01")
    stranger = operator(parts, "RYY")

    with parts.database.read() as session:
        assert service.deliveries(session, stranger) == []
    with pytest.raises(UnknownDelivery), parts.database.write() as session:
        service.retry(session, stranger, parts.queue, delivery_id=delivery.id, reason="mine")
    with parts.database.write() as session:
        assert service.retry_all(session, stranger, parts.queue, reason="all") == []


def test_a_reader_may_look_but_not_retry(parts: Parts) -> None:
    delivery, reader = dead(parts), operator(parts, role=Role.READER)

    with parts.database.read() as session:
        assert len(service.deliveries(session, reader)) == 1
    with pytest.raises(Forbidden), parts.database.write() as session:
        service.retry(session, reader, parts.queue, delivery_id=delivery.id, reason="please")


def _change(database: Database, finished: Finished, **changes: Any) -> None:
    with database.write() as session:
        deployment = session.get_one(Deployment, finished.deployment.id)
        for name, value in changes.items():
            setattr(deployment, name, value)
        session.add(deployment)


def test_both_databases_take_the_same_course(
    database: Database, parts: Parts, objects: LocalObjectStore
) -> None:
    """Locks, enums and partial indexes differ between SQLite and PostgreSQL."""
    with database.write() as session:
        site = create_site(session)
        create_node(session, site.id, "PACS", is_source=False, is_destination=True)
        finished = create_run(session, objects, site.id)
    on_this = Parts(
        parts.settings,
        database,
        parts.objects,
        parts.keys,
        parts.events,
        parts.queue,
        parts.metrics,
    )
    delivery = plan(on_this, finished)[0]
    note(on_this, delivery, 1, Sent(cause=Cause.REFUSED))
    with database.write() as session:
        service.retry_all(session, SETUP, parts.queue, reason="again")
    note(on_this, delivery, 2, DELIVERED)

    with database.read() as session:
        found = repository.delivery(session, SETUP, delivery.id)
        assert found is not None
        assert found.state is DeliveryState.DELIVERED
        assert [one.number for one in service.attempts(session, SETUP, delivery.id)] == [1, 2]
