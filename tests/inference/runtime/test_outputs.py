import numpy as np
import pytest

from inference.runtime.outputs import from_bytes, to_bytes, vectors
from inference.runtime.wire import Arrays
from vigil.kernel.errors import Invalid

OUTPUTS: Arrays = {
    "scores": np.array([[0.25, np.nan, -np.inf]], dtype=np.float32),
    "mask": np.arange(12, dtype=np.uint8).reshape(1, 3, 4),
    "volume": np.array(3.5),
    "nothing": np.zeros((0, 2), dtype=np.int64),
}


def test_outputs_come_back_bit_by_bit() -> None:
    back = from_bytes(to_bytes(OUTPUTS))
    assert set(back) == set(OUTPUTS)
    for name, array in OUTPUTS.items():
        assert back[name].tobytes() == array.tobytes()
        assert (back[name].shape, back[name].dtype) == (array.shape, array.dtype)


def test_equal_numbers_are_equal_bytes_however_they_lie_in_memory() -> None:
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    one = to_bytes({"a": values, "b": values})
    other = to_bytes({"b": np.asfortranarray(values), "a": values.astype(">f4")})
    assert one == other


def test_one_bit_is_another_text() -> None:
    value = np.array([0.1], dtype=np.float32)
    assert to_bytes({"a": value}) != to_bytes({"a": np.nextafter(value, np.float32(1))})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"a": {"dtype": "object", "shape": [1], "data": ""}}',
        b'{"a": {"dtype": "int8", "shape": [9], "data": "AAA="}}',
    ],
)
def test_other_bytes_are_invalid(data: bytes) -> None:
    with pytest.raises(Invalid):
        from_bytes(data)


def test_one_output_of_each_image_is_read_flat() -> None:
    given: Arrays = {
        "1.2.3/pooled": np.array([[1.0, 2.0]], dtype=np.float32),
        "1.2.4/pooled": np.array([3.0, 4.0], dtype=np.float16),
        "1.2.3/mask": np.zeros((1, 1, 64, 64), dtype=np.float32),
        "pooled": np.array([9.0], dtype=np.float32),
    }
    found = vectors(to_bytes(given), "pooled")
    assert [each.tolist() for each in found] == [[1.0, 2.0], [3.0, 4.0]]
    assert vectors(to_bytes(given), "other") == []
