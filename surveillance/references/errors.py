"""What can go wrong with a reference.

NotFound
  NoReference         this version has none for this finding
Conflict
  TooFewCases         not enough to be a reference, with how many there are
Forbidden
  NeedsAPerson        a reference in force is replaced by a person, never by Vigil itself
  NeedsTheNetwork     one for every site is not set by the officer of one
Invalid
"""

from vigil.kernel.errors import Conflict, Forbidden, NotFound


class NoReference(NotFound):
    title = "No reference"


class TooFewCases(Conflict):
    title = "Too few cases for a reference"


class NeedsAPerson(Forbidden):
    title = "Only a person replaces a reference"


class NeedsTheNetwork(Forbidden):
    title = "Only the network sets this"
