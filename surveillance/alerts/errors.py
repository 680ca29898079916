"""What can go wrong with an alert.

NotFound
  UnknownAlert
Conflict
  WrongState      such as acknowledging what is resolved; says the state it is in
"""

from vigil.kernel.errors import Conflict, NotFound


class UnknownAlert(NotFound):
    title = "No such alert"


class WrongState(Conflict):
    title = "The alert is in another state"
