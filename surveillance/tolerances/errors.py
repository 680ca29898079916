"""What can go wrong with a tolerance.

Forbidden
  NeedsTheNetwork     what holds for every site is not set by the officer of one
Invalid               no such kind, or an amount that means nothing
"""

from vigil.kernel.errors import Forbidden


class NeedsTheNetwork(Forbidden):
    title = "Only the network sets this"
