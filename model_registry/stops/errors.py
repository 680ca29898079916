"""What can go wrong with stops.

Forbidden
  NotAPerson        a part of Vigil tried to bring AI back
  SamePerson        who asked for the lift cannot agree to it
  OneCapacity       a manager and a clinical safety officer are needed, and these are two of a kind
Conflict
  AlreadyStopped    an order for this target is in force
  NotInForce        the order is lifted
  LiftAsked         somebody asked for the lift already
  LiftNotAsked      nobody has
  NotReady          a deployment that would serve patients again lacks evidence
NotFound
  UnknownStop
  UnknownTarget     there is no such site, model or supplier, or not for this actor
"""

from vigil.kernel.errors import Conflict, Forbidden, NotFound


class NotAPerson(Forbidden):
    title = "This takes a person"


class SamePerson(Forbidden):
    title = "This takes a second person"


class OneCapacity(Forbidden):
    title = "This takes a manager and an officer"


class AlreadyStopped(Conflict):
    title = "It is stopped already"


class NotInForce(Conflict):
    title = "This stop is lifted"


class LiftAsked(Conflict):
    title = "The lift is asked for already"


class LiftNotAsked(Conflict):
    title = "Nobody asked for the lift"


class NotReady(Conflict):
    title = "A gate is not met"


class UnknownStop(NotFound):
    title = "No such stop"


class UnknownTarget(NotFound):
    title = "There is nothing of this name to stop"
