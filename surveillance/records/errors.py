"""What can go wrong with a record.

NotFound
  UnknownRecord     nothing was recorded of this run yet
"""

from vigil.kernel.errors import NotFound


class UnknownRecord(NotFound):
    title = "Nothing recorded"
