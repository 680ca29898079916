"""Stops for tests: ordered, asked about and lifted by the people of a cast."""

from factories.deployments import GATES
from factories.safety import Cast

from model_registry.stops import service
from model_registry.stops.models import Scope, StopOrder
from model_registry.stops.service import StopTarget
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.identity.actor import Actor

NAMES = {Scope.SITE: "RXX01", Scope.MODEL: "ACME/linear-three", Scope.SUPPLIER: "ACME"}


def target_of(session: ReadSession, actor: Actor, scope: Scope) -> StopTarget:
    return service.target_named(session, actor, scope, NAMES[scope])


def order_stop(
    session: WriteSession, actor: Actor, scope: Scope = Scope.SITE, reason: str = "odd results"
) -> StopOrder:
    """A stop of the cast's site, model or supplier."""
    return service.order(session, actor, target=target_of(session, actor, scope), reason=reason)


def ask_lift(session: WriteSession, actor: Actor, stop: StopOrder) -> StopOrder:
    return service.request_lift(session, actor, stop_id=stop.id, reason="cause found")


def lift(session: WriteSession, actor: Actor, stop: StopOrder) -> StopOrder:
    return service.lift(session, actor, GATES, stop_id=stop.id, reason="agreed")


def lift_by_two(session: WriteSession, cast: Cast, stop: StopOrder) -> StopOrder:
    """The whole way back: a manager asks, a clinical safety officer agrees."""
    ask_lift(session, cast.manager, stop)
    return lift(session, cast.network_officer, stop)
