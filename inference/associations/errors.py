"""What can go wrong with associations.

NotFound
  UnknownAssociation
"""

from vigil.kernel.errors import NotFound


class UnknownAssociation(NotFound):
    title = "No such association"
