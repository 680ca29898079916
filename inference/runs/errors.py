"""What can go wrong with a run.

NotFound
  UnknownRun
Conflict
  NotReplayable     it never reached the model, so there is nothing to reproduce
"""

from vigil.kernel.errors import Conflict, NotFound


class UnknownRun(NotFound):
    title = "No such run"


class NotReplayable(Conflict):
    title = "This run cannot be replayed"
