"""What can go wrong with streams.

NotFound
  NoSeries       a stream that cannot be followed day by day; says why
"""

from vigil.kernel.errors import NotFound


class NoSeries(NotFound):
    title = "No such series"
