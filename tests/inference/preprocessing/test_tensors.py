from typing import Any

import numpy as np
import pytest
from factories.images import make_file

from inference.preprocessing.errors import MissingAttribute, StepFailed, Undecodable
from inference.preprocessing.tensors import Images, make_inputs, make_tensor
from model_registry.packages.manifest import Input, Tensor

VALUES = np.arange(12, dtype=np.uint16).reshape(3, 4)


def tensor(*steps: Any, **facts: Any) -> Tensor:
    return Tensor.model_validate(
        {"name": "image", "layout": "NCHW", "dtype": "float64", "steps": steps} | facts
    )


def made(*steps: Any, **facts: Any) -> Any:
    return make_tensor(Images(make_file(VALUES, BitsStored=12)), tensor(*steps, **facts), {})


@pytest.mark.parametrize(
    ("layout", "shape"),
    [("NCHW", (1, 3, 3, 4)), ("NHWC", (1, 3, 4, 3)), ("NCDHW", (1, 3, 1, 3, 4))],
)
def test_the_layout_is_the_declared_one(layout: str, shape: tuple[int, ...]) -> None:
    result = made({"channels": 3}, layout=layout)
    assert result.shape == shape
    assert result.flags.c_contiguous


def test_a_grey_image_has_one_channel_without_being_asked() -> None:
    assert made().shape == (1, 1, 3, 4)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "uint8", "int16", "int64"])
def test_the_type_is_the_declared_one(dtype: str) -> None:
    assert made(dtype=dtype).dtype == np.dtype(dtype)


def test_whole_types_round_and_stay_in_bounds() -> None:
    result = made({"scale": {"from": [0, 11], "to": [-1, 300]}}, dtype="uint8")
    assert (result.min(), result.max()) == (0, 255)
    assert result[0, 0, 0, 1] == round(301 / 11 - 1)


def test_scale_from_stored_uses_what_the_bits_allow() -> None:
    assert made({"scale": {"to": [0, 1]}}).max() == 11 / 4095


def test_scale_from_data_uses_what_occurs() -> None:
    result = made({"scale": {"from": "data", "to": [-1, 1]}})
    assert (result.min(), result.max()) == (-1, 1)


def test_scale_from_numbers_holds_what_is_outside_at_the_ends() -> None:
    result = made({"scale": {"from": [2, 4], "to": [0, 1]}})
    assert result[0, 0, 0].tolist() == [0, 0, 0, 0.5]
    assert result.max() == 1


def test_a_flat_image_scales_to_the_lower_end() -> None:
    flat = Images(make_file(np.full((2, 2), 9, np.uint16)))
    steps = tensor({"scale": {"from": "data", "to": [3, 4]}})
    assert (make_tensor(flat, steps, {}) == 3).all()


def test_channels_are_resized_each() -> None:
    small = {"resize": {"height": 2, "width": 3, "method": "area"}}
    after, before = made({"channels": 3}, small), made(small, {"channels": 3})
    assert after.shape == (1, 3, 2, 3)
    assert np.array_equal(after, before)


def test_normalise_is_by_channel() -> None:
    steps = [{"channels": 3}, {"normalise": {"mean": [0, 1, 2], "std": [1, 2, 4]}}]
    result = made(*steps)[0]
    assert result[:, 2, 3].tolist() == [11, 5, 2.25]
    assert made({"normalise": {"mean": [1], "std": [2]}})[0, 0, 0, 3] == 1


def test_a_mean_for_each_of_channels_that_are_not_there_names_the_step() -> None:
    with pytest.raises(StepFailed, match="Step normalise"):
        made({"normalise": {"mean": [0, 1, 2], "std": [1, 1, 1]}})


def test_a_value_beyond_its_type_is_no_input() -> None:
    image = Images(make_file(VALUES, RescaleSlope="1e300", RescaleIntercept="0"))
    steps = tensor("modality_lut", dtype="float32")
    with pytest.raises(StepFailed, match="not finite"):
        make_tensor(image, steps, {})


def test_a_cine_is_not_looked_at_by_its_first_frame() -> None:
    cine = Images(make_file(np.zeros((3, 2, 2), np.uint16), NumberOfFrames=3))
    with pytest.raises(Undecodable, match="3 frames"):
        make_tensor(cine, tensor(), {})
    assert make_tensor(cine, tensor(layout="NCDHW"), {}).shape == (1, 1, 3, 2, 2)


ROW = Tensor.model_validate(
    {
        "name": "clinical",
        "from": ["patient_age", "patient_sex"],
        "codes": {"patient_sex": {"F": 0, "M": 1}},
    }
)


def test_attributes_become_a_row_in_the_declared_order() -> None:
    row = make_tensor(Images(make_file(VALUES)), ROW, {"patient_age": 61.5, "patient_sex": "M"})
    assert row.tolist() == [[61.5, 1]]
    assert row.dtype == np.float32


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"patient_age": None, "patient_sex": "F"},
        {"patient_age": 3, "patient_sex": "O"},
        {"patient_age": "061Y", "patient_sex": "F"},
    ],
)
def test_an_attribute_that_is_missing_or_has_no_code_is_named(attributes: dict[str, Any]) -> None:
    with pytest.raises(MissingAttribute, match="patient_"):
        make_tensor(Images(make_file(VALUES)), ROW, attributes)


def test_every_declared_input_is_made() -> None:
    declared = Input.model_validate(
        {"level": "instance", "select": 'modality == "DX"', "tensors": [tensor(), ROW]}
    )
    attributes = {"patient_age": 61, "patient_sex": "F"}
    inputs = make_inputs(make_file(VALUES), declared, attributes)
    assert set(inputs) == {"image", "clinical"}
