"""What can go wrong with routing.

Conflict
  FourEyes          the person who drafted a revision publishes it
  NotADraft         it was published or superseded already
NotFound
  UnknownRevision
"""

from vigil.kernel.errors import Conflict, NotFound


class FourEyes(Conflict):
    title = "Another person has to do this"


class NotADraft(Conflict):
    title = "This revision is no draft"


class UnknownRevision(NotFound):
    title = "No such revision"
