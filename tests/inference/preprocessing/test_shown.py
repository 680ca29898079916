"""What is shown of the steps is what the model is fed."""

from io import BytesIO

import numpy as np
from factories.images import make_file
from factories.packages import manifest
from PIL import Image

from inference.preprocessing.pixels import read
from inference.preprocessing.png import MAX_SIDE, png_of
from inference.preprocessing.shown import Recorder
from inference.preprocessing.tensors import make_inputs
from inference.studies.attributes import attributes_of
from model_registry.packages.manifest import Manifest

VALUES = np.arange(256, dtype=np.uint16).reshape(16, 16) * 200


def decoded(png: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.asarray(Image.open(BytesIO(png)))


def test_watching_changes_nothing() -> None:
    declared = Manifest.model_validate(manifest()).input
    file = make_file(VALUES)
    attributes = attributes_of(read(file))
    recorder = Recorder(0, pictures=True)
    watched = make_inputs(file, declared, attributes, recorder.watch)
    recorder.fed(declared.tensors, watched)
    np.testing.assert_array_equal(
        watched["image"], make_inputs(file, declared, attributes)["image"]
    )
    last = recorder.stages[-1]
    assert (last.step, last.shape, last.dtype) == ("fed", (1, 1, 8, 8), "float32")
    assert last.png is not None
    spread = watched["image"][0, 0]
    expected = (spread - spread.min()) / (spread.max() - spread.min()) * 255
    assert np.abs(decoded(last.png).astype(float) - expected).max() <= 0.51


def test_a_picture_is_kept_only_where_it_is_wanted() -> None:
    declared = Manifest.model_validate(manifest()).input
    file = make_file(VALUES)
    recorder = Recorder(0, pictures=False)
    make_inputs(file, declared, attributes_of(read(file)), recorder.watch)
    assert {stage.png for stage in recorder.stages} == {None}


def test_a_png_is_read_back_as_it_was_written() -> None:
    grey = np.arange(12.0).reshape(3, 4)
    assert decoded(png_of(grey)).tolist() == np.rint(grey / 11 * 255).astype(int).tolist()
    colour = np.stack([grey, grey * 0, grey])
    assert decoded(png_of(colour)).shape == (3, 4, 3)


def test_a_large_image_is_thinned_out() -> None:
    assert max(decoded(png_of(np.zeros((3000, 2000)))).shape) <= MAX_SIDE


def test_an_even_image_and_one_with_holes_are_drawn() -> None:
    assert decoded(png_of(np.full((2, 2), 7.0))).max() == 0
    assert decoded(png_of(np.array([[np.nan, 1.0], [2.0, np.inf]]))).max() == 255
