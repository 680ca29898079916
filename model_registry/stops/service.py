"""Order a stop, ask for its lift, agree to it or keep it.

A stop changes no deployment: each keeps its mode and runs nothing while the order is in force. It
takes effect on the next study, and on every run and delivery that has not begun.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.exc import IntegrityError

from model_registry.deployments.gates import Missing, ReleaseGate, Target, evaluate
from model_registry.deployments.lapse import LIFE
from model_registry.deployments.models import Mode
from model_registry.stops import people, repository
from model_registry.stops.errors import (
    AlreadyStopped,
    LiftAsked,
    LiftNotAsked,
    NotInForce,
    NotReady,
    UnknownStop,
    UnknownTarget,
)
from model_registry.stops.models import Scope, StopOrder
from model_registry.stops.repository import Covered, NamedStop
from model_registry.versions import service as versions
from model_registry.versions.models import Model
from vigil.kernel.audit import service as audit
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.errors import NotFound
from vigil.kernel.identity import repository as identity
from vigil.kernel.identity import service as accounts
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.discretion import without_words
from vigil.kernel.identity.models import Organisation, OrganisationKind
from vigil.kernel.identity.roles import Permission

RUNNABLE = (Mode.SHADOW, Mode.CANARY, Mode.LIVE)
_SERVES = (Mode.CANARY, Mode.LIVE)
# What people typed and who they are: not for a supplier.
_WORDS = (
    "reason",
    "ordered_by",
    "lift_requested_by",
    "lift_request_reason",
    "lifted_by",
    "lift_reason",
)


@dataclass(frozen=True)
class StopTarget:
    """What an order stops: its scope, its id, and its name for people."""

    scope: Scope
    id: str
    name: str

    @property
    def site_id(self) -> str | None:
        return self.id if self.scope is Scope.SITE else None


@dataclass(frozen=True)
class LiftGap:
    """What one deployment lacks to serve patients again, and who can supply it."""

    deployment_id: str
    site: str
    model: str
    missing: Missing

    def __str__(self) -> str:
        return f"{self.model} at {self.site}: {self.missing}"


def target_named(session: ReadSession, actor: Actor, scope: Scope, name: str) -> StopTarget:
    """Find what people name: a site by code, a model as `ACME/name` or by id, a supplier by code.

    Raises:
        UnknownTarget: there is none, or not for this actor.
    """
    try:
        return _FINDERS[scope](session, actor, name)
    except NotFound as error:
        raise UnknownTarget(f"There is no {scope.value} of this name.") from error


def order(session: WriteSession, actor: Actor, *, target: StopTarget, reason: str) -> StopOrder:
    """Stop a site, a model or a supplier at once: one person or Vigil itself, and a reason.

    Raises:
        AlreadyStopped: an order for it is in force.
    """
    people.require(actor, Permission.DEPLOYMENT_SUSPEND, target.site_id)
    stop = StopOrder(
        id=session.new_id("stp"),
        scope=target.scope,
        site_id=target.site_id,
        model_id=target.id if target.scope is Scope.MODEL else None,
        organisation_id=target.id if target.scope is Scope.SUPPLIER else None,
        reason=reason,
        ordered_by=actor.id,
        ordered_at=session.now(),
    )
    session.add(stop)
    try:
        session.flush()
    except IntegrityError as error:
        raise AlreadyStopped(f"{target.name} is stopped until two people lift it.") from error
    facts = {"scope": target.scope.value, "target": target.id}
    audit.record(session, actor, "registry:stop:order", stop.id, reason, **facts)
    return stop


def request_lift(session: WriteSession, actor: Actor, *, stop_id: str, reason: str) -> StopOrder:
    """Ask that a stop is lifted; another person has to agree before anything runs.

    Raises:
        LiftAsked: somebody did already.
    """
    stop = _in_force(session, actor, stop_id)
    own = people.capacities(actor, stop)
    if stop.lift_requested_by is not None and not _asked_in_vain(session, stop):
        raise LiftAsked("Somebody asked for it. Agree to that, or keep the stop first.")
    stop.lift_requested_by, stop.lift_requested_at = actor.id, session.now()
    stop.lift_request_reason = reason
    stop.lift_as_manager, stop.lift_as_officer = own.as_manager, own.as_officer
    return _noted(session, actor, stop, "request_lift", reason)


def keep(session: WriteSession, actor: Actor, *, stop_id: str, reason: str) -> StopOrder:
    """Keep a stop whose lift was asked for: whoever may order it may, the asker too.

    Raises:
        LiftNotAsked: nobody asked to lift it.
    """
    stop = _in_force(session, actor, stop_id)
    people.require(actor, Permission.DEPLOYMENT_SUSPEND, stop.site_id)
    _require_asked(stop)
    stop.lift_requested_by = stop.lift_requested_at = stop.lift_request_reason = None
    stop.lift_as_manager = stop.lift_as_officer = False
    return _noted(session, actor, stop, "keep", reason)


def lift(
    session: WriteSession,
    actor: Actor,
    gates: Sequence[ReleaseGate],
    *,
    stop_id: str,
    reason: str,
) -> StopOrder:
    """Agree that a stop is lifted: what it covers runs again, from the next study on.

    Raises:
        LiftNotAsked: nobody asked; the first of two people has to.
        SamePerson, OneCapacity, NotAPerson: the actor is not the second person that it takes.
        NotReady: a canary or live deployment under it lacks evidence; suspend that one, or supply.
    """
    stop = _in_force(session, actor, stop_id)
    people.capacities(actor, stop)
    _require_asked(stop)
    if _asked_in_vain(session, stop):
        raise LiftNotAsked(
            f"Who asked has no open account or no such role any more, or it was {LIFE.days} days"
            " ago. Keep the stop, then ask again."
        )
    people.check_second(actor, stop)
    missing = missing_for(session, actor, gates, stop)
    if missing:
        raise NotReady("; ".join(str(gap) for gap in missing))
    stop.lifted_by, stop.lifted_at, stop.lift_reason = actor.id, session.now(), reason
    return _noted(session, actor, stop, "lift", reason)


def missing_for(
    session: ReadSession, actor: Actor, gates: Sequence[ReleaseGate], stop: StopOrder
) -> list[LiftGap]:
    """Return what each deployment lacks that would serve patients again after the lift."""
    serving = repository.covered(session, actor, stop.scope, stop.target_id, _SERVES)
    return [
        LiftGap(deployment.id, site, model, gate)
        for deployment, site, model, _ in serving
        for gate in evaluate(
            session, gates, Target.of_deployment(session, deployment, deployment.thresholds)
        )
    ]


def active_stop(
    session: ReadSession, *, site_id: str, model_id: str, organisation_id: str | None = None
) -> StopOrder | None:
    """Return the order that stops a model at a site now, if there is one.

    Where `organisation_id` is left out it is the model's own supplier.
    """
    return repository.covering(
        session, site_id=site_id, model_id=model_id, organisation_id=organisation_id
    )


def active_stops(session: ReadSession, actor: Actor) -> list[NamedStop]:
    """Return every order in force that concerns the actor, newest first: for the top of a page."""
    return [_shown_to(actor, one) for one in repository.named(session, actor, in_force=True)]


def stop_here(
    session: ReadSession, actor: Actor, *, site_id: str, model_id: str
) -> StopOrder | None:
    """Return the order that stops a model at a site now, for a page that the actor looks at."""
    found = active_stop(session, site_id=site_id, model_id=model_id)
    return None if found is None else without_words(actor, found, _WORDS)


def stops(
    session: ReadSession,
    actor: Actor,
    *,
    in_force: bool | None = None,
    scope: Scope | None = None,
    before: str | None = None,
    limit: int | None = None,
) -> list[NamedStop]:
    actor.require(Permission.REGISTRY_READ)
    found = repository.named(
        session, actor, in_force=in_force, scope=scope, before=before, limit=limit
    )
    return [_shown_to(actor, one) for one in found]


def stop_by_id(session: ReadSession, actor: Actor, stop_id: str) -> NamedStop:
    actor.require(Permission.REGISTRY_READ)
    found = repository.named(session, actor, stop_id=stop_id)
    if not found:
        raise UnknownStop("No stop has this id, or it is of another site or supplier.")
    return _shown_to(actor, found[0])


def covered_by(session: ReadSession, actor: Actor, stop: StopOrder) -> Sequence[Covered]:
    """Return the deployments that run nothing because of this order."""
    return repository.covered(session, actor, stop.scope, stop.target_id, RUNNABLE)


def would_stop(session: ReadSession, actor: Actor, target: StopTarget) -> Sequence[Covered]:
    """Return the deployments that an order for this target would stop."""
    return repository.covered(session, actor, target.scope, target.id, RUNNABLE)


def stoppable(session: ReadSession) -> tuple[Sequence[Model], Sequence[Organisation]]:
    """Return every model and every supplier, by name: for who may stop them anywhere."""
    return repository.models(session), repository.suppliers(session)


def _shown_to(actor: Actor, named: NamedStop) -> NamedStop:
    return replace(named, order=without_words(actor, named.order, _WORDS))


def _in_force(session: WriteSession, actor: Actor, stop_id: str) -> StopOrder:
    # Locked before anything is decided: of two people who lift it at once one does.
    stop = repository.held(session, actor, stop_id)
    if stop is None:
        raise UnknownStop("No stop has this id, or it is of another site or supplier.")
    if not stop.is_in_force:
        raise NotInForce("It was lifted. Order it again if it has to stop.")
    return stop


def _asked_in_vain(session: ReadSession, stop: StopOrder) -> bool:
    """Whether the request to lift counts no more: the person left, or it is too old."""
    asker = accounts.actors_now(session, [stop.lift_requested_by or ""]).get(
        stop.lift_requested_by or ""
    )
    at = stop.lift_requested_at
    is_old = at is None or session.now() >= at + LIFE
    return is_old or asker is None or not people.still_holds(asker, stop)


def _require_asked(stop: StopOrder) -> None:
    if stop.lift_requested_by is None:
        raise LiftNotAsked("Nobody asked to lift it. The first of two people has to ask.")


def _noted(
    session: WriteSession, actor: Actor, stop: StopOrder, verb: str, reason: str
) -> StopOrder:
    session.add(stop)
    session.flush()
    audit.record(session, actor, f"registry:stop:{verb}", stop.id, reason, scope=stop.scope.value)
    return stop


def _site(session: ReadSession, actor: Actor, name: str) -> StopTarget:
    found = accounts.site(session, actor, name)
    return StopTarget(Scope.SITE, found.id, found.name)


def _model(session: ReadSession, actor: Actor, name: str) -> StopTarget:
    found: Model | None = versions.model_by_reference(session, actor, name)
    found = found or versions.model(session, actor, name)
    return StopTarget(Scope.MODEL, found.id, found.title)


def _supplier(session: ReadSession, actor: Actor, name: str) -> StopTarget:
    found = identity.organisation_by_code(session, name)
    is_own = found is not None and actor.supplier_id in {None, found.id}
    if found is None or found.kind is not OrganisationKind.SUPPLIER or not is_own:
        raise UnknownStop("No supplier has this code.")
    return StopTarget(Scope.SUPPLIER, found.id, found.name)


_FINDERS = {Scope.SITE: _site, Scope.MODEL: _model, Scope.SUPPLIER: _supplier}
