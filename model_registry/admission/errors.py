"""What can go wrong with an admission.

VigilError
  OverBudget       the model takes longer, or more memory, than its manifest allows
Conflict
  AlreadyDecided   people have judged the version already, or it was withdrawn
  NotAgain         the checks would say the same of the same bytes
"""

from vigil.kernel.errors import Conflict, VigilError


class AlreadyDecided(Conflict):
    title = "The version is beyond its checks"


class NotAgain(Conflict):
    title = "The checks would say the same"


class OverBudget(VigilError):
    title = "The model exceeds its declared resources"
