"""What can go wrong with nodes.

Invalid
  BadNode        the AE title, host or port is not one
Conflict
  SourceTaken    another active node already sends under this AE title
NotFound
  UnknownNode
"""

from vigil.kernel.errors import Conflict, Invalid, NotFound


class BadNode(Invalid):
    title = "This is not a DICOM node"


class SourceTaken(Conflict):
    title = "The AE title is taken"


class UnknownNode(NotFound):
    title = "No such node"
