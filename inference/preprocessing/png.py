"""Write an image as PNG (ISO/IEC 15948), for people to look at: eight bits, grey or colour."""

import struct
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

MAX_SIDE = 512
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _COLOUR = 0, 2
_COLOURS = 3


def png_of(values: npt.NDArray[Any]) -> bytes:
    """Return rows x columns, or three channels x rows x columns, from least (black) to greatest.

    A large image is thinned out to at most `MAX_SIDE` a side: no pixel is made up.
    """
    planes = values[np.newaxis] if values.ndim == 2 else values  # noqa: PLR2004 - rows and columns
    planes = planes if len(planes) == _COLOURS else planes[:1]
    every = -(-max(planes.shape[-2:]) // MAX_SIDE)
    bytes_ = _to_bytes(planes[:, ::every, ::every].astype(np.float64))
    height, width, channels = bytes_.shape
    lines = np.zeros((height, 1 + width * channels), np.uint8)
    lines[:, 1:] = bytes_.reshape(height, -1)
    kind = _COLOUR if channels == _COLOURS else _GREY
    header = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), 6)), (b"IEND", b""))
    return _SIGNATURE + b"".join(_chunk(name, data) for name, data in parts)


def _to_bytes(planes: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    """Spread the values over 0 to 255; what is not finite is black."""
    finite = np.nan_to_num(planes, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(finite.min()), float(finite.max())
    part = (finite - low) / (high - low) if high > low else np.zeros_like(finite)
    return np.moveaxis(np.rint(part * 255).astype(np.uint8), 0, -1)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
