"""Read the header of what was sent, and refuse what cannot be filed.

Everything here comes from outside and may be wrong or hostile: a deflated data set is inflated no
further than an instance may be large, pixel data is never touched, and whatever pydicom makes of
the rest, a failure is one kind of refusal.
"""

import re
import zlib
from io import BytesIO

from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.tag import BaseTag
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
)

from inference.node.errors import Refused
from inference.node.part10 import SentInstance
from inference.node.status import Status

# PS3.5 section 9.1 also forbids leading zeros in a component, but archives are full of them.
_UID = re.compile(r"(?=.{1,64}$)[0-9]+(\.[0-9]+)*", re.ASCII)
# Float, double float and integer pixel data: no attribute that is asked for comes after them.
_PIXEL_DATA = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})


def is_uid(text: str) -> bool:
    return bool(_UID.fullmatch(text))


def read_header(sent: SentInstance, limit: int) -> Dataset:
    """Return the data set up to its pixel data, its UIDs checked against the command's.

    Raises:
        Refused: a UID is none or missing, the two disagree, or it cannot be read.
    """
    if not is_uid(sent.sop_instance_uid):
        raise Refused(Status.INVALID_SOP_INSTANCE, "SOP Instance UID is not a UID")
    try:
        header = _read(sent, limit)
        sop_class, sop_instance, study, series = (
            _uid(header, keyword)
            for keyword in (
                "SOPClassUID",
                "SOPInstanceUID",
                "StudyInstanceUID",
                "SeriesInstanceUID",
            )
        )
    except Refused:
        raise
    except Exception as error:
        # pydicom raises whatever its readers run into, RecursionError among them.
        raise Refused(Status.CANNOT_UNDERSTAND, "data set cannot be read") from error
    if not is_uid(study) or not is_uid(series):
        raise Refused(Status.CANNOT_UNDERSTAND, "no valid Study or Series Instance UID")
    if (sop_class, sop_instance) != (sent.sop_class_uid, sent.sop_instance_uid):
        raise Refused(Status.DATA_SET_MISMATCH, "SOP Class or Instance UID differs from command")
    return header


def _read(sent: SentInstance, limit: int) -> Dataset:
    syntax = sent.transfer_syntax_uid
    data = sent.data_set
    if syntax == DeflatedExplicitVRLittleEndian:
        data = _inflate(data, limit)
    return read_dataset(
        BytesIO(data),
        is_implicit_VR=syntax == ImplicitVRLittleEndian,
        is_little_endian=syntax != ExplicitVRBigEndian,
        stop_when=_is_pixel_data,
    )


def _inflate(data: bytes, limit: int) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    inflated = inflater.decompress(data, limit)
    if inflater.unconsumed_tail:
        raise Refused(Status.RESOURCE_LIMITATION, "data set is too large when inflated")
    return inflated


def _is_pixel_data(tag: BaseTag, *_: object) -> bool:
    return tag in _PIXEL_DATA


def _uid(header: Dataset, keyword: str) -> str:
    return str(header.get(keyword) or "")
