"""Read a .npy file that somebody else made: numbers only, and exactly as many as it says."""

import io
import math
from typing import Any

import numpy as np
from numpy.lib import format as npy

from model_registry.packages.errors import BrokenPackage
from vigil.kernel.errors import Fault

Array = np.ndarray[Any, np.dtype[Any]]
MAX_HEADER = 4096
_READERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
_REMEDY = "Write it with numpy.save: booleans, integers or floats, no objects"


def read_array(data: bytes, field: str) -> Array:
    """Return the array in `data`, without ever unpickling or reserving more than there is.

    Raises:
        BrokenPackage: it is no array of plain numbers.
    """
    stream = io.BytesIO(data)
    try:
        reader = _READERS[npy.read_magic(stream)]
        shape, is_fortran, dtype = reader(stream, max_header_size=MAX_HEADER)
    except (ValueError, KeyError, TypeError, SyntaxError) as error:
        raise BrokenPackage.because([Fault(field, "not a .npy file", _REMEDY)]) from error
    rest = data[stream.tell() :]
    is_whole = dtype.kind in "biuf" and len(rest) == math.prod(shape) * dtype.itemsize
    if not is_whole or any(length < 0 for length in shape):
        raise BrokenPackage.because([Fault(field, "not an array of plain numbers", _REMEDY)])
    array = np.frombuffer(rest, dtype).reshape(shape, order="F" if is_fortran else "C")
    return array.astype(dtype.newbyteorder("="), order="C")
