""".npy files of strangers."""

import io

import numpy as np
import pytest
from factories.packages import npy

from model_registry.packages.arrays import read_array
from model_registry.packages.errors import BrokenPackage


@pytest.mark.parametrize(
    "array",
    [np.arange(6, dtype=">f4").reshape(2, 3), np.asfortranarray(np.eye(3)), np.float32(3)],
)
def test_what_was_saved_is_read(array: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> None:
    assert np.array_equal(read_array(npy(array), "x.npy"), array)


def pickled() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.array([object()]), allow_pickle=True)
    return buffer.getvalue()


def claims_terabytes() -> bytes:
    return npy(np.zeros(8, dtype=np.float32)).replace(b"(8,), ", b"(1099511627776,), ", 1)


@pytest.mark.parametrize(
    "data",
    [b"", b"text", pickled(), claims_terabytes(), npy(np.array(["a"])), npy(np.eye(2))[:-1]],
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(BrokenPackage, match=r"x\.npy"):
        read_array(data, "x.npy")
