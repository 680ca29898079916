"""What can go wrong with a supplier's signing key.

Invalid
  BadKey           these characters are no Ed25519 public key, or the label is none
Conflict
  KeyKnown         the organisation proposed this key before
  NotProposed      only a key that waits for trust can be trusted
  AlreadyRevoked   it is revoked for good
  OwnKey           who proposed a key, or belongs to its organisation, cannot trust it
NotFound
  UnknownKey       there is none, or it belongs to another supplier
Forbidden
  NotItsSupplier   a key is proposed for another organisation, or for one that supplies nothing
"""

from vigil.kernel.errors import Conflict, Forbidden, Invalid, NotFound


class BadKey(Invalid):
    title = "This is not a key"


class KeyKnown(Conflict):
    title = "The key is known already"


class NotProposed(Conflict):
    title = "The key does not wait for trust"


class AlreadyRevoked(Conflict):
    title = "The key is revoked"


class OwnKey(Conflict):
    title = "Somebody else has to trust it"


class UnknownKey(NotFound):
    title = "No such key"


class NotItsSupplier(Forbidden):
    title = "Only its supplier proposes a key"
