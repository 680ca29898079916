"""What can go wrong with a reference.

NotFound
  NoReference         this version has none for this finding
  NothingOffered      the package has no validation set, or none of its findings
Conflict
  TooFewCases         not enough to be a reference, with how many there are
Forbidden
  NeedsAPerson        a reference in force is replaced by a person, never by Vigil itself
  NeedsTheNetwork     one for every site is not set by the officer of one
Invalid
  UnreadableTable     the supplier's validation set cannot be read
"""

from vigil.kernel.errors import Conflict, Forbidden, Invalid, NotFound


class NoReference(NotFound):
    title = "No reference"


class TooFewCases(Conflict):
    title = "Too few cases for a reference"


class NeedsAPerson(Forbidden):
    title = "Only a person replaces a reference"


class NeedsTheNetwork(Forbidden):
    title = "Only the network sets this"


class NothingOffered(NotFound):
    title = "The package has no validation set"


class UnreadableTable(Invalid):
    title = "The validation set cannot be read"
