"""What can go wrong with an admission.

Conflict
  AlreadyDecided   people have judged the version already, or it was withdrawn
"""

from vigil.kernel.errors import Conflict


class AlreadyDecided(Conflict):
    title = "The version is beyond its checks"
