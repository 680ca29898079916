"""What can go wrong with readiness.

Invalid
  BadEvidence      the evidence names the wrong item, scope, dates or document
Forbidden
  NotForSuppliers  what a site has ready is the site's and the network's
NotFound
  UnknownEvidence
"""

from vigil.kernel.errors import Forbidden, Invalid, NotFound


class BadEvidence(Invalid):
    title = "This evidence cannot be recorded"


class NotForSuppliers(Forbidden):
    title = "Readiness is not shown to suppliers"


class UnknownEvidence(NotFound):
    title = "No such evidence"
