"""What can go wrong with a table of labels or groups as a whole; a bad line has a verdict instead.

Invalid
  BadTable            it is no such table: not text, too long, or its columns are not those
NotFound
  UnknownBatch        nothing with this id was sent, or not for a site of yours
"""

from vigil.kernel.errors import Invalid, NotFound


class BadTable(Invalid):
    title = "This table cannot be used"


class UnknownBatch(NotFound):
    title = "No such table was sent"
