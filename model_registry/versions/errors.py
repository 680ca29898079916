"""What can go wrong with models and versions.

Conflict
  VersionTaken      other bytes were submitted under this model and version
  NotAllowedNow     the version's status forbids it
  AliasMoved        the alias stands for another version than the caller saw
  AliasAmbiguous    a version of the model is labelled as the alias would be named
Forbidden
  NeedsAPerson        a part of Vigil tried what takes a person
  NotTheNetwork     somebody of one hospital tried what concerns all
  NotYours          the step is Vigil's own
  OwnVersion        who submitted a version, or is of its supplier, approves it
NotFound
  UnknownModel
  UnknownVersion    there is none, or it belongs to another supplier
  UnknownAlias      the model has no alias of this name
Invalid
  ForeignSupplier   the manifest names another organisation
  BadAlias          not a name for an alias
"""

from vigil.kernel.errors import Conflict, Forbidden, Invalid, NotFound


class VersionTaken(Conflict):
    title = "This version exists with other contents"


class NotAllowedNow(Conflict):
    title = "Not possible in this status"


class AliasMoved(Conflict):
    title = "The alias was moved meanwhile"


class AliasAmbiguous(Conflict):
    title = "A version is labelled so"


class NeedsAPerson(Forbidden):
    title = "This takes a person"


class NotTheNetwork(Forbidden):
    title = "For the network's own people"


class NotYours(Forbidden):
    title = "Vigil decides this"


class OwnVersion(Forbidden):
    title = "Not for who supplies the version"


class UnknownModel(NotFound):
    title = "No such model"


class UnknownVersion(NotFound):
    title = "No such version"


class UnknownAlias(NotFound):
    title = "No such alias"


class ForeignSupplier(Invalid):
    title = "The manifest names another supplier"


class BadAlias(Invalid):
    title = "This is no name for an alias"
