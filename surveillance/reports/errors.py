"""What can go wrong with a report.

NotFound
  UnknownReport, UnknownSchedule
  NoDocument         it was not rendered: too few records, or it failed
Conflict
  NotFailed          only a report that failed is made again
  AlreadyScheduled   the same report has a schedule of this cadence
  ScheduleEnded      it was ended before
Unavailable
  RenderingFailed    the child process gave nothing in its time
"""

from vigil.kernel.errors import Conflict, NotFound, Unavailable


class UnknownReport(NotFound):
    title = "No such report"


class UnknownSchedule(NotFound):
    title = "No such schedule"


class NoDocument(NotFound):
    title = "This report has no document"


class NotFailed(Conflict):
    title = "The report did not fail"


class AlreadyScheduled(Conflict):
    title = "This report is scheduled already"


class ScheduleEnded(Conflict):
    title = "The schedule was ended before"


class RenderingFailed(Unavailable):
    title = "The report could not be rendered"
