import json
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from factories.images import make_image
from pydicom.dataset import Dataset

from inference.studies.attributes import attributes_of
from vigil.kernel.dicom import ATTRIBUTES


def header(**elements: Any) -> Dataset:
    return make_image(np.zeros((6, 8), np.uint16), **elements)


def test_every_name_is_there_and_an_empty_header_knows_none() -> None:
    found = attributes_of(Dataset())
    assert set(found) == set(ATTRIBUTES)
    assert set(found.values()) == {None}


def test_values_have_the_types_that_conditions_expect() -> None:
    found = attributes_of(
        header(
            BodyPartExamined="chest",
            KVP="109",
            PixelSpacing=[0.143, 0.2],
            ImageType=["DERIVED", "PRIMARY", ""],
            Manufacturer=" Maker ",
            LossyImageCompression="01",
        )
    )
    assert found["body_part"] == "CHEST"
    assert (found["rows"], found["columns"], found["frames"]) == (6, 8, 1)
    assert found["kvp"] == 109
    assert found["pixel_spacing"] == 0.143
    assert found["image_type"] == ["DERIVED", "PRIMARY"]
    assert found["manufacturer"] == "Maker"
    assert found["lossy"] == "01"
    assert found["transfer_syntax_uid"] == "1.2.840.10008.1.2.1"


@pytest.mark.parametrize(
    ("age", "years"),
    [
        ("061Y", 61), ("018M", 1.5), ("010W", 0.1916), ("020D", 0.0548), ("061", None),
        ("61 years", None), ("", None), ("-1Y", None),
    ],
)  # fmt: skip
def test_an_age_is_in_years(age: str, years: float | None) -> None:
    assert attributes_of(header(PatientAge=age))["patient_age"] == years


@pytest.mark.parametrize(
    ("born", "studied", "years"),
    [
        ("19600301", "20260228", 65), ("19600301", "20260301", 66), ("1960.03.01", "20260301", 66),
        ("", "20260301", None), ("19601301", "20260301", None), ("20300101", "20260301", None),
    ],
)  # fmt: skip
def test_an_age_is_worked_out_where_the_header_gives_none(
    born: str, studied: str, years: float | None
) -> None:
    found = attributes_of(header(PatientAge="", PatientBirthDate=born, StudyDate=studied))
    assert found["patient_age"] == years


def test_imager_spacing_and_laterality_stand_in() -> None:
    found = attributes_of(header(ImagerPixelSpacing=[0.1, 0.1], Laterality="l"))
    assert (found["pixel_spacing"], found["laterality"]) == (0.1, "L")


def test_the_finer_exposure_goes_first() -> None:
    assert attributes_of(header(Exposure="3"))["exposure"] == 3
    assert attributes_of(header(Exposure="3", ExposureInuAs="2600"))["exposure"] == 2.6
    assert attributes_of(header())["exposure"] is None


@pytest.mark.parametrize(
    ("tag", "vr", "value", "name"),
    [
        (0x00180060, "DS", b"high", "kvp"),
        (0x00180060, "DS", b"nan", "kvp"),
        (0x00280030, "DS", b"\\", "pixel_spacing"),
        (0x00280008, "IS", b"1.5.2", "frames"),
        (0x00181020, "SQ", b"", "software_versions"),
    ],
)
def test_a_value_that_cannot_be_read_is_none(tag: int, vr: str, value: bytes, name: str) -> None:
    dataset = Dataset()
    raw = pydicom.dataelem.RawDataElement(
        pydicom.tag.Tag(tag), vr, len(value), value, 0, is_implicit_VR=False, is_little_endian=True
    )
    dataset._dict[pydicom.tag.Tag(tag)] = raw
    assert attributes_of(dataset)[name] is None


def test_no_identifier_gets_through() -> None:
    found = attributes_of(header(PatientName="Secret^Name", PatientID="123", AccessionNumber="A9"))
    text = json.dumps(found)
    assert not any(secret in text for secret in ("Secret", "123", "A9"))


def test_every_real_file_has_attributes_that_json_can_hold(realdata: Path) -> None:
    count = 0
    for path in sorted((realdata / "dicom").rglob("*")):
        if not path.is_file():
            continue
        try:
            dataset = pydicom.dcmread(path, stop_before_pixels=True, force=True)
        except Exception:  # noqa: BLE001, S112 - what is no DICOM at all is not of interest here
            continue
        json.dumps(attributes_of(dataset), allow_nan=False)
        count += 1
    assert count > 200
