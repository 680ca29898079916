"""Streams of different lengths in one array, each from its first day on. Pure."""

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", bound=np.generic)


def packed(rows: Sequence[NDArray[Number]]) -> NDArray[Number]:
    """Return (streams, days, ...), with zeros on the days that a stream does not have."""
    longest = max(len(row) for row in rows)
    together: NDArray[Any] = np.zeros((len(rows), longest, *rows[0].shape[1:]), rows[0].dtype)
    for place, row in zip(together, rows, strict=True):
        place[: len(row)] = row
    return together
