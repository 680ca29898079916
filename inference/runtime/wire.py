"""Messages between Vigil and a model's process: a JSON header, then the arrays' plain bytes.

Neither side trusts the other's lengths and nothing is unpickled, so the worst that a subverted
child can send is wrong numbers. Both ends of a pipe wait in poll(), so that each message has a
deadline without a thread to watch it.
"""

import json
import os
import select
import struct
import time
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Arrays = dict[str, Array]

MAX_HEADER = 1 << 20
MAX_ARRAYS = 1 << 29
DTYPES = frozenset(
    {"bool", "float16", "float32", "float64"}
    | {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
)
_MAX_PARTS = 512  # of one writev(2): below IOV_MAX everywhere
_LENGTH = struct.Struct("<I")


class Closed(Exception):
    """The other side is gone."""


class TimedOut(Exception):
    """The other side did not answer before the deadline."""


class Malformed(Exception):
    """This is no message: too long, or of a type that is not carried."""


class Channel:
    """A pipe to read from and a pipe to write to."""

    def __init__(self, reading: int, writing: int) -> None:
        self._reading, self._writing = reading, writing
        self._readable, self._writable = select.poll(), select.poll()
        self._readable.register(reading, select.POLLIN)
        self._writable.register(writing, select.POLLOUT)
        for descriptor in (reading, writing):
            os.set_blocking(descriptor, False)

    def send(
        self, header: dict[str, Any], arrays: Mapping[str, Array], until: float | None
    ) -> None:
        """Send one message before `until`, an instant of `time.monotonic`."""
        plain = [
            np.ascontiguousarray(array, array.dtype.newbyteorder("=")) for array in arrays.values()
        ]
        if sum(array.nbytes for array in plain) > MAX_ARRAYS:
            raise Malformed(f"more than {MAX_ARRAYS} bytes")
        described = [_described(name, array) for name, array in arrays.items()]
        head = json.dumps({**header, "arrays": described}).encode()
        # One write, so that the other side wakes once.
        self._write([memoryview(_LENGTH.pack(len(head)) + head), *map(_bytes, plain)], until)

    def receive(self, until: float | None) -> tuple[dict[str, Any], Arrays]:
        """Wait for one message until `until`."""
        (length,) = _LENGTH.unpack(self._read(_LENGTH.size, until))
        if length > MAX_HEADER:
            raise Malformed("the header is too long")
        try:
            header = json.loads(self._read(length, until))
            shapes = [_checked(entry) for entry in header.pop("arrays")]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise Malformed("the header cannot be read") from error
        if sum(np.dtype(dtype).itemsize * prod(shape) for _, dtype, shape in shapes) > MAX_ARRAYS:
            raise Malformed(f"more than {MAX_ARRAYS} bytes")
        return header, {name: self._array(dtype, shape, until) for name, dtype, shape in shapes}

    def _array(self, dtype: str, shape: tuple[int, ...], until: float | None) -> Array:
        array = np.empty(shape, dtype)
        self._read_into(_bytes(array), until)
        return array

    def _read(self, size: int, until: float | None) -> bytes:
        buffer = bytearray(size)
        self._read_into(memoryview(buffer), until)
        return bytes(buffer)

    def _read_into(self, buffer: memoryview, until: float | None) -> None:
        while buffer:
            try:
                count = os.readv(self._reading, [buffer])
            except BlockingIOError:
                _wait(self._readable, until)
                continue
            if count == 0:
                raise Closed
            buffer = buffer[count:]

    def _write(self, parts: list[memoryview], until: float | None) -> None:
        parts = [part for part in parts if part]
        while parts:
            try:
                written = os.writev(self._writing, parts[:_MAX_PARTS])
            except BlockingIOError:
                _wait(self._writable, until)
                continue
            except BrokenPipeError as error:
                raise Closed from error
            parts = _after(parts, written)


def _after(parts: list[memoryview], written: int) -> list[memoryview]:
    """Return what is left of `parts` after the first `written` bytes."""
    while parts and written >= len(parts[0]):
        written -= len(parts[0])
        parts = parts[1:]
    return [parts[0][written:], *parts[1:]] if parts else []


def _bytes(array: Array) -> memoryview:
    return array.reshape(-1).view(np.uint8).data


def _wait(poll: select.poll, until: float | None) -> None:
    left = None if until is None else max(0.0, until - time.monotonic()) * 1000
    if not poll.poll(left):
        raise TimedOut


def _described(name: str, array: Array) -> dict[str, Any]:
    if array.dtype.name not in DTYPES:
        raise Malformed(f"{name} holds {array.dtype.name}, which is not a number")
    return {"name": name, "dtype": array.dtype.name, "shape": array.shape}


def _checked(entry: dict[str, Any]) -> tuple[str, str, tuple[int, ...]]:
    name, dtype, shape = str(entry["name"]), entry["dtype"], tuple(entry["shape"])
    if dtype not in DTYPES or any(type(size) is not int or size < 0 for size in shape):
        raise ValueError("no array")
    return name, dtype, shape
