"""What can go wrong with a trial of the engine.

Invalid
  BadTable            the table cannot be read, or holds what it must not
  BadQuestion         what is asked of it cannot be
Unavailable
  UploadGone          the bytes of a table are not there any more
NotFound
  UnknownSimulation
  NoResult            it has not finished, or has failed
"""

from vigil.kernel.errors import Invalid, NotFound, Unavailable


class BadTable(Invalid):
    title = "This table cannot be used"


class BadQuestion(Invalid):
    title = "This cannot be asked"


class UploadGone(Unavailable):
    title = "The table is gone"


class UnknownSimulation(NotFound):
    title = "No such simulation"


class NoResult(NotFound):
    title = "There is no result"
