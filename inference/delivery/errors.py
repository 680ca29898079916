"""What can go wrong with a delivery, as far as a person asks for it.

NotFound
  UnknownDelivery
Conflict
  NotDead        only a dead delivery can be retried; what is delivered is final
  Discarded      it was given up on purpose
"""

from vigil.kernel.errors import Conflict, NotFound


class UnknownDelivery(NotFound):
    title = "No such delivery"


class NotDead(Conflict):
    title = "This delivery is not dead"


class Discarded(Conflict):
    title = "This delivery was discarded"
