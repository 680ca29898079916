"""What can go wrong with a label-free view.

Invalid
  WrongDays       the first day is after the last
"""

from vigil.kernel.errors import Invalid


class WrongDays(Invalid):
    title = "The days are the wrong way round"
