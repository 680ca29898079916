"""The scores of the two demonstration models on every real radiograph, against a bare script.

The script shares nothing with Vigil: pydicom's own decoding, resampling as a product of matrices,
onnxruntime in this process.
"""

import csv
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnxruntime as ort
import pydicom
import pytest

from inference.preprocessing.tensors import Images, make_tensor
from inference.runtime.pool import Runtimes
from inference.runtime.settings import RuntimeSettings
from model_registry.packages.manifest import Resources, Tensor

Array = np.ndarray[Any, np.dtype[Any]]
MODELS = {"nih64_multihead_cnn.onnx": 64, "pneumoniamnist_cnn28.onnx": 28}
RESOURCES = Resources(max_seconds=20, max_memory_mb=512)


class Scored(NamedTuple):
    model: str
    row: dict[str, str]
    ours: Array
    bare: Array


def steps(size: int) -> Tensor:
    """The tensor block of the demonstration packages."""
    return Tensor.model_validate(
        {
            "name": "image",
            "layout": "NCHW",
            "dtype": "float32",
            "steps": [
                "modality_lut",
                {"voi": {"window": "dicom"}},
                {"monochrome1": "invert"},
                {"resize": {"height": size, "width": size, "method": "area"}},
                {"scale": {"to": [0, 255]}},
            ],
        }
    )


def overlap(pixels: int, size: int) -> Array:
    """How much of each source pixel is within each output pixel, by the lengths themselves."""
    begins, ends = (np.arange(size) + shift for shift in (0, 1))
    left, right = (edges[:, np.newaxis] * pixels / size for edges in (begins, ends))
    each = np.arange(pixels)
    lengths = np.clip(np.minimum(right, each + 1) - np.maximum(left, each), 0, None)
    return np.asarray(lengths * size / pixels)


def bare_values(path: Path) -> Array:
    """8-bit values as they are, 12-bit ones spread over 0 to 255; white is high."""
    dataset = pydicom.dcmread(path)
    values = dataset.pixel_array.astype(np.float64) * 255 / ((1 << dataset.BitsStored) - 1)
    return np.asarray(
        255 - values if dataset.PhotometricInterpretation == "MONOCHROME1" else values
    )


def bare_scores(session: ort.InferenceSession, values: Array, size: int) -> Array:
    rows, columns = (overlap(pixels, size) for pixels in values.shape)
    image = (rows @ values @ columns.T).astype(np.float32)[np.newaxis, np.newaxis]
    return np.asarray(session.run(None, {"image": image})[0][0])


@pytest.fixture(scope="module")
def scored(realdata: Path) -> Iterator[list[Scored]]:
    models = {name: (realdata / "models" / name).read_bytes() for name in MODELS}
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    sessions = {name: ort.InferenceSession(model, options) for name, model in models.items()}
    runtimes = Runtimes(RuntimeSettings())
    scored = []
    with (realdata / "cxr_dicom" / "manifest.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            path = realdata / "cxr_dicom" / row["dicom"]
            values, images = bare_values(path), Images(path.read_bytes())
            for name, size in MODELS.items():
                inputs = {"image": make_tensor(images, steps(size), {})}
                given = runtimes.predict(name, partial(models.__getitem__, name), inputs, RESOURCES)
                bare = bare_scores(sessions[name], values, size)
                scored.append(Scored(name, row, given.outputs["scores"][0], bare))
    yield scored
    runtimes.close()


def test_every_score_is_that_of_a_bare_script(scored: list[Scored]) -> None:
    assert len(scored) == 2 * 536
    apart = {(s.model, s.row["dicom"]): float(np.abs(s.ours - s.bare).max()) for s in scored}
    assert max(apart.values()) <= 1e-5, max(apart, key=lambda name: apart[name])


def test_monochrome1_is_among_them(scored: list[Scored]) -> None:
    assert sum(s.row["photometric"] == "MONOCHROME1" for s in scored) == 2 * 24


def test_the_published_scores_are_reproduced(scored: list[Scored], realdata: Path) -> None:
    with (realdata / "cxr" / "scores_nih64_multihead.csv").open(newline="") as file:
        published = {row["file"]: row for row in csv.DictReader(file)}
    columns = ("p_abnormal", "p_sex_M", "p_view_AP")
    compared = 0
    for model, row, ours, _ in scored:
        if model != "nih64_multihead_cnn.onnx" or row["dataset"] != "nih1000_64px":
            continue
        expected = np.array([float(published[row["file"]][column]) for column in columns])
        tolerance = 1e-5 if row["bits"] == "8" else 4e-4
        assert np.abs(ours - expected).max() <= tolerance, row["dicom"]
        compared += 1
    assert compared == 417
