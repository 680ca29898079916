import csv
from pathlib import Path

import numpy as np
import pydicom
import pytest
from factories.images import make_file
from pydicom.uid import UID, JPEGExtended12Bit

from inference.preprocessing.errors import Undecodable
from inference.preprocessing.pixels import decode, frames_in, read

# What the chosen decoders, free of the GPL, do not read: 12-bit lossy JPEG.
NOT_READ = {JPEGExtended12Bit}


def rows_of(realdata: Path) -> list[dict[str, str]]:
    with (realdata / "dicom" / "manifest.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_real_grayscale_file_gives_pydicoms_values(realdata: Path) -> None:
    compared = set()
    for row in rows_of(realdata):
        file = (realdata / "dicom" / row["file"]).read_bytes()
        try:
            dataset = read(file)
            frame = decode(dataset)
        except Undecodable:
            continue
        theirs = pydicom.dcmread(realdata / "dicom" / row["file"]).pixel_array
        first = theirs[0] if frames_in(dataset) > 1 else theirs
        assert np.array_equal(frame.values, first), row["file"]
        low, high = frame.range
        assert low <= frame.values.min() <= frame.values.max() <= high, row["file"]
        compared.add(row["transfer_syntax"])
    assert len(compared) >= 12


def test_what_pydicom_decodes_is_decoded(realdata: Path) -> None:
    for row in rows_of(realdata):
        if row["pydicom_decode"] != "ok" or not row["photo"].startswith("MONOCHROME"):
            continue
        dataset = read((realdata / "dicom" / row["file"]).read_bytes())
        if dataset.BitsStored > 16 or dataset.file_meta.TransferSyntaxUID in NOT_READ:
            continue
        assert decode(dataset).values.size, row["file"]


def test_signed_values_keep_their_sign() -> None:
    values = np.array([[-5, 7], [0, -2048]], dtype=np.int16)
    frame = decode(read(make_file(values, BitsStored=12)))
    assert frame.values.tolist() == values.tolist()
    assert frame.range == (-2048, 2047)


def test_each_frame_can_be_had() -> None:
    values = np.arange(12, dtype=np.uint16).reshape(3, 2, 2)
    dataset = read(make_file(values, NumberOfFrames=3))
    assert frames_in(dataset) == 3
    assert decode(dataset, 2).values.tolist() == [[8, 9], [10, 11]]


@pytest.mark.parametrize("file", [b"", b"junk" * 100, bytes(128) + b"DICM" + b"\xff" * 50])
def test_bytes_that_are_no_dicom_file_are_undecodable(file: bytes) -> None:
    with pytest.raises(Undecodable):
        decode(read(file))


@pytest.mark.parametrize(
    ("element", "value"),
    [
        ("PhotometricInterpretation", "RGB"),
        ("PhotometricInterpretation", None),
        ("SamplesPerPixel", 3),
        ("Rows", 60000),
        ("Rows", 0),
        ("Columns", None),
        ("BitsStored", 40),
        ("PixelData", b""),
        ("PixelData", b"12"),
    ],
)
def test_a_header_that_does_not_fit_is_undecodable_and_named(element: str, value: object) -> None:
    dataset = read(make_file(np.zeros((4, 4), np.uint16)))
    setattr(dataset, element, value)
    with pytest.raises(Undecodable) as raised:
        decode(dataset)
    assert raised.value.faults[0].field in {
        element,
        "PixelData",
        "Rows",
        "PhotometricInterpretation",
    }


def test_an_unknown_transfer_syntax_is_undecodable() -> None:
    dataset = read(make_file(np.zeros((4, 4), np.uint16)))
    dataset.file_meta.TransferSyntaxUID = UID("1.2.840.10008.1.2.4.102")
    with pytest.raises(Undecodable, match="TransferSyntaxUID"):
        decode(dataset)


def test_errors_say_nothing_of_the_patient() -> None:
    dataset = read(make_file(np.zeros((4, 4), np.uint16), PatientName="Secret^Name"))
    dataset.PixelData = b"1"
    with pytest.raises(Undecodable) as raised:
        decode(dataset)
    assert "Secret" not in str(raised.value)
