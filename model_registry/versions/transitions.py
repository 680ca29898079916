"""From which status to which a version may go, on what evidence, and whose decision it is.

A draft is no version yet: it is a submission's. Only Vigil itself says whether the checks passed;
only a person of the network approves, and never one who has a part in the version.
"""

from dataclasses import dataclass
from enum import Enum

from model_registry.versions.errors import (
    NeedsAPerson,
    NotAllowedNow,
    NotTheNetwork,
    NotYours,
    OwnVersion,
)
from model_registry.versions.models import ModelVersion, VersionStatus
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission


class Guard(Enum):
    """What must be there before the step."""

    READABLE = "a package whose manifest can be read"
    CHECKS_RUN = "the verdict of every admission check"
    RELEASABLE = "passed checks, a signed DCB0129 case for this digest, a published card"
    NONE = "nothing: it is a step towards safety"


class Decision(Enum):
    """Whose decision it is."""

    SUPPLIER = "the supplier"
    VIGIL = "Vigil, by its admission checks"
    NETWORK_PERSON = "a person of the network, of another organisation than the supplier's"
    SUPPLIER_OR_NETWORK = "the supplier, or the network"


@dataclass(frozen=True)
class Transition:
    before: VersionStatus | None
    after: VersionStatus
    guard: Guard
    decision: Decision


_S = VersionStatus
_CHECKED_BY_VIGIL = (Guard.CHECKS_RUN, Decision.VIGIL)
_TAKEN_BACK = (Guard.NONE, Decision.SUPPLIER_OR_NETWORK)

TRANSITIONS: tuple[Transition, ...] = (
    Transition(None, _S.SUBMITTED, Guard.READABLE, Decision.SUPPLIER),
    Transition(_S.SUBMITTED, _S.CHECKED, *_CHECKED_BY_VIGIL),
    Transition(_S.SUBMITTED, _S.REFUSED, *_CHECKED_BY_VIGIL),
    Transition(_S.SUBMITTED, _S.WITHDRAWN, *_TAKEN_BACK),
    # Checks that could not be completed are repeated, on the same bytes.
    Transition(_S.CHECKED, _S.CHECKED, *_CHECKED_BY_VIGIL),
    Transition(_S.CHECKED, _S.REFUSED, *_CHECKED_BY_VIGIL),
    Transition(_S.CHECKED, _S.APPROVED, Guard.RELEASABLE, Decision.NETWORK_PERSON),
    Transition(_S.CHECKED, _S.WITHDRAWN, *_TAKEN_BACK),
    Transition(_S.REFUSED, _S.CHECKED, *_CHECKED_BY_VIGIL),
    Transition(_S.REFUSED, _S.REFUSED, *_CHECKED_BY_VIGIL),
    Transition(_S.REFUSED, _S.WITHDRAWN, *_TAKEN_BACK),
    Transition(_S.APPROVED, _S.WITHDRAWN, *_TAKEN_BACK),
)

_BY_ENDS = {(step.before, step.after): step for step in TRANSITIONS}


def transition(before: VersionStatus | None, after: VersionStatus) -> Transition:
    """Return the step from one status to another.

    Raises:
        NotAllowedNow: there is none.
    """
    step = _BY_ENDS.get((before, after))
    if step is None:
        start = before.value if before else "not there"
        raise NotAllowedNow(f"The version is {start}, not to be {after.value}.")
    return step


def check_person(actor: Actor, version: ModelVersion, step: Transition) -> None:
    """Go on only if the step is this actor's to take.

    Raises:
        Forbidden: the actor lacks the permission.
        NeedsAPerson: a part of Vigil approves.
        NotTheNetwork: the actor is of a hospital.
        OwnVersion: the actor submitted the version, or is of its supplier.
        NotYours: the verdict on the checks is Vigil's.
    """
    match step.decision:
        case Decision.SUPPLIER:
            actor.require(Permission.VERSION_SUBMIT)
        case Decision.VIGIL:
            if not actor.is_system:
                raise NotYours("The admission checks decide this.")
        case Decision.NETWORK_PERSON:
            _check_approver(actor, version)
        case Decision.SUPPLIER_OR_NETWORK:
            _check_may_withdraw(actor)


def _check_approver(actor: Actor, version: ModelVersion) -> None:
    actor.require(Permission.VERSION_APPROVE)
    if actor.is_system:
        raise NeedsAPerson("Sign in as a person: Vigil itself approves nothing.")
    if version.submitted_by == actor.id or actor.organisation_id == version.organisation_id:
        raise OwnVersion("Neither who submitted a version nor anybody of its supplier approves it.")
    if not actor.may_everywhere(Permission.VERSION_APPROVE):
        raise NotTheNetwork("A version is approved for the whole network, by its own people.")


def _check_may_withdraw(actor: Actor) -> None:
    if actor.supplier_id is not None or not actor.may(Permission.VERSION_APPROVE):
        actor.require(Permission.VERSION_SUBMIT)
    elif not actor.may_everywhere(Permission.VERSION_APPROVE):
        raise NotTheNetwork("Suspend it at your site; the network or the supplier withdraws it.")
