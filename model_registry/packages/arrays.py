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
MAX_DIMENSIONS = 32
# More than any file of a package can hold; also of an array that is empty along another dimension.
MAX_NUMBERS = 2**31
_READERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
_REMEDY = "Write it with numpy.save: booleans, integers or floats, no objects"


def read_array(data: bytes, field: str) -> Array:
    """Return the array in `data`, without ever unpickling or reserving more than there is.

    Raises:
        BrokenPackage: it is no array of plain numbers.
    """
    try:
        return _array(data, field)
    except BrokenPackage:
        raise
    except Exception as error:
        raise BrokenPackage.because([Fault(field, "not a .npy file", _REMEDY)]) from error


def _array(data: bytes, field: str) -> Array:
    stream = io.BytesIO(data)
    reader = _READERS[npy.read_magic(stream)]
    shape, is_fortran, dtype = reader(stream, max_header_size=MAX_HEADER)
    if not _is_shape(shape):
        problem = f"its shape is none, or has more than {MAX_DIMENSIONS} dimensions"
        raise BrokenPackage.because([Fault(field, problem, _REMEDY)])
    rest = data[stream.tell() :]
    if dtype.kind not in "biuf" or len(rest) != math.prod(shape) * dtype.itemsize:
        raise BrokenPackage.because([Fault(field, "not an array of plain numbers", _REMEDY)])
    array = np.frombuffer(rest, dtype).reshape(shape, order="F" if is_fortran else "C")
    return array.astype(dtype.newbyteorder("="), order="C")


def _is_shape(shape: tuple[Any, ...]) -> bool:
    """Whether numpy can make it. `True` is an int too; an empty array may claim any length."""
    return (
        len(shape) <= MAX_DIMENSIONS
        and all(type(length) is int and length >= 0 for length in shape)
        and math.prod(max(length, 1) for length in shape) <= MAX_NUMBERS
    )
