"""A stop takes effect on the next study: nothing is run, nothing is sent, and each row says why."""

from datetime import timedelta
from typing import Any

import pytest
from factories.identity import SETUP
from factories.nodes import create_node
from factories.steps import InlineSteps
from factories.wards import AT_ONCE, Ward
from sqlmodel import select

from inference.delivery import attempts
from inference.delivery import service as delivery
from inference.delivery.attempts import HOLD
from inference.delivery.backoff import Backoff
from inference.delivery.models import Delivery, DeliveryState
from inference.delivery.scu import Peer, Sent
from inference.delivery.tasks import DeliveryTasks
from inference.results.models import Result
from inference.routing.models import RoutingDecision
from inference.runs.closing import close_due
from inference.runs.events import RunFinished
from inference.runs.models import Outcome, RunState
from inference.runtime.pool import Runtimes
from model_registry.stops import service as stops
from model_registry.stops.models import Scope, StopOrder
from vigil.kernel.audit import repository as audit

BACKOFF = Backoff(timedelta(seconds=10), timedelta(seconds=60), 3)


class CountingSender:
    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def send(self, data: bytes, peer: Peer) -> Sent:
        self.sent.append(data)
        return Sent(status=0)


def order(ward: Ward, scope: Scope = Scope.SITE) -> StopOrder:
    names = {Scope.SITE: ward.site.ods_code, Scope.MODEL: ward.version.model_id}
    with ward.parts.database.write() as session:
        target = stops.target_named(session, SETUP, scope, names.get(scope, "ACME"))
        return stops.order(session, SETUP, target=target, reason="odd results")


def lifted(ward: Ward, stop: StopOrder) -> None:
    """Lift it without the ceremony, which has tests of its own."""
    with ward.parts.database.write() as session:
        row = session.get_one(StopOrder, stop.id)
        row.lifted_at = session.now()
        session.add(row)


def rows(ward: Ward, table: type[Any]) -> list[Any]:
    with ward.parts.database.read() as session:
        return list(session.exec(select(table)))


@pytest.mark.parametrize("scope", list(Scope))
def test_the_next_study_is_not_run_and_says_why(ward: Ward, scope: Scope) -> None:
    ward.plan(10_000)
    stop = order(ward, scope)
    study = ward.receive(20_000)
    close_due(ward.parts, AT_ONCE)

    assert ward.runs_of(study) == []
    [kept] = [one for one in rows(ward, RoutingDecision) if one.study_id == study.id]
    assert (kept.sent, kept.deployment_id) == (False, ward.deployment.id)
    assert kept.reason == f"stopped: odd results (order {stop.id})"

    lifted(ward, stop)
    assert ward.plan(30_000).state is RunState.PLANNED


def test_a_run_that_was_planned_and_had_not_begun_is_cancelled_with_the_reason(
    ward: Ward, runtimes: Runtimes
) -> None:
    heard: list[str] = []
    ward.parts.events.subscribe(RunFinished, lambda _, event: heard.append(event.run_id))
    run = ward.plan()
    stop = order(ward)

    ended = ward.execute(runtimes, run)

    assert (ended.state, ended.outcome) == (RunState.FINISHED, Outcome.CANCELLED)
    assert ended.reason == stop.sentence
    assert ended.started_at is None
    assert heard == [run.id]
    assert rows(ward, Result) == []


def test_what_a_run_under_way_found_is_kept_and_reaches_no_reader(
    ward: Ward, runtimes: Runtimes
) -> None:
    with ward.parts.database.write() as session:
        create_node(session, ward.site.id, "PACS", is_source=False, is_destination=True)
    run = ward.plan()

    class StopsInTheMiddle(InlineSteps):
        def run(self, name: str, step: Any, *arguments: Any, **options: Any) -> Any:
            answer = super().run(name, step, *arguments, **options)
            order(ward)
            return answer

    ended = ward.execute(runtimes, run, StopsInTheMiddle(ward.parts.database))

    assert ended.outcome is Outcome.SUCCEEDED
    assert ward.findings(ended)
    assert rows(ward, Result) == rows(ward, Delivery) == []


def test_a_result_that_is_not_sent_yet_is_held_and_goes_out_after_the_lift(
    ward: Ward, runtimes: Runtimes
) -> None:
    with ward.parts.database.write() as session:
        create_node(session, ward.site.id, "PACS", is_source=False, is_destination=True)
    ward.execute(runtimes, ward.plan())
    [waiting] = rows(ward, Delivery)
    sender, steps = CountingSender(), InlineSteps(ward.parts.database)
    tasks = DeliveryTasks(ward.parts, sender, BACKOFF)
    stop = order(ward)

    for number in (1, 1, 2, 3, 4):
        tasks.attempt(InlineSteps(ward.parts.database), waiting.id, str(number))
    [held] = rows(ward, Delivery)
    assert sender.sent == []
    assert (held.state, held.attempts, held.last_error) == (DeliveryState.PENDING, 4, stop.sentence)
    assert held.next_attempt_at == ward.parts.database.clock() + HOLD
    with ward.parts.database.read() as session:
        events = audit.recent(session, before=None, subject=held.id, limit=9)
    assert [one.tag for one in events] == ["inference:delivery:hold"]

    lifted(ward, stop)
    tasks.attempt(steps, waiting.id, "5")
    [arrived] = rows(ward, Delivery)
    assert len(sender.sent) == 1
    assert arrived.state is DeliveryState.DELIVERED


def test_a_delivery_of_a_suspended_deployment_is_held_too(ward: Ward, runtimes: Runtimes) -> None:
    with ward.parts.database.write() as session:
        create_node(session, ward.site.id, "PACS", is_source=False, is_destination=True)
    run = ward.execute(runtimes, ward.plan())
    [waiting] = rows(ward, Delivery)
    with ward.parts.database.write() as session:
        deployment = session.get_one(type(ward.deployment), ward.deployment.id)
        deployment.mode = deployment.mode.SUSPENDED
        session.add(deployment)
    with ward.parts.database.read() as session:
        parcel = attempts.parcel(session, SETUP, delivery_id=waiting.id, number=1)
        assert delivery.withheld(session, SETUP, run) is not None
    assert parcel is not None
    assert parcel.held is not None
    assert "suspended" in parcel.held
