"""The grayscale steps against pydicom's functions of the same definitions."""

from typing import Any

import numpy as np
import pytest
from factories.images import make_image
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut
from pydicom.sequence import Sequence

from inference.preprocessing.errors import StepFailed
from inference.preprocessing.grey import modality_lut, monochrome1, voi
from inference.preprocessing.picture import Picture
from inference.preprocessing.pixels import decode
from model_registry.packages.manifest import ModalityLut, Monochrome1, Voi

UNSIGNED = np.arange(4096, dtype=np.uint16).reshape(64, 64)
SIGNED = (np.arange(4096, dtype=np.int16) - 2048).reshape(64, 64)
DICOM = Voi(window="dicom")


def picture_of(dataset: Dataset) -> Picture:
    return Picture.of(decode(dataset))


def table(first: int, entries: list[int], bits: int) -> Sequence:
    item = Dataset()
    item.add_new("LUTDescriptor", "US" if first >= 0 else "SS", [len(entries), first, bits])
    item.add_new("LUTData", "US", entries)
    return Sequence([item])


@pytest.mark.parametrize("stored", [UNSIGNED, SIGNED])
@pytest.mark.parametrize(("slope", "intercept"), [(1, 0), (1, -1024), (0.25, 3.5), (-2, 10)])
def test_rescale_is_pydicoms(stored: Any, slope: float, intercept: float) -> None:
    dataset = make_image(stored, BitsStored=12, RescaleSlope=slope, RescaleIntercept=intercept)
    picture = modality_lut(picture_of(dataset), ModalityLut())
    assert np.allclose(picture.values, apply_modality_lut(dataset.pixel_array, dataset), atol=1e-9)
    assert picture.low <= picture.values.min()
    assert picture.high >= picture.values.max()


@pytest.mark.parametrize("first", [0, 100, 4000])
def test_a_modality_lut_is_pydicoms(first: int) -> None:
    entries = [int(value) for value in np.linspace(50, 900, 300)]
    dataset = make_image(UNSIGNED, BitsStored=12)
    dataset.ModalityLUTSequence = table(first, entries, 16)
    picture = modality_lut(picture_of(dataset), ModalityLut())
    assert np.array_equal(picture.values, apply_modality_lut(dataset.pixel_array, dataset))
    assert (picture.low, picture.high) == (0, 65535)


@pytest.mark.parametrize("function", [None, "LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize(("centre", "width"), [(2048, 4096), (600, 300), (0, 1), (-100, 50.5)])
@pytest.mark.parametrize("stored", [UNSIGNED, SIGNED])
def test_a_window_is_pydicoms(
    stored: Any, centre: float, width: float, function: str | None
) -> None:
    dataset = make_image(stored, BitsStored=12, RescaleSlope=2, RescaleIntercept=-1024)
    dataset.WindowCenter, dataset.WindowWidth = [centre, 1], [width, 1]
    if function:
        dataset.VOILUTFunction = function
    picture = voi(modality_lut(picture_of(dataset), ModalityLut()), DICOM)
    hounsfield = apply_modality_lut(dataset.pixel_array, dataset)
    with np.errstate(over="ignore"):
        theirs = apply_voi_lut(hounsfield, dataset)
    assert np.allclose(picture.values, theirs, atol=1e-6)


@pytest.mark.parametrize("first", [0, 700])
def test_a_voi_lut_is_pydicoms_and_comes_before_a_window(first: int) -> None:
    dataset = make_image(UNSIGNED, BitsStored=12, WindowCenter=5, WindowWidth=5)
    dataset.VOILUTSequence = table(first, [int(v) for v in np.geomspace(1, 1023, 1000)], 10)
    picture = voi(picture_of(dataset), DICOM)
    assert np.array_equal(picture.values, apply_voi_lut(dataset.pixel_array, dataset))
    assert (picture.low, picture.high) == (0, 1023)


def test_an_8_bit_table_may_have_more_than_256_entries() -> None:
    # pydicom 3.0.2 keeps the place in the type of the entries, which wraps at 256.
    entries = [int(value) for value in np.geomspace(1, 255, 1000)]
    dataset = make_image(UNSIGNED, BitsStored=12)
    dataset.VOILUTSequence = table(0, entries, 8)
    given = voi(picture_of(dataset), DICOM).values.ravel()
    assert given.tolist() == entries + [255] * 3096


def test_lut_data_may_be_words_in_bytes() -> None:
    dataset = make_image(UNSIGNED, BitsStored=12)
    dataset.VOILUTSequence = table(0, [1, 2, 3], 8)
    dataset.VOILUTSequence[0].add_new("LUTData", "OW", np.array([7, 8, 9], "<u2").tobytes())
    assert voi(picture_of(dataset), DICOM).values[0, :5].tolist() == [7, 8, 9, 9, 9]


@pytest.mark.parametrize("window", ["full", "dicom"])
def test_an_image_without_a_window_stays_as_it_is(window: Any) -> None:
    picture = picture_of(make_image(UNSIGNED, BitsStored=12))
    assert voi(picture, Voi(window=window)) is picture


def test_full_leaves_a_window_aside() -> None:
    picture = picture_of(make_image(UNSIGNED, BitsStored=12, WindowCenter=5, WindowWidth=5))
    assert voi(picture, Voi(window="full")) is picture


def test_monochrome1_is_turned_within_its_range() -> None:
    dataset = make_image(UNSIGNED, BitsStored=12, PhotometricInterpretation="MONOCHROME1")
    turned = monochrome1(picture_of(dataset), Monochrome1())
    assert np.array_equal(turned.values, 4095 - UNSIGNED.astype(float))
    assert monochrome1(turned, Monochrome1()) is turned


@pytest.mark.parametrize(
    ("elements", "problem"),
    [
        ({"WindowCenter": 5, "WindowWidth": 0}, "WindowWidth"),
        ({"WindowCenter": 5, "WindowWidth": 0.5}, "WindowWidth"),
        ({"WindowCenter": 5, "WindowWidth": 9, "VOILUTFunction": "CUBIC"}, "VOILUTFunction"),
    ],
)
def test_a_broken_window_names_the_step(elements: dict[str, Any], problem: str) -> None:
    picture = picture_of(make_image(UNSIGNED, BitsStored=12, **elements))
    with pytest.raises(StepFailed, match=f"Step voi: {problem}"):
        voi(picture, DICOM)


@pytest.mark.parametrize("descriptor", [[4, 0], [4, 0, 99], [9, 0, 8]])
def test_a_broken_table_names_the_step(descriptor: list[int]) -> None:
    dataset = make_image(UNSIGNED, BitsStored=12)
    dataset.ModalityLUTSequence = table(0, [1, 2, 3, 4], 8)
    dataset.ModalityLUTSequence[0].LUTDescriptor = descriptor
    with pytest.raises(StepFailed, match="Step modality_lut: LUT"):
        modality_lut(picture_of(dataset), ModalityLut())
