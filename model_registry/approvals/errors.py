"""What can go wrong with an approval.

Conflict
  NotApprovable   evidence is missing; names each piece, and who can supply it
"""

from vigil.kernel.errors import Conflict


class NotApprovable(Conflict):
    title = "The version cannot be approved yet"
