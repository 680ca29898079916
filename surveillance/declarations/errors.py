"""What can go wrong with a choice of streams.

NotFound
  UnknownChoice     no choice has this id, for this actor
Conflict
  AlreadyEnded      the choice holds no longer
Forbidden
  NotForASite       a choice for every site is not made by the officer of one
Invalid             no stream has this name
"""

from vigil.kernel.errors import Conflict, Forbidden, NotFound


class UnknownChoice(NotFound):
    title = "No such choice"


class AlreadyEnded(Conflict):
    title = "The choice holds no longer"


class NotForASite(Forbidden):
    title = "Only the network sets this"
