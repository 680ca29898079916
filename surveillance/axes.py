"""The groups that counts are kept for: each axis and the level a person or image falls into.

Levels come from named DICOM attributes (`vigil.kernel.dicom`); what is not known is the level
`unknown`, always counted, because missing attributes are themselves a stream.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

ALL: Final = "all"
UNKNOWN: Final = "unknown"
AXES: Final = ("sex", "age_band", "manufacturer", "view")
_LONGEST = 64
# PS3.3 C.2.2.2: Patient's Sex is M, F or O.
_SEXES = frozenset({"M", "F", "O"})
_BANDS = ((0, "0-17"), (18, "18-39"), (40, "40-64"), (65, "65-79"), (80, "80+"))
_OLDEST = 130


def levels(attributes: Mapping[str, Any]) -> dict[str, str]:
    """Return the level on each axis of an image with these named attributes."""
    sex = _text(attributes.get("patient_sex")).upper()
    return {
        "sex": sex if sex in _SEXES else UNKNOWN,
        "age_band": age_band(attributes.get("patient_age")),
        "manufacturer": _text(attributes.get("manufacturer")).lower() or UNKNOWN,
        "view": _text(attributes.get("view")).upper() or UNKNOWN,
    }


def age_band(years: object) -> str:
    if isinstance(years, bool) or not isinstance(years, int | float) or not 0 <= years <= _OLDEST:
        return UNKNOWN
    return next(band for start, band in reversed(_BANDS) if years >= start)


def _text(value: object) -> str:
    # One scanner writes its name in many ways; what differs only in blanks is one level.
    return re.sub(r"\s+", " ", value).strip()[:_LONGEST] if isinstance(value, str) else ""
