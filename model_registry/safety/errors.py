"""What can go wrong with sign-offs.

Invalid
  BadThresholds        a threshold for a finding that the model lacks, or out of range
Forbidden
  NotAnOfficer         the signer is no clinical safety officer who may sign this
Conflict
  AlreadyJudged        it is signed already, or stale
  VigilTestedIt        a document made elsewhere would replace a test that Vigil ran
NotFound
  UnknownSafetyCase, UnknownAcceptance
"""

from vigil.kernel.errors import Conflict, Forbidden, Invalid, NotFound


class BadThresholds(Invalid):
    title = "These thresholds do not fit the model"


class NotAnOfficer(Forbidden):
    title = "A clinical safety officer signs this"


class AlreadyJudged(Conflict):
    title = "This is no draft any more"


class VigilTestedIt(Conflict):
    title = "Vigil tested this configuration"


class UnknownSafetyCase(NotFound):
    title = "No such safety case"


class UnknownAcceptance(NotFound):
    title = "No such acceptance"
