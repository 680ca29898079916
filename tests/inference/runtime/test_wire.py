import json
import os
import struct
import time
from collections.abc import Iterator

import numpy as np
import pytest

from inference.runtime.wire import Arrays, Channel, Closed, Malformed, TimedOut


class Pair:
    """Two channels, each other's ends, and the raw descriptor that one of them reads from."""

    def __init__(self) -> None:
        there, back = os.pipe(), os.pipe()
        self.near, self.far = Channel(back[0], there[1]), Channel(there[0], back[1])
        self.to_near = back[1]
        self.descriptors = {*there, *back}

    def close(self, descriptor: int) -> None:
        os.close(descriptor)
        self.descriptors.remove(descriptor)


@pytest.fixture
def pair() -> Iterator[Pair]:
    pair = Pair()
    yield pair
    for descriptor in pair.descriptors:
        os.close(descriptor)


ARRAYS: Arrays = {
    "floats": np.arange(6, dtype=np.float32).reshape(2, 3),
    "turned": np.arange(6, dtype=np.int64).reshape(2, 3).T,
    "big": np.arange(3, dtype=">u2"),
    "none": np.zeros((0, 4), dtype=np.float16),
    "one": np.array(7.5),
    "truth": np.array([True, False]),
}


def test_arrays_arrive_as_they_were(pair: Pair) -> None:
    pair.near.send({"seconds": 2}, ARRAYS, None)
    header, arrays = pair.far.receive(None)
    assert header == {"seconds": 2}
    assert list(arrays) == list(ARRAYS)
    for name, sent in ARRAYS.items():
        assert arrays[name].shape == sent.shape
        assert arrays[name].dtype == sent.dtype.newbyteorder("=")
        assert np.array_equal(arrays[name], sent)


def test_a_silent_other_side_times_out(pair: Pair) -> None:
    with pytest.raises(TimedOut):
        pair.near.receive(time.monotonic() + 0.02)


def test_an_other_side_that_does_not_read_times_out(pair: Pair) -> None:
    with pytest.raises(TimedOut):
        pair.near.send({}, {"large": np.zeros(1 << 20)}, time.monotonic() + 0.02)


def test_an_other_side_that_is_gone_is_closed(pair: Pair) -> None:
    pair.close(pair.to_near)
    with pytest.raises(Closed):
        pair.near.receive(None)


def test_texts_are_not_carried(pair: Pair) -> None:
    with pytest.raises(Malformed, match="not a number"):
        pair.near.send({}, {"text": np.array(["a"])}, None)
    with pytest.raises(Malformed, match="not a number"):
        pair.near.send({}, {"objects": np.array([object()])}, None)


@pytest.mark.parametrize(
    "header",
    [
        b"no json",
        b"[]",
        b"{}",
        json.dumps({"arrays": [{"name": "a", "dtype": "object", "shape": [1]}]}).encode(),
        json.dumps({"arrays": [{"name": "a", "dtype": "int8", "shape": [-1]}]}).encode(),
        json.dumps({"arrays": [{"name": "a", "dtype": "int8", "shape": [1 << 40]}]}).encode(),
        json.dumps({"arrays": [{"name": "a", "dtype": "int8", "shape": ["1"]}]}).encode(),
    ],
)
def test_a_header_that_is_none_is_malformed(pair: Pair, header: bytes) -> None:
    os.write(pair.to_near, struct.pack("<I", len(header)) + header)
    with pytest.raises(Malformed):
        pair.near.receive(None)


def test_a_header_that_is_too_long_is_malformed_before_it_is_read(pair: Pair) -> None:
    os.write(pair.to_near, struct.pack("<I", 1 << 31))
    with pytest.raises(Malformed, match="too long"):
        pair.near.receive(None)
