"""A month of the daily counts of one version at one site, as one block of bytes. Pure.

A year of 640 findings is 230,000 rows, and a row costs more to fetch than to judge: months that are
over are kept packed beside their rows, which stay the truth (`streams.sealing`).
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from surveillance.records.models import SLOT
from surveillance.streams.parts import Part

_HEADER = 8  # digits of the length of what the block holds, which comes first


def packed(parts: Iterable[Part]) -> bytes:
    """Write parts one after the other, behind a list of their names and sizes."""
    listed: list[list[Any]] = []
    blocks: list[bytes] = []
    for part in parts:
        listed.append([part.name, len(part.ordinals), *_widths(part)])
        held = (part.ordinals, part.counted, part.histograms)
        blocks.extend(np.ascontiguousarray(numbers, dtype=SLOT).tobytes() for numbers in held)
    header = json.dumps(listed, separators=(",", ":")).encode()
    return b"".join([f"{len(header):0{_HEADER}}".encode(), header, *blocks])


def unpacked(block: bytes) -> Iterator[Part]:
    """Return the parts; they share the block's memory."""
    ends = _HEADER + int(block[:_HEADER])
    for name, days, counters, slots in json.loads(block[_HEADER:ends]):
        size = days * (1 + counters + slots)
        numbers = np.frombuffer(block, SLOT, size, ends)
        begins = days * (1 + counters)
        counted = numbers[days:begins].reshape(days, counters)
        yield Part(name, numbers[:days], counted, numbers[begins:].reshape(days, slots))
        ends += size * SLOT.itemsize


def _widths(part: Part) -> tuple[int, int]:
    return part.counted.shape[1], part.histograms.shape[1]
