"""What can go wrong with a report.

NotFound
  UnknownReport, NoDocument (it was not rendered: too few records, or it failed)
Unavailable
  RenderingFailed    the child process gave nothing in its time
"""

from vigil.kernel.errors import NotFound, Unavailable


class UnknownReport(NotFound):
    title = "No such report"


class NoDocument(NotFound):
    title = "This report has no document"


class RenderingFailed(Unavailable):
    title = "The report could not be rendered"
