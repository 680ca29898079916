"""What can go wrong with a decision.

NotFound
  UnknownFinding
Conflict
  NothingToDecide   the run has no finding that a reader could agree with
"""

from vigil.kernel.errors import Conflict, NotFound


class UnknownFinding(NotFound):
    title = "No such finding"


class NothingToDecide(Conflict):
    title = "There is nothing to decide"
