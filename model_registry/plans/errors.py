"""What can go wrong with change plans.

NotFound
  NoPlan       the version has none and follows none
Conflict
  NotAdmitted  a version is held against a plan once its checks have passed
"""

from vigil.kernel.errors import Conflict, NotFound


class NoPlan(NotFound):
    title = "No change plan"


class NotAdmitted(Conflict):
    title = "Its checks have not passed"
