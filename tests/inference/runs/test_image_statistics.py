import tracemalloc
from pathlib import Path

import numpy as np
import pydicom
import pytest
from factories.packages import manifest

from inference.preprocessing.errors import CannotPreprocess
from inference.preprocessing.tensors import make_inputs
from inference.runs.image_statistics import MOST_PIXELS, NAMES, averaged, of_inputs, of_pixels
from inference.studies.attributes import attributes_of
from model_registry.packages.manifest import Manifest


def test_a_gradient_has_the_moments_and_tails_that_it_has() -> None:
    image = np.linspace(0, 1, 224 * 224, dtype=np.float32).reshape(1, 1, 224, 224)
    found = of_pixels(image)
    assert found["mean"] == pytest.approx(0.5, abs=1e-4)
    assert found["sd"] == pytest.approx(1 / np.sqrt(12), abs=1e-4)
    assert found["p1"] == pytest.approx(0.01, abs=2e-3)
    assert found["p99"] == pytest.approx(0.99, abs=2e-3)
    assert found["clipped"] == pytest.approx(2 / image.size, abs=1e-3)


def test_clipped_pixels_are_those_at_either_end() -> None:
    image = np.full((1, 1, 100, 100), 0.5)
    image[..., :20, :], image[..., 20:50, :] = 0.0, 1.0
    assert of_pixels(image)["clipped"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((1, 1, 8, 8), dtype=np.uint8),
        np.full((1, 1, 8, 8), np.finfo(np.float64).max),
        np.zeros((1, 0), dtype=np.float32),
        np.full((1, 1, 2, 2), np.nan),
        np.array([[np.inf, -np.inf, 1.0]]),
    ],
)
def test_an_image_of_nothing_or_of_anything_has_statistics_or_none(
    image: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
) -> None:
    found = of_pixels(image)
    assert set(found) == set(NAMES) - {"aspect"}
    assert all(value is None or np.isfinite(value) for value in found.values())


def test_a_large_volume_costs_no_more_than_a_small_image() -> None:
    volume = np.random.default_rng(1).normal(3, 2, (1, 1, 8, 512, 512)).astype(np.float32)
    tracemalloc.start()
    found = of_pixels(volume)
    _, most_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert volume.size > 10 * MOST_PIXELS
    assert found["mean"] == pytest.approx(3, abs=0.05)
    assert found["sd"] == pytest.approx(2, abs=0.05)
    assert most_bytes < 4 * MOST_PIXELS * 8, "no more than a few numbers for each pixel looked at"


def test_the_images_of_a_run_are_averaged_and_what_none_knows_is_none() -> None:
    one = dict.fromkeys(NAMES, 1.0)
    other = {**dict.fromkeys(NAMES, 3.0), "aspect": None, "sd": None}
    found = averaged([one, other])
    assert found is not None
    assert (found["mean"], found["aspect"]) == (2.0, 1.0)
    assert averaged([{**other}]) == {**other}
    assert averaged([]) is None


def test_real_radiographs_have_finite_statistics(realdata: Path) -> None:
    declared = Manifest.model_validate(manifest()).input
    seen = 0
    for path in sorted((realdata / "dicom").rglob("*.dcm"))[:80]:
        file = path.read_bytes()
        try:
            attributes = attributes_of(pydicom.dcmread(path, stop_before_pixels=True))
            inputs = make_inputs(file, declared, attributes)
        except (CannotPreprocess, OSError, pydicom.errors.InvalidDicomError):
            continue
        found = of_inputs(inputs, declared.tensors, attributes)
        assert set(found) == set(NAMES)
        assert found["mean"] is not None
        assert 0 <= found["mean"] <= 1
        assert found["aspect"] == pytest.approx(attributes["columns"] / attributes["rows"])
        seen += 1
    assert seen >= 10
