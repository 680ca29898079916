import zlib

import pytest
from factories.studies import encode, make_data_set, make_sent
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from inference.node.errors import Refused
from inference.node.header import is_uid, read_header
from inference.node.part10 import SentInstance
from inference.node.status import Status

LIMIT = 1_000_000


def refusal(sent: SentInstance) -> Status:
    with pytest.raises(Refused) as caught:
        read_header(sent, LIMIT)
    assert len(caught.value.detail) <= 64
    return caught.value.dicom_status


def deflate(data: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflater.compress(data) + deflater.flush()


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian]
)
def test_header_is_read_in_each_uncompressed_syntax(syntax: str) -> None:
    data_set = make_data_set()
    sent = make_sent(data_set, transfer_syntax_uid=syntax, data_set=encode(data_set, syntax))

    header = read_header(sent, LIMIT)

    assert header.Rows == 8
    assert header.BodyPartExamined == "CHEST"
    assert "PixelData" not in header


def test_header_of_a_deflated_data_set_is_read() -> None:
    data_set = make_data_set()
    sent = make_sent(
        data_set,
        transfer_syntax_uid=DeflatedExplicitVRLittleEndian,
        data_set=deflate(encode(data_set)),
    )

    assert read_header(sent, LIMIT).Rows == 8


def test_deflated_data_set_is_not_inflated_beyond_the_limit() -> None:
    bomb = deflate(bytes(50 * LIMIT))
    sent = make_sent(transfer_syntax_uid=DeflatedExplicitVRLittleEndian, data_set=bomb)

    assert refusal(sent) is Status.RESOURCE_LIMITATION


def test_uids_that_differ_from_the_command_are_a_mismatch() -> None:
    assert refusal(make_sent(sop_instance_uid="1.2.3")) is Status.DATA_SET_MISMATCH
    assert refusal(make_sent(sop_class_uid="1.2.3")) is Status.DATA_SET_MISMATCH


@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "SeriesInstanceUID"])
@pytest.mark.parametrize("value", ["", "1.2.x"])
def test_study_and_series_need_uids(keyword: str, value: str) -> None:
    data_set = make_data_set()
    del data_set[keyword]
    data_set.add_new(keyword, "LO", value)  # pydicom would warn of a wrong UI

    assert refusal(make_sent(data_set)) is Status.CANNOT_UNDERSTAND


def test_command_uid_that_is_none_is_invalid() -> None:
    assert refusal(make_sent(sop_instance_uid="../../etc")) is Status.INVALID_SOP_INSTANCE


def test_noise_and_emptiness_cannot_be_understood() -> None:
    noise = bytes(range(256)) * 20

    for data in (b"", b"\x08", noise, b"\xff" * 500):
        assert refusal(make_sent(data_set=data)) is Status.CANNOT_UNDERSTAND


def test_sequences_nested_without_end_cannot_be_understood() -> None:
    opening = b"\x08\x00\x40\x11SQ\x00\x00\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"

    assert refusal(make_sent(data_set=opening * 3000)) is Status.CANNOT_UNDERSTAND


def test_a_uid_is_digits_and_dots_of_64_characters_at_most() -> None:
    assert is_uid("1.2.840.10008.1.2")
    assert is_uid("1.2.840.0113.7")  # forbidden, and everywhere
    assert not is_uid("1." + "2" * 64)
    assert not is_uid("1.2.")
    assert not is_uid("1.2\n")
    assert not is_uid("١.٢")  # noqa: RUF001 - digits, but not ASCII
    assert not is_uid("")


def test_private_tags_before_the_uids_do_not_hide_them() -> None:
    data_set: Dataset = make_data_set()
    block = data_set.private_block(0x0007, "VENDOR", create=True)
    block.add_new(0x10, "OB", bytes(70_000))

    assert read_header(make_sent(data_set), LIMIT).Rows == 8
