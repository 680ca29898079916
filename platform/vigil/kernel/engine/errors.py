"""What can go wrong with durable work.

VigilError
  StepFailed       a step failed as often as it may be tried
  RepeatedStep     a workflow names two of its steps alike
Conflict
  SlotTaken        another worker on this machine holds the slot
  NotFailed        only failed work can be tried again
NotFound
  UnknownWork      no such work, or it was deleted with age
"""

from vigil.kernel.errors import Conflict, NotFound, Stale, Unavailable, VigilError

BODY = "workflow"
_PASSING = (Unavailable, Stale)


class StepFailed(VigilError):
    """Names the step and the type of its last error, never that error's text."""

    title = "A step failed"

    def __init__(self, step: str, cause: str, attempts: int) -> None:
        super().__init__(f"The step {step} failed after {attempts} attempts: {cause}.")
        self.step = step
        self.cause = cause
        self.attempts = attempts


class RepeatedStep(VigilError):
    title = "Two steps have one name"


class SlotTaken(Conflict):
    title = "The worker slot is taken"


class NotFailed(Conflict):
    title = "This work has not failed"


class UnknownWork(NotFound):
    title = "No such work"


def is_permanent(error: BaseException) -> bool:
    """Whether trying again is useless: a rule of Vigil's refused, and will refuse again."""
    return isinstance(error, VigilError) and not isinstance(error, _PASSING)
