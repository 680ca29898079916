"""A header as the named attributes that conditions may ask for: values, never identifiers.

Real headers break every rule of PS3.5. What cannot be read is None, which a condition reports as
unknown; nothing that a header says ends in an exception.
"""

import math
import re
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any, Final

from pydicom.dataset import Dataset

from vigil.kernel.dicom import ATTRIBUTES

# The elements that hold each attribute, the first that has a value counts (keywords of PS3.6).
_KEYWORDS: Final[dict[str, tuple[str, ...]]] = {
    "modality": ("Modality",),
    "body_part": ("BodyPartExamined",),
    "view": ("ViewPosition",),
    "laterality": ("ImageLaterality", "Laterality"),
    "patient_sex": ("PatientSex",),
    "rows": ("Rows",),
    "columns": ("Columns",),
    "bits_stored": ("BitsStored",),
    "photometric": ("PhotometricInterpretation",),
    "pixel_spacing": ("PixelSpacing", "ImagerPixelSpacing"),
    "slice_thickness": ("SliceThickness",),
    "kvp": ("KVP",),
    "manufacturer": ("Manufacturer",),
    "manufacturer_model": ("ManufacturerModelName",),
    "software_versions": ("SoftwareVersions",),
    "presentation_intent": ("PresentationIntentType",),
    "burned_in_annotation": ("BurnedInAnnotation",),
    "image_type": ("ImageType",),
    "sop_class_uid": ("SOPClassUID",),
    "lossy": ("LossyImageCompression",),
}
_UPPER = frozenset({"body_part", "view", "laterality", "modality", "patient_sex"})
_AGE = re.compile(r"(\d{1,3})([DWMY])")
_YEARS = {"Y": 1.0, "M": 1 / 12, "W": 7 / 365.25, "D": 1 / 365.25}
_DATE = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})")


def attributes_of(header: Dataset) -> dict[str, Any]:
    """Return every attribute of `vigil.kernel.dicom`; what is missing or broken is None.

    `calling_ae` is not in a header: who received the object adds it.
    """
    found = {name: _first(header, name) for name in ATTRIBUTES}
    found["patient_age"] = _age(header)
    found["frames"] = _frames(header)
    found["exposure"] = _exposure(header)
    found["transfer_syntax_uid"] = _text(
        _read(getattr(header, "file_meta", None) or Dataset(), "TransferSyntaxUID")
    )
    return found


def _first(header: Dataset, name: str) -> Any:
    convert = _CONVERTERS[ATTRIBUTES[name]]
    values = (convert(_read(header, keyword)) for keyword in _KEYWORDS.get(name, ()))
    value = next((value for value in values if value is not None), None)
    return value.upper() if name in _UPPER and value is not None else value


def _read(header: Dataset, keyword: str) -> Any:
    try:
        return header.get(keyword)
    except Exception:  # noqa: BLE001 - pydicom parses here, and broken values raise anything
        return None


def _parts(value: Any) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        return list(value)
    return [value]


def _text(value: Any) -> str | None:
    try:
        parts = [str(part).strip(" \0") for part in _parts(value) if not isinstance(part, bytes)]
    except Exception:  # noqa: BLE001 - as above
        return None
    return "\\".join(parts).strip("\\") or None


def _list(value: Any) -> list[str] | None:
    text = _text(value)
    return text.split("\\") if text else None


def _number(value: Any) -> float | int | None:
    try:
        number = float(next(iter(_parts(value))))
    except Exception:  # noqa: BLE001 - as above; an empty value raises here too
        return None
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() else number


_CONVERTERS: Final[dict[str, Callable[[Any], Any]]] = {
    "text": _text,
    "number": _number,
    "list": _list,
}


def _frames(header: Dataset) -> Any:
    """An image whose header counts no frames has one (PS3.3 C.7.6.6)."""
    frames = _number(_read(header, "NumberOfFrames"))
    return 1 if frames is None and _number(_read(header, "Rows")) is not None else frames


def _exposure(header: Dataset) -> float | None:
    """Return mAs: Exposure is a whole number of them, so that the finer one goes first."""
    fine, whole = _number(_read(header, "ExposureInuAs")), _number(_read(header, "Exposure"))
    return fine / 1000 if fine is not None else whole


def _age(header: Dataset) -> float | None:
    """Return years, from the age at the study or else from the dates of birth and study."""
    match = _AGE.fullmatch((_text(_read(header, "PatientAge")) or "").upper())
    if match:
        return round(int(match[1]) * _YEARS[match[2]], 4)
    born, studied = _date(_read(header, "PatientBirthDate")), _date(_read(header, "StudyDate"))
    if born is None or studied is None or not born <= studied:
        return None
    birthday_to_come = (studied.month, studied.day) < (born.month, born.day)
    return float(studied.year - born.year - birthday_to_come)


def _date(value: Any) -> date | None:
    match = _DATE.fullmatch(_text(value) or "")
    try:
        return date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None
