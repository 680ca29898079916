"""A data set as it was sent, made a DICOM file (PS3.10 section 7) without decoding it.

The meta information is a function of who sent what under which syntax: the same delivery twice
makes the same bytes, and so the same object. It is written here element by element because a wrong
UID in a command must be kept as it was said, which a validating writer refuses.
"""

import struct
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from pydicom.dataset import FileMetaDataset
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_file_meta_info, read_partial

# A UUID made once for this implementation (PS3.5 B.2); it tells our files from every other's.
IMPLEMENTATION_CLASS_UID = "2.25.32418895936540422304539201671022025894"
IMPLEMENTATION_VERSION_NAME = "VIGIL"
_PREAMBLE = bytes(128) + b"DICM"
_GROUP_LENGTH = struct.Struct("<HH2sHI")
_SHORT = struct.Struct("<HH2sH")
_LONG = struct.Struct("<HH2sHI")
_META_START = len(_PREAMBLE) + _GROUP_LENGTH.size


@dataclass(frozen=True)
class SentInstance:
    """One C-STORE request: the command's UIDs, the context's transfer syntax, the bytes."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    data_set: bytes


@dataclass(frozen=True)
class Route:
    """Who sent it, and to whom."""

    calling_ae: str
    called_ae: str


def encode(sent: SentInstance, route: Route) -> bytes:
    """Return the file: preamble, meta information, and the data set's own bytes."""
    meta = b"".join(
        (
            _LONG.pack(0x0002, 0x0001, b"OB", 0, 2) + b"\x00\x01",
            _text(0x0002, b"UI", sent.sop_class_uid),
            _text(0x0003, b"UI", sent.sop_instance_uid),
            _text(0x0010, b"UI", sent.transfer_syntax_uid),
            _text(0x0012, b"UI", IMPLEMENTATION_CLASS_UID),
            _text(0x0013, b"SH", IMPLEMENTATION_VERSION_NAME),
            _text(0x0016, b"AE", route.calling_ae),
            _text(0x0017, b"AE", route.calling_ae),
            _text(0x0018, b"AE", route.called_ae),
        )
    )
    group_length = _GROUP_LENGTH.pack(0x0002, 0x0000, b"UL", 4, len(meta))
    return b"".join((_PREAMBLE, group_length, meta, sent.data_set))


def is_received(path: Path) -> bool:
    """Whether a file is one that `encode` made; reads no more than its meta information."""
    try:
        meta = read_file_meta_info(str(path))
    except (InvalidDicomError, OSError, ValueError):
        return False
    return _is_ours(meta)


def decode(data: bytes) -> tuple[SentInstance, Route]:
    """Take a file that `encode` made apart again.

    Raises:
        InvalidDicomError: it is not one.
    """
    meta = read_partial(BytesIO(data), stop_when=lambda *_: True).file_meta
    if not _is_ours(meta):
        raise InvalidDicomError("the file was not written by the DICOM node")
    start = _META_START + int(meta.FileMetaInformationGroupLength)
    sent = SentInstance(
        str(meta.MediaStorageSOPClassUID),
        str(meta.MediaStorageSOPInstanceUID),
        str(meta.TransferSyntaxUID),
        data[start:],
    )
    return sent, Route(
        str(meta.SendingApplicationEntityTitle), str(meta.ReceivingApplicationEntityTitle)
    )


def _is_ours(meta: FileMetaDataset) -> bool:
    # Results that Vigil makes are files of this implementation too, but nobody sent them.
    is_sent = "SendingApplicationEntityTitle" in meta
    return is_sent and meta.get("ImplementationClassUID") == IMPLEMENTATION_CLASS_UID


def _text(element: int, vr: bytes, value: str) -> bytes:
    raw = value.encode("ascii", "replace")
    if len(raw) % 2:
        raw += b"\x00" if vr == b"UI" else b" "
    return _SHORT.pack(0x0002, element, vr, len(raw)) + raw
