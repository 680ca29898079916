"""An attempt as the worker does it, up to a real archive."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from factories.identity import SETUP, create_site
from factories.nodes import create_node
from factories.results import keep_result
from factories.runs import create_run

from inference.delivery import service
from inference.delivery.backoff import Backoff
from inference.delivery.models import Cause, Delivery, DeliveryState, Failure
from inference.delivery.scu import DicomSender, Peer, Sent
from inference.delivery.tasks import DeliveryTasks
from inference.results.models import Result
from vigil.kernel.db import Database
from vigil.kernel.parts import Parts

BACKOFF = Backoff(timedelta(seconds=10), timedelta(seconds=60), 3)
unclosed = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


@dataclass
class PlainSteps:
    """Does each step at once; forgets nothing only because nothing crashes."""

    database: Database

    def run(
        self,
        name: str,
        step: Callable[..., Any],
        *arguments: Any,
        attempts: int = 1,
        interval: float = 0,
    ) -> Any:
        return step(*arguments)

    def transact(
        self,
        name: str,
        step: Callable[..., Any],
        *arguments: Any,
        attempts: int = 1,
        interval: float = 0,
    ) -> Any:
        with self.database.write() as session:
            return step(session, *arguments)


@dataclass
class CountingSender:
    answer: Sent = field(default_factory=lambda: Sent(status=0))
    sent: list[bytes] = field(default_factory=list)

    def send(self, data: bytes, peer: Peer) -> Sent:
        self.sent.append(data)
        return self.answer


def planned(parts: Parts, peer: Peer) -> tuple[Result, Delivery]:
    with parts.database.write() as session:
        site = create_site(session)
        create_node(
            session,
            site.id,
            peer.ae_title,
            host=peer.host,
            port=peer.port,
            is_source=False,
            is_destination=True,
        )
        run = create_run(session, parts.objects, site.id).run  # type: ignore[arg-type]
    result = keep_result(parts, run)
    with parts.database.write() as session:
        return result, service.plan(session, SETUP, parts, run.id, [result])[0]


def state_of(parts: Parts, delivery: Delivery) -> Delivery:
    with parts.database.read() as session:
        return service.delivery(session, SETUP, delivery.id)


def test_the_bytes_that_were_made_are_sent(parts: Parts) -> None:
    result, delivery = planned(parts, Peer("PACS", "127.0.0.1", 104))
    sender = CountingSender()
    tasks = DeliveryTasks(parts, sender, BACKOFF)

    tasks.attempt(PlainSteps(parts.database), delivery.id, "1")

    assert sender.sent == [parts.objects.get(result.digest)]
    assert state_of(parts, delivery).state is DeliveryState.DELIVERED


def test_what_was_delivered_is_not_sent_again(parts: Parts) -> None:
    _, delivery = planned(parts, Peer("PACS", "127.0.0.1", 104))
    sender = CountingSender()
    tasks = DeliveryTasks(parts, sender, BACKOFF)

    for number in ("1", "1", "2"):
        tasks.attempt(PlainSteps(parts.database), delivery.id, number)

    assert len(sender.sent) == 1


def test_an_object_that_is_gone_is_dead_and_says_so(parts: Parts) -> None:
    result, delivery = planned(parts, Peer("PACS", "127.0.0.1", 104))
    parts.objects.path(result.digest).unlink()

    DeliveryTasks(parts, CountingSender(), BACKOFF).attempt(
        PlainSteps(parts.database), delivery.id, "1"
    )

    found = state_of(parts, delivery)
    assert (found.state, found.cause) == (DeliveryState.DEAD, Cause.MISSING)


@pytest.mark.server
def test_an_archive_lists_one_object_though_a_crash_sent_it_twice(
    parts: Parts, start_orthanc: Callable[..., Any]
) -> None:
    orthanc = start_orthanc()
    result, delivery = planned(parts, orthanc.peer)
    tasks = DeliveryTasks(parts, DicomSender("VIGIL", 10), BACKOFF)

    # The first worker died after it had sent and before it had noted so.
    tasks._send(delivery.id, "1")
    tasks.attempt(PlainSteps(parts.database), delivery.id, "1")

    assert orthanc.instances() == [result.sop_instance_uid]
    assert state_of(parts, delivery).state is DeliveryState.DELIVERED


@pytest.mark.server
def test_a_refused_title_is_a_dead_letter_at_once(
    parts: Parts, start_orthanc: Callable[..., Any], queue: Any
) -> None:
    orthanc = start_orthanc(DicomCheckCalledAet=True)
    _, delivery = planned(parts, Peer("SOMEBODY", "127.0.0.1", orthanc.peer.port))

    DeliveryTasks(parts, DicomSender("VIGIL", 10), BACKOFF).attempt(
        PlainSteps(parts.database), delivery.id, "1"
    )

    found = state_of(parts, delivery)
    assert (found.state, found.failure) == (DeliveryState.DEAD, Failure.PERMANENT)
    assert found.cause is Cause.NOT_RECOGNISED
    assert len(queue.enqueued) == 1


@pytest.mark.server
@unclosed
def test_a_stopped_destination_gets_it_once_it_is_up(
    parts: Parts, storescp: Any, queue: Any
) -> None:
    _, delivery = planned(parts, storescp.peer)
    tasks = DeliveryTasks(parts, DicomSender("VIGIL", 10), BACKOFF)

    tasks.attempt(PlainSteps(parts.database), delivery.id, "1")
    waiting = state_of(parts, delivery)
    assert (waiting.state, waiting.failure) == (DeliveryState.PENDING, Failure.TRANSIENT)
    assert queue.enqueued[-1].arguments == (delivery.id, "2")

    with storescp.up():
        tasks.attempt(PlainSteps(parts.database), *queue.enqueued[-1].arguments)

    assert state_of(parts, delivery).state is DeliveryState.DELIVERED
    assert len(storescp.received()) == 1


@pytest.mark.server
def test_a_destination_that_refuses_every_association_is_dead_at_once(
    parts: Parts, storescp: Any
) -> None:
    _, delivery = planned(parts, storescp.peer)

    with storescp.up("--refuse"):
        DeliveryTasks(parts, DicomSender("VIGIL", 10), BACKOFF).attempt(
            PlainSteps(parts.database), delivery.id, "1"
        )

    assert state_of(parts, delivery).state is DeliveryState.DEAD
