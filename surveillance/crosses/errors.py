"""What can go wrong with a cross of axes.

NotFound
  UnknownCross      no cross has this id
Conflict
  TooManyCrosses    the network has as many as it may
  AlreadyEnded      the cross is counted no longer
Forbidden
  NeedsTheNetwork   a cross is counted everywhere, and not named by the officer of one site
Invalid             no such axis, too few or too many of them, or counted already
"""

from vigil.kernel.errors import Conflict, Forbidden, NotFound


class UnknownCross(NotFound):
    title = "No such cross"


class TooManyCrosses(Conflict):
    title = "Too many crosses"


class AlreadyEnded(Conflict):
    title = "The cross is counted no longer"


class NeedsTheNetwork(Forbidden):
    title = "Only the network names this"
