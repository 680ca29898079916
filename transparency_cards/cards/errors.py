"""What can go wrong with a card.

Conflict
  AlreadyPublished   the version has a card in force
  NotAdmitted        its version has not passed the automatic checks
NotFound
  UnknownCard
"""

from vigil.kernel.errors import Conflict, NotFound


class AlreadyPublished(Conflict):
    title = "This version has a card already"


class NotAdmitted(Conflict):
    title = "This version has not passed its checks"


class UnknownCard(NotFound):
    title = "No such card"
