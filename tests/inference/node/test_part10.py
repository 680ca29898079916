from io import BytesIO
from pathlib import Path

import pytest
from factories.studies import make_data_set, make_sent
from pydicom import dcmread
from pydicom.errors import InvalidDicomError

from inference.node import part10
from inference.node.part10 import Route, SentInstance

ROUTE = Route("MODALITY", "VIGIL")


def test_file_is_read_by_pydicom_with_what_was_sent_and_by_whom() -> None:
    sent = make_sent()

    read = dcmread(BytesIO(part10.encode(sent, ROUTE)))

    assert read.SOPInstanceUID == read.file_meta.MediaStorageSOPInstanceUID == sent.sop_instance_uid
    assert read.file_meta.TransferSyntaxUID == sent.transfer_syntax_uid
    assert read.file_meta.SourceApplicationEntityTitle == "MODALITY"
    assert read.file_meta.SendingApplicationEntityTitle == "MODALITY"
    assert read.file_meta.ReceivingApplicationEntityTitle == "VIGIL"
    assert len(read.PixelData) == 128


def test_file_ends_with_the_data_set_byte_for_byte() -> None:
    sent = make_sent()

    assert part10.encode(sent, ROUTE).endswith(sent.data_set)


def test_the_same_delivery_makes_the_same_bytes() -> None:
    sent = make_sent()

    assert part10.encode(sent, ROUTE) == part10.encode(sent, ROUTE)


@pytest.mark.parametrize("uid", ["1.2.3", "1.2.34", "not a uid", ""])
def test_decode_takes_apart_what_encode_made(uid: str) -> None:
    sent = SentInstance("1.2.840.10008.5.1.4.1.1.2", uid, "1.2.840.10008.1.2", b"\x08\x00bytes")

    assert part10.decode(part10.encode(sent, ROUTE)) == (sent, ROUTE)


def test_other_files_are_not_taken_for_received_ones(tmp_path: Path) -> None:
    ours, other, text = tmp_path / "ours", tmp_path / "other", tmp_path / "text"
    ours.write_bytes(part10.encode(make_sent(), ROUTE))
    make_data_set().save_as(other, implicit_vr=False, little_endian=True)
    text.write_text("not DICOM at all")

    assert part10.is_received(ours)
    assert not part10.is_received(other)
    assert not part10.is_received(text)
    with pytest.raises(InvalidDicomError):
        part10.decode(text.read_bytes())
