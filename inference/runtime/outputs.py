"""A model's outputs as bytes that are the same whenever the numbers are the same.

They are kept under their digest, and a replayed Run is held against them (design invariant 3).
JSON with base64, so that a reader of 2040 needs no library of ours; never pickled.
"""

import base64
import json
from typing import Any

import numpy as np

from inference.runtime.wire import DTYPES, Array, Arrays
from vigil.kernel.errors import Fault, Invalid


def to_bytes(outputs: Arrays) -> bytes:
    """Return the one form of `outputs`: names sorted, numbers little endian, in C order."""
    kept = {name: _describe(array) for name, array in outputs.items()}
    return json.dumps(kept, sort_keys=True, separators=(",", ":")).encode()


def from_bytes(data: bytes) -> Arrays:
    """Read what `to_bytes` wrote.

    Raises:
        Invalid: these are not such bytes.
    """
    try:
        return {name: _array(entry) for name, entry in json.loads(data).items()}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        fault = Fault("outputs", "not the outputs of a model", "Give the bytes that a Run kept")
        raise Invalid.because([fault]) from error


def vectors(data: bytes, output: str) -> list[Array]:
    """Return one output of each image from what `to_bytes` wrote of a run, flat.

    Only that output is decoded: masks beside it may be large.
    """
    kept = json.loads(data)
    return [
        _array(entry).ravel() for name, entry in kept.items() if name.partition("/")[2] == output
    ]


def _describe(array: Array) -> dict[str, Any]:
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return {
        "dtype": array.dtype.name,
        "shape": list(array.shape),
        "data": base64.b64encode(little.tobytes()).decode("ascii"),
    }


def _array(entry: dict[str, Any]) -> Array:
    if entry["dtype"] not in DTYPES:
        raise ValueError("not a number")
    dtype = np.dtype(entry["dtype"])
    flat = np.frombuffer(base64.b64decode(entry["data"]), dtype.newbyteorder("<"))
    return flat.astype(dtype).reshape(entry["shape"])
