"""Messages on their way: in order, again and again for a day, and not for ever."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from conftest import FakeClock
from factories.identity import SETUP, create_organisation
from factories.webhooks import HERE, Receiver, create_webhook, message, pass_delays, work
from sqlmodel import select

from model_registry.webhooks import backoff, repository, service
from model_registry.webhooks.errors import NotFinished, NothingDead, WebhookEnded
from model_registry.webhooks.models import MessageState, Webhook
from model_registry.webhooks.sender import Cause, HttpSender
from vigil.kernel.audit.models import AuditEvent
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.parts import Parts


@pytest.fixture(autouse=True)
def _network(parts: Parts) -> None:
    with parts.database.write() as session:
        create_organisation(session, "NET", OrganisationKind.NETWORK)


def pings(parts: Parts, url: str, count: int = 1) -> tuple[Webhook, list[str]]:
    made: list[str] = []
    clock: Any = parts.database.clock
    with parts.database.write() as session:
        webhook, _ = create_webhook(session, parts, url)
    for _ in range(count):
        # What was made in the same millisecond has no order.
        clock.advance(0.001)
        with parts.database.write() as session:
            made.append(service.ping(session, SETUP, parts.queue, webhook_id=webhook.id).id)
    return webhook, made


def ids(receiver: Receiver) -> list[str]:
    return [got.headers["webhook-id"] for got in receiver.got]


def later(parts: Parts, clock: FakeClock, seconds: float) -> int:
    clock.advance(seconds)
    pass_delays(parts)
    return work(parts)


def test_messages_arrive_in_order_each_once(parts: Parts) -> None:
    with Receiver().up() as receiver:
        _, made = pings(parts, receiver.url, 5)
        assert work(parts) == 5
    assert ids(receiver) == made
    assert all(message(parts, one).state is MessageState.DELIVERED for one in made)


def test_a_failure_is_tried_again_with_the_same_id_and_bytes(
    parts: Parts, clock: FakeClock
) -> None:
    with Receiver([500, 503, 204]).up() as receiver:
        _, [made] = pings(parts, receiver.url)
        work(parts)
        first = message(parts, made)
        assert (first.state, first.attempts, first.last_status) == (MessageState.PENDING, 1, 500)
        assert first.last_error == Cause.FAILED.sentence
        assert first.next_attempt_at is not None
        assert timedelta(seconds=8) <= first.next_attempt_at - clock.now <= timedelta(seconds=12)
        later(parts, clock, 12)
        later(parts, clock, 60)

    assert len(receiver.got) == 3
    assert len({(got.headers["webhook-id"], got.body) for got in receiver.got}) == 1
    assert len({got.headers["webhook-signature"] for got in receiver.got}) == 3
    done = message(parts, made)
    assert (done.state, done.attempts, done.last_error) == (MessageState.DELIVERED, 3, None)


def test_the_next_waits_for_the_one_before(parts: Parts, clock: FakeClock) -> None:
    with Receiver([500, 204]).up() as receiver:
        _, made = pings(parts, receiver.url, 2)
        work(parts)
        assert ids(receiver) == [made[0]]
        later(parts, clock, 12)
    assert ids(receiver) == [made[0], *made]


def test_a_slow_receiver_holds_up_nobody_else(parts: Parts) -> None:
    with Receiver(drip=0.05).up() as slow, Receiver().up() as quick:
        _, held = pings(parts, slow.url, 3)
        _, made = pings(parts, quick.url, 2)
        work(parts, HttpSender(HERE, 1.5))
    assert ids(quick) == made
    assert ids(slow) == held[:1]
    assert message(parts, held[0]).last_error == Cause.NO_ANSWER.sentence


def test_after_a_day_a_message_is_given_up_and_the_next_has_its_turn(
    parts: Parts, clock: FakeClock
) -> None:
    with Receiver().up() as receiver:
        url = receiver.url
    _, made = pings(parts, url, 2)
    began, attempts = clock.now, 0
    work(parts)
    while message(parts, made[0]).state is MessageState.PENDING:
        waits_until = message(parts, made[0]).next_attempt_at
        assert waits_until is not None
        later(parts, clock, (waits_until - clock.now).total_seconds() + 1)
        attempts += 1
        assert attempts < 30

    dead = message(parts, made[0])
    assert (dead.state, dead.last_error) == (MessageState.DEAD, Cause.UNREACHABLE.sentence)
    assert 8 <= dead.attempts <= 16
    assert timedelta(hours=19) < clock.now - began <= timedelta(days=1)
    # The next one is of the same day: it is tried, and not for another day.
    second = message(parts, made[1])
    assert second.attempts == 1
    with parts.database.read() as session:
        [event] = session.exec(
            select(AuditEvent).where(AuditEvent.tag == "registry:webhook_delivery:die")
        ).all()
    assert event.subject == dead.id


def through(parts: Parts, clock: FakeClock, delivery_id: str, most: int = 30) -> int:
    """Wait from attempt to attempt until a message is not pending any more; return the waits."""
    work(parts)
    for number in range(most):
        if message(parts, delivery_id).state is not MessageState.PENDING:
            return number
        with parts.database.read() as session:
            waiting = repository.next_of(session, message(parts, delivery_id).webhook_id)
        assert waiting is not None
        assert waiting.next_attempt_at is not None
        later(parts, clock, (waiting.next_attempt_at - clock.now).total_seconds() + 1)
    return most


def test_a_message_that_is_refused_for_good_is_set_aside_and_the_next_go_on(
    parts: Parts, clock: FakeClock
) -> None:
    with Receiver([204, 422, 400, 422, 204]).up() as receiver:
        _, made = pings(parts, receiver.url, 4)
        began = clock.now
        assert through(parts, clock, made[1]) == 2
    assert ids(receiver) == [made[0], *[made[1]] * 3, *made[2:]]
    assert clock.now - began < timedelta(minutes=2)
    poisoned = message(parts, made[1])
    assert (poisoned.state, poisoned.refusals, poisoned.last_status) == (MessageState.DEAD, 3, 422)
    assert poisoned.last_error is not None
    assert "set aside after 3 refusals" in poisoned.last_error
    with parts.database.read() as session:
        [event] = session.exec(
            select(AuditEvent).where(AuditEvent.tag == "registry:webhook_delivery:die")
        ).all()
    assert (event.subject, event.detail["refusals"]) == (made[1], 3)


def test_what_may_pass_by_itself_is_no_refusal(parts: Parts, clock: FakeClock) -> None:
    """Two refusals, then something else: counting begins anew, and order is kept."""
    with Receiver([404, 404, 503, 404, 429, 404, 204]).up() as receiver:
        _, made = pings(parts, receiver.url, 2)
        through(parts, clock, made[0])
    assert ids(receiver) == [*[made[0]] * 7, made[1]]


def test_a_receiver_that_refuses_everything_keeps_the_rest_waiting_in_order(
    parts: Parts, clock: FakeClock
) -> None:
    with Receiver([401]).up() as receiver:
        _, made = pings(parts, receiver.url, 8)
        through(parts, clock, made[4])
        through(parts, clock, made[5], most=4)
        states = [message(parts, one).state for one in made]
        assert states == [MessageState.DEAD] * 5 + [MessageState.PENDING] * 3
        assert message(parts, made[6]).attempts == 0
        receiver.statuses[:] = [204]
        through(parts, clock, made[7])
    assert [message(parts, one).state for one in made[5:]] == [MessageState.DELIVERED] * 3


def test_all_that_was_given_up_is_sent_again_oldest_first(parts: Parts, clock: FakeClock) -> None:
    with Receiver([400] * 6 + [204]).up() as receiver:
        webhook, made = pings(parts, receiver.url, 3)
        through(parts, clock, made[1])
        before = len(receiver.got)
        with parts.database.write() as session:
            count = service.redeliver_dead(
                session, SETUP, parts.queue, webhook_id=webhook.id, reason="it was mended"
            )
        assert count == 2
        work(parts)
        assert ids(receiver)[before:] == made[:2]
    assert {message(parts, one).refusals for one in made} == {0}
    with pytest.raises(NothingDead), parts.database.write() as session:
        service.redeliver_dead(session, SETUP, parts.queue, webhook_id=webhook.id, reason="more")


def test_gone_ends_the_webhook(parts: Parts) -> None:
    with Receiver([410]).up() as receiver:
        webhook, made = pings(parts, receiver.url, 2)
        work(parts)
    assert len(receiver.got) == 1
    with parts.database.read() as session:
        row = session.get_one(Webhook, webhook.id)
    assert (row.active, row.ended_reason) == (False, Cause.GONE.sentence)
    assert [message(parts, one).state for one in made] == [MessageState.DEAD] * 2
    with pytest.raises(WebhookEnded), parts.database.write() as session:
        service.ping(session, SETUP, parts.queue, webhook_id=webhook.id)


def test_what_was_ended_sends_nothing_though_work_is_queued(parts: Parts) -> None:
    with Receiver().up() as receiver:
        webhook, made = pings(parts, receiver.url, 2)
        with parts.database.write() as session:
            service.end(session, SETUP, webhook_id=webhook.id, reason="not used any more")
        work(parts)
    assert receiver.got == []
    assert message(parts, made[1]).state is MessageState.DEAD


def test_a_dead_or_delivered_message_is_sent_again_on_request(
    parts: Parts, clock: FakeClock
) -> None:
    with Receiver([204, 500, 204]).up() as receiver:
        _, [made] = pings(parts, receiver.url)
        work(parts)
        with parts.database.write() as session:
            service.redeliver(
                session, SETUP, parts.queue, delivery_id=made, reason="the receiver lost it"
            )
        with pytest.raises(NotFinished), parts.database.write() as session:
            service.redeliver(session, SETUP, parts.queue, delivery_id=made, reason="again")
        work(parts)
        waits = message(parts, made)
        assert waits.next_attempt_at is not None
        assert waits.next_attempt_at - clock.now < timedelta(seconds=13)
        later(parts, clock, 13)
    assert ids(receiver) == [made] * 3
    assert message(parts, made).state is MessageState.DELIVERED


def test_sending_an_old_one_again_does_not_stop_the_newer(parts: Parts, clock: FakeClock) -> None:
    with Receiver([204, 500, 204]).up() as receiver:
        webhook, [old] = pings(parts, receiver.url)
        work(parts)
        clock.advance(1)
        with parts.database.write() as session:
            new = service.ping(session, SETUP, parts.queue, webhook_id=webhook.id).id
            service.redeliver(session, SETUP, parts.queue, delivery_id=old, reason="lost")
        work(parts)
        later(parts, clock, 13)
    states = {message(parts, one).state for one in (old, new)}
    assert states == {MessageState.DELIVERED}


def test_an_attempt_that_ran_twice_counts_once(parts: Parts) -> None:
    with Receiver([500]).up() as receiver:
        _, [made] = pings(parts, receiver.url)
        work(parts)
        queue = parts.queue
        queue.done.clear()  # type: ignore[attr-defined]
        queue.enqueued.pop()  # type: ignore[attr-defined]
        work(parts)
    assert len(receiver.got) == 1
    assert message(parts, made).attempts == 1


def test_waits_grow_and_differ(clock: FakeClock) -> None:
    waits = [backoff.delay_after("whd_1", number) for number in range(1, 12)]
    assert waits[0] < waits[1] < waits[2] < waits[3]
    assert max(waits) <= backoff.LONGEST * 1.2
    assert backoff.delay_after("whd_1", 1) != backoff.delay_after("whd_2", 1)
    now = clock.now
    assert backoff.next_attempt_at("whd_1", attempts=99, since=now, now=now) is not None
    assert _after(now, hours=23) is None


def _after(now: datetime, hours: float) -> datetime | None:
    since = now - timedelta(hours=hours)
    return backoff.next_attempt_at("whd_1", attempts=9, since=since, now=now)


def test_a_message_of_a_test_tells_of_nothing(parts: Parts) -> None:
    with Receiver().up() as receiver:
        pings(parts, receiver.url)
        work(parts)
    body = json.loads(receiver.got[0].body)
    assert (body["type"], body["data"]) == ("webhook.test", {})
