"""The images that a result is about, read without their pixels, broken headers included.

Values are copied as the bytes they are. A value that breaks its VR cannot stand in a valid object:
it is left empty, and named, except for what says whose and which study this is.
"""

import io
import re
from dataclasses import dataclass
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any, BinaryIO

from pydicom import dcmread
from pydicom.charset import convert_encodings, decode_bytes, default_encoding
from pydicom.config import RAISE
from pydicom.datadict import dictionary_VM, dictionary_VR, keyword_for_tag, tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.multival import MultiValue
from pydicom.uid import UID
from pydicom.valuerep import CUSTOMIZABLE_CHARSET_VR, validate_value

from inference.results import text
from inference.results.errors import SourceUnusable
from vigil.kernel.errors import Fault

TEXT_VRS = {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UI"}
ENUMERATED = {
    "PatientSex": {"M", "F", "O"},
    "TypeOfPatientID": {"TEXT", "RFID", "BARCODE"},
    "PatientIdentityRemoved": {"YES", "NO"},
    "LongitudinalTemporalInformationModified": {"UNMODIFIED", "MODIFIED", "REMOVED"},
}
_UNREADABLE = (InvalidDicomError, BytesLengthException, ValueError, KeyError, EOFError, OSError)
_DELIMITERS = {"PN": {0x0A, 0x0C, 0x0D, 0x5E, 0x3D, 0x5C}}
_OFFSET = re.compile(r"([+-])(0\d|1[0-4])([0-5]\d)")
UNDECODABLE = "\ufffd"


@dataclass(frozen=True)
class Source:
    """One image's header."""

    header: Dataset
    character_set: list[str]

    @classmethod
    def of(cls, data: bytes) -> "Source":
        """Read a Part 10 file, or as much of one as holds everything before the pixels."""
        return cls._read(io.BytesIO(data))

    @classmethod
    def open(cls, path: Path) -> "Source":
        return cls._read(path)

    @classmethod
    def _read(cls, file: Path | BinaryIO) -> "Source":
        try:
            header = dcmread(file, force=True, stop_before_pixels=True)
            named = header.get_item("SpecificCharacterSet")
        except _UNREADABLE as error:
            raise _unusable("file", "it cannot be read as DICOM", "Send it again") from error
        declared = _raw(named).decode("ascii", "replace").strip(" \0") if named else ""
        terms = text.defined_terms(declared.split("\\")) if declared else []
        return cls(header, terms or [])

    def uid(self, keyword: str) -> UID:
        """Return a UID without which the result cannot refer to this image.

        Raises:
            SourceUnusable: it is missing or malformed.
        """
        element = self.header.get_item(keyword)
        value = UID(_raw(element).decode("ascii", "replace").strip(" \0") if element else "")
        if not value.is_valid:
            problem = "malformed" if value else "missing"
            raise _unusable(keyword, problem, "Have the sending system correct it")
        return value

    def has(self, keyword: str) -> bool:
        element = self.header.get_item(keyword)
        if element is None or dictionary_VR(keyword) == "SQ":
            return element is not None and bool(element.value)
        return bool(_raw(element).strip(b" \0"))

    def offset(self) -> timezone | None:
        """Return the offset from UTC in which the image's times are given, where it says so."""
        element = self.copied("TimezoneOffsetFromUTC")
        match = _OFFSET.fullmatch(_raw(element).decode("ascii").strip()) if element else None
        if match is None:
            return None
        away = timedelta(hours=int(match[2]), minutes=int(match[3]))
        return timezone(-away if match[1] == "-" else away)

    def copied(self, keyword: str) -> DataElement | RawDataElement | None:
        """Return the element as it stands in the source; None where it is absent or invalid."""
        return self._copied(self.header, keyword)

    def code(self, keyword: str) -> Dataset | None:
        """Return the first item of a code sequence, where it is a whole code."""
        element = self._sequence(self.header, keyword) if keyword in self.header else None
        items: list[Dataset] = [] if element is None else list(element.value)
        return next((item for item in items if _is_code(item)), None)

    def _copied(self, data: Dataset, keyword: str) -> DataElement | RawDataElement | None:
        vr = dictionary_VR(keyword)
        element: Any = data.get_item(keyword)
        if element is None:
            return None
        if vr == "SQ":
            return self._sequence(data, keyword)
        value = _raw(element)
        if vr not in TEXT_VRS or not self._is_valid(keyword, vr, value):
            return None
        padding = b"\0" if vr == "UI" else b" "
        value += padding * (len(value) % 2)
        tag = element.tag
        return RawDataElement(tag, vr, len(value), value, 0, False, True, True)

    def _sequence(self, data: Dataset, keyword: str) -> DataElement | None:
        # A sequence is optional wherever it is copied: one that is not wholly sound is left out.
        try:
            items = [self._item(item) for item in data[keyword].value]
        except _UNREADABLE:
            return None
        if not items or any(item is None for item in items):
            return None
        return DataElement(tag_for_keyword(keyword) or 0, "SQ", items)

    def _item(self, item: Dataset) -> Dataset | None:
        made = Dataset()
        for tag in item.keys():  # noqa: SIM118 - iterating a Dataset itself parses every element
            keyword = _keyword(tag)
            element = self._copied(item, keyword) if keyword else None
            if element is None or keyword == "SpecificCharacterSet":
                return None
            made[element.tag] = element
        keep_raw(made, [])
        return made or None

    def _is_valid(self, keyword: str, vr: str, value: bytes) -> bool:
        try:
            decoded = self._decoded(vr, value)
            parts = decoded.split("\\") if dictionary_VM(keyword) != "1" else [decoded]
            for part in parts:
                validate_value(vr, part.strip(), RAISE)
        except (ValueError, LookupError):
            return False
        allowed = ENUMERATED.get(keyword)
        return (
            all(_is_printable(vr, part) for part in parts)
            and not (vr in {"DA", "TM"} and "-" in decoded)
            and (allowed is None or not decoded.strip() or decoded.strip() in allowed)
        )

    def _decoded(self, vr: str, value: bytes) -> str:
        if vr not in CUSTOMIZABLE_CHARSET_VR:
            return value.decode("ascii").rstrip("\0 ")
        if not self.character_set:
            return value.decode("ascii").rstrip(" \0")
        if len(self.character_set) == 1:
            return value.decode(convert_encodings(self.character_set)[0]).rstrip(" \0")
        encodings = convert_encodings(self.character_set)
        return decode_bytes(value, encodings, _DELIMITERS.get(vr, {0x5C})).rstrip(" \0")


def keep_raw(data: Dataset, character_set: list[str]) -> None:
    """Have raw values written as the bytes they are.

    pydicom decodes and encodes them again, unless the data set claims to have been read in the
    encoding that it is written in.
    """
    encodings = convert_encodings(character_set) if character_set else default_encoding
    data.set_original_encoding(False, True, encodings)


def _raw(element: Any) -> bytes:
    """Return a value's bytes; pydicom parses a few, such as the character set, as it reads."""
    value = element.value
    if isinstance(value, bytes):
        return value
    values = value if isinstance(value, MultiValue) else [] if value is None else [value]
    return "\\".join(str(part) for part in values).encode("ascii", "replace")


def _keyword(tag: Any) -> str:
    return "" if tag.is_private else keyword_for_tag(tag)


def _is_code(item: Dataset) -> bool:
    return all(
        keyword in item for keyword in ("CodeValue", "CodingSchemeDesignator", "CodeMeaning")
    )


def _is_printable(vr: str, part: str) -> bool:
    if vr in {"LT", "ST"}:
        return UNDECODABLE not in part
    return not any(letter in {"\\", UNDECODABLE} or letter < " " for letter in part)


def _unusable(field: str, problem: str, remedy: str) -> SourceUnusable:
    fault = Fault(field, problem, remedy)
    return SourceUnusable(str(fault), (fault,))
