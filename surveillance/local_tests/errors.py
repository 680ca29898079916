"""What can go wrong with a local acceptance test.

Invalid
  BadRule             the pass rule does not fit the model
  BadLabels           the table of labels cannot be read at all
Conflict
  AlreadyStarted      the plan and the labels of a test that has begun are fixed
  NothingToRun        it has no labelled case yet
  NotAdmitted         the version has not passed its checks, or was withdrawn
NotFound
  UnknownTest
  NotJudgedYet        there is no result document yet
"""

from vigil.kernel.errors import Conflict, Invalid, NotFound


class BadRule(Invalid):
    title = "This pass rule does not fit the model"


class BadLabels(Invalid):
    title = "This table of labels cannot be used"


class AlreadyStarted(Conflict):
    title = "The test has begun"


class NothingToRun(Conflict):
    title = "There is nothing to run"


class NotAdmitted(Conflict):
    title = "This version cannot be tested"


class UnknownTest(NotFound):
    title = "No such acceptance test"


class NotJudgedYet(NotFound):
    title = "There is no result yet"
