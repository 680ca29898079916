"""An image on its way through the steps: its values and the range that they may have by now.

A radiograph has millions of pixels and some thousand different values. Until it is resized or gets
channels, it is kept as the stored values and a table of what each has become, so that a step works
on the table and the pixels are looked at once.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from inference.preprocessing.errors import Undecodable
from inference.preprocessing.pixels import Frame
from vigil.kernel.errors import Fault

Values = npt.NDArray[np.float64]
_MAX_LEVELS = 1 << 16


@dataclass(frozen=True)
class Picture:
    """Values as rows x columns, or channels x rows x columns after `channels`.

    `low` and `high` are what the bits stored allow after the steps so far, not what occurs: the
    same tissue keeps the same value whatever else is in the image.

    Attributes:
        levels: the values themselves; or, with `places`, the different values there are.
        places: for each pixel, the place of its value in `levels`.
    """

    levels: Values
    places: npt.NDArray[np.integer[Any]] | None
    low: float
    high: float
    photometric: str
    header: Dataset

    @classmethod
    def of(cls, frame: Frame) -> "Picture":
        first, last = int(frame.values.min()), int(frame.values.max())
        if last - first >= _MAX_LEVELS:
            fault = Fault("PixelData", "values beyond the bits stored", "Have it sent again")
            raise Undecodable("PixelData: values beyond the bits stored.", (fault,))
        places = frame.values if first == 0 else np.subtract(frame.values, first, dtype=np.int32)
        levels = np.arange(first, last + 1, dtype=np.float64)
        return cls(levels, places, *frame.range, frame.photometric, frame.header)

    @property
    def values(self) -> Values:
        return self.levels if self.places is None else self._looked_up(self.places)

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.levels if self.places is None else self.places).shape

    def mapped(self, function: Callable[[Values], Values], low: float, high: float) -> "Picture":
        """Return the picture with each value changed by `function`, by nothing but itself."""
        return replace(self, levels=function(self.levels), low=low, high=high)

    def holding(self, values: Values) -> "Picture":
        """Return the picture with other pixels."""
        return replace(self, levels=values, places=None)

    def rows(self, which: slice | npt.NDArray[np.integer[Any]]) -> Values:
        """Return some rows of a picture without channels."""
        return self.levels[which] if self.places is None else self._looked_up(self.places[which])

    def _looked_up(self, places: npt.NDArray[np.integer[Any]]) -> Values:
        # Every place is in the table; `clip` only spares a check of each pixel.
        return np.take(self.levels, places, mode="clip")
