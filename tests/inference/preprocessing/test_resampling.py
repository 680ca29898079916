from typing import Any

import numpy as np
import pytest
from PIL import Image

from inference.preprocessing import resampling

RANDOM = np.random.default_rng(7).integers(0, 4096, (531, 640)).astype(np.float64)


def resize(values: Any, height: int, width: int, method: str) -> Any:
    return resampling.resize(values.__getitem__, values.shape, height, width, method)


def overlap_mean(values: Any, n: int) -> list[float]:
    """The definition, written out."""
    size, means = len(values), []
    for i in range(n):
        left, right = i * size / n, (i + 1) * size / n
        weights = [max(0.0, min(right, j + 1) - max(left, j)) for j in range(size)]
        means.append(float(np.dot(weights, values) / sum(weights)))
    return means


@pytest.mark.parametrize("n", [1, 2, 3, 7, 10, 13])
def test_area_is_the_mean_with_fractional_overlap(n: int) -> None:
    row = RANDOM[:1, :10]
    assert np.allclose(resize(row, 1, n, "area")[0], overlap_mean(row[0], n), atol=1e-9)


def test_area_of_whole_blocks_is_pillows_box() -> None:
    values = RANDOM[:512, :640]
    theirs = Image.fromarray(values.astype(np.float32)).resize((64, 64), Image.Resampling.BOX)
    assert np.allclose(resize(values, 64, 64, "area"), np.asarray(theirs), atol=1e-2)


def test_area_keeps_the_mean_and_a_flat_image() -> None:
    assert np.isclose(resize(RANDOM, 28, 37, "area").mean(), RANDOM.mean())
    flat = resize(np.full((77, 91), 4095.0), 28, 28, "area")
    assert np.allclose(flat, 4095, atol=1e-9)


@pytest.mark.parametrize("method", ["area", "linear", "nearest"])
def test_the_same_size_is_the_same_image(method: str) -> None:
    assert np.array_equal(resize(RANDOM, 531, 640, method), RANDOM)


def test_linear_meets_pixel_centres_and_repeats_the_edge() -> None:
    row = np.array([[0.0, 10.0]])
    assert resize(row, 1, 4, "linear").tolist() == [[0, 2.5, 7.5, 10]]
    assert resize(row, 1, 1, "linear").tolist() == [[5]]


def test_nearest_takes_the_pixel_under_the_centre() -> None:
    row = np.arange(10.0)[np.newaxis]
    assert resize(row, 1, 4, "nearest").tolist() == [[1, 3, 6, 8]]
    assert resize(row, 1, 20, "nearest")[0].tolist() == np.repeat(np.arange(10), 2).tolist()
