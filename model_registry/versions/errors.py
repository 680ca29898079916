"""What can go wrong with models and versions.

Conflict
  VersionTaken      other bytes were submitted under this model and version
  NotAllowedNow     the version's status forbids it
NotFound
  UnknownModel
  UnknownVersion    there is none, or it belongs to another supplier
Invalid
  ForeignSupplier   the manifest names another organisation
"""

from vigil.kernel.errors import Conflict, Invalid, NotFound


class VersionTaken(Conflict):
    title = "This version exists with other contents"


class NotAllowedNow(Conflict):
    title = "Not possible in this status"


class UnknownModel(NotFound):
    title = "No such model"


class UnknownVersion(NotFound):
    title = "No such version"


class ForeignSupplier(Invalid):
    title = "The manifest names another supplier"
