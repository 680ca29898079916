"""Who may stop what, and which two people bring it back.

To stop takes one person, or Vigil itself. A lift brings AI back to patients, so that it takes what
going live takes: a manager and, someone else, a clinical safety officer (design invariant 5).
"""

from dataclasses import dataclass, replace

from model_registry.stops.errors import NotAPerson, OneCapacity, SamePerson
from model_registry.stops.models import StopOrder
from vigil.kernel.errors import Forbidden
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission, Role


@dataclass(frozen=True)
class Capacities:
    """In which capacities a person speaks for a stop."""

    as_manager: bool
    as_officer: bool


def may(actor: Actor, permission: Permission, site_id: str | None) -> bool:
    """Whether the actor may do this at a site or, where none is named, everywhere."""
    if site_id is not None:
        return actor.may(permission, site_id)
    return actor.is_system or (actor.sites is None and _everywhere(actor).may(permission))


def require(actor: Actor, permission: Permission, site_id: str | None) -> None:
    """Go on only if the actor may.

    Raises:
        Forbidden: it may not, or not everywhere that the order reaches.
    """
    if site_id is not None:
        actor.require(permission, site_id)
    elif not may(actor, permission, None):
        raise Forbidden(f"This needs the permission {permission.value} at every site.")


def capacities(actor: Actor, stop: StopOrder) -> Capacities:
    """Return in which capacities the actor can help to lift an order.

    Raises:
        NotAPerson: it is a part of Vigil.
        Forbidden: it may not approve what runs there.
    """
    if actor.is_system:
        raise NotAPerson("Sign in as a person: Vigil itself decides only towards safety.")
    require(actor, Permission.DEPLOYMENT_APPROVE, stop.site_id)
    return Capacities(
        as_manager=may(actor, Permission.DEPLOYMENT_REQUEST, stop.site_id),
        as_officer=_is_officer(actor, stop.site_id),
    )


def check_second(actor: Actor, stop: StopOrder) -> None:
    """Go on only if the actor is the other person that a lift needs.

    Raises:
        SamePerson: the actor asked for the lift.
        OneCapacity: both are managers, or both are officers.
    """
    own = capacities(actor, stop)
    if actor.id == stop.lift_requested_by:
        raise SamePerson("Who asked for the lift cannot agree to it. Another person has to.")
    as_pair = (stop.lift_as_manager and own.as_officer) or (stop.lift_as_officer and own.as_manager)
    if not as_pair:
        raise OneCapacity(f"The second person has to be {second_needed(stop)}.")


def still_holds(asker: Actor, stop: StopOrder) -> bool:
    """Whether who asked for the lift still has the capacities in which they asked."""
    if not _can_help(asker, stop):
        return False
    own = capacities(asker, stop)
    lost = (stop.lift_as_manager and not own.as_manager) or (
        stop.lift_as_officer and not own.as_officer
    )
    return not lost


def may_ask(actor: Actor, stop: StopOrder) -> bool:
    """Whether the actor can be the first of the two people that a lift needs."""
    return stop.is_in_force and stop.lift_requested_by is None and _can_help(actor, stop)


def may_agree(actor: Actor, stop: StopOrder) -> bool:
    """Whether the actor can be the second."""
    if not stop.is_in_force or stop.lift_requested_by is None or not _can_help(actor, stop):
        return False
    try:
        check_second(actor, stop)
    except (SamePerson, OneCapacity):
        return False
    return True


def second_needed(stop: StopOrder) -> str:
    """Return who is still needed once somebody asked for the lift."""
    if stop.lift_as_manager and stop.lift_as_officer:
        return "another network manager or clinical safety officer"
    return "a clinical safety officer" if stop.lift_as_manager else "a network manager"


def _can_help(actor: Actor, stop: StopOrder) -> bool:
    return not actor.is_system and may(actor, Permission.DEPLOYMENT_APPROVE, stop.site_id)


def _is_officer(actor: Actor, site_id: str | None) -> bool:
    reach = actor if site_id is not None else _everywhere(actor)
    return any(g.role is Role.CSO and g.site_id in {None, site_id} for g in reach.grants)


def _everywhere(actor: Actor) -> Actor:
    """Return the actor with those roles only that are not bound to one site."""
    return replace(actor, grants=tuple(g for g in actor.grants if g.site_id is None))
