"""From which mode to which a deployment may go, what that needs, and whose decision it is.

Towards safety one person or Vigil itself is enough, at once; towards patients it takes every gate
and two people (design invariants 5 and 9).
"""

from dataclasses import dataclass
from enum import Enum

from model_registry.deployments.errors import NoSuchWay
from model_registry.deployments.models import Mode
from vigil.kernel.identity.roles import PERMISSIONS, Permission, Role


class Evidence(Enum):
    """How much of the evidence a step needs."""

    NONE = "none"
    ADMISSION = "admission"
    ALL = "all"


class People(Enum):
    """Whose decision it is. A part of Vigil is nobody, save where ANYBODY will do."""

    ANYBODY = "anybody"
    MANAGER = "manager"
    MANAGER_AND_OFFICER = "manager and officer"


@dataclass(frozen=True)
class Transition:
    before: Mode | None
    after: Mode
    permission: Permission
    evidence: Evidence
    people: People
    why: str

    @property
    def is_towards_safety(self) -> bool:
        return self.people is People.ANYBODY

    @property
    def roles(self) -> tuple[Role, ...]:
        """The roles that may begin it, at their sites."""
        return tuple(role for role in Role if self.permission in PERMISSIONS[role])


_SHADOW, _CANARY, _LIVE = Mode.SHADOW, Mode.CANARY, Mode.LIVE
_SUSPENDED, _RETIRED = Mode.SUSPENDED, Mode.RETIRED
_REQUEST, _SUSPEND = Permission.DEPLOYMENT_REQUEST, Permission.DEPLOYMENT_SUSPEND

_OBSERVED = (
    _REQUEST,
    Evidence.ADMISSION,
    People.MANAGER,
    "It runs and is recorded; nothing is sent to a reader.",
)
_TOWARDS_PATIENTS = (
    _REQUEST,
    Evidence.ALL,
    People.MANAGER_AND_OFFICER,
    "Its results reach readers, so that all the evidence and two people answer for it.",
)
_TOWARDS_SAFETY = (
    _SUSPEND,
    Evidence.NONE,
    People.ANYBODY,
    "Less reaches a patient: it cannot wait for a second person.",
)
_ENDED = (
    _REQUEST,
    Evidence.NONE,
    People.MANAGER,
    "It is over; only a rollback brings it back, with all the evidence of that day.",
)

# A step from a mode to itself changes the thresholds or the share.
TRANSITIONS: tuple[Transition, ...] = (
    Transition(None, _SHADOW, *_OBSERVED),
    Transition(_SHADOW, _SHADOW, *_OBSERVED),
    Transition(_SHADOW, _CANARY, *_TOWARDS_PATIENTS),
    Transition(_SHADOW, _LIVE, *_TOWARDS_PATIENTS),
    Transition(_SHADOW, _SUSPENDED, *_TOWARDS_SAFETY),
    Transition(_SHADOW, _RETIRED, *_ENDED),
    Transition(_CANARY, _SHADOW, *_TOWARDS_SAFETY),
    Transition(_CANARY, _CANARY, *_TOWARDS_PATIENTS),
    Transition(_CANARY, _LIVE, *_TOWARDS_PATIENTS),
    Transition(_CANARY, _SUSPENDED, *_TOWARDS_SAFETY),
    Transition(_CANARY, _RETIRED, *_ENDED),
    Transition(_LIVE, _SHADOW, *_TOWARDS_SAFETY),
    Transition(_LIVE, _CANARY, *_TOWARDS_PATIENTS),
    Transition(_LIVE, _LIVE, *_TOWARDS_PATIENTS),
    Transition(_LIVE, _SUSPENDED, *_TOWARDS_SAFETY),
    Transition(_LIVE, _RETIRED, *_ENDED),
    Transition(_SUSPENDED, _SHADOW, *_OBSERVED),
    Transition(_SUSPENDED, _CANARY, *_TOWARDS_PATIENTS),
    Transition(_SUSPENDED, _LIVE, *_TOWARDS_PATIENTS),
    Transition(_SUSPENDED, _RETIRED, *_ENDED),
    # Back to what was replaced: the evidence may have gone stale since, so all of it is asked for.
    Transition(_RETIRED, _LIVE, *_TOWARDS_PATIENTS),
)

_BY_ENDS = {(step.before, step.after): step for step in TRANSITIONS}


def transition(before: Mode | None, after: Mode) -> Transition:
    """Return the step from one mode to another.

    Raises:
        NoSuchWay: there is none.
    """
    step = _BY_ENDS.get((before, after))
    if step is None:
        start = before.value if before else "nothing"
        raise NoSuchWay(f"There is no way from {start} to {after.value}.")
    return step
