"""What can go wrong with studies.

NotFound
  UnknownStudy
"""

from vigil.kernel.errors import NotFound


class UnknownStudy(NotFound):
    title = "No such study"
