"""The groups that counts are kept for: each axis and the level a person or image falls into.

Levels come from named DICOM attributes (`vigil.kernel.dicom`) and, where DICOM does not know them,
from tables that a site sends (`surveillance.truth`). What is not known is the level `unknown`,
always counted, because missing attributes are themselves a stream. Crosses are named, never all:
one that every record has, and those of packages and of the network (`surveillance.crosses`). The
axis of a cross is its parts, so that whatever it is called, equal counts are of equal groups.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

ALL: Final = "all"
UNKNOWN: Final = "unknown"
# What an image says of itself, for every version alike.
IMAGE_AXES: Final = ("sex", "age_band", "manufacturer", "view")
# A scanner's type and software: what changes on the day that a stream does.
SCANNER_AXES: Final = ("manufacturer_model", "software_versions")
# What DICOM does not say; each is `unknown` until a site tells it.
TOLD_AXES: Final = ("ethnicity", "imd", "setting")
CROSS: Final = "*"
EVERYWHERE: Final = "sex*age_band"  # the one cross that every record counts on
AXES: Final = (*IMAGE_AXES, *SCANNER_AXES, *TOLD_AXES, EVERYWHERE)
LONGEST = 64
# PS3.3 C.2.2.2: Patient's Sex is M, F or O.
_SEXES = frozenset({"M", "F", "O"})
_BANDS = ((0, "0-17"), (18, "18-39"), (40, "40-64"), (65, "65-79"), (80, "80+"))
_OLDEST = 130


def levels(attributes: Mapping[str, Any]) -> dict[str, str]:
    """Return the level on each axis of an image with these named attributes."""
    sex = _text(attributes.get("patient_sex")).upper()
    return crossed(
        {
            "sex": sex if sex in _SEXES else UNKNOWN,
            "age_band": age_band(attributes.get("patient_age")),
            "manufacturer": _text(attributes.get("manufacturer")).lower() or UNKNOWN,
            "view": _text(attributes.get("view")).upper() or UNKNOWN,
            **{axis: _text(attributes.get(axis)).lower() or UNKNOWN for axis in SCANNER_AXES},
            **dict.fromkeys(TOLD_AXES, UNKNOWN),
        }
    )


def crossed(known: Mapping[str, str], named: Iterable[str] = ()) -> dict[str, str]:
    """Return the levels with those of the crosses: the one of all, those held and those named.

    A cross with an unknown part is unknown.
    """
    whole = dict(known)
    for axis in (EVERYWHERE, *filter(is_cross, known), *named):
        held = [known.get(part, UNKNOWN) for part in parts(axis)]
        whole[axis] = UNKNOWN if UNKNOWN in held else _between(axis).join(map(_alone, held))
    return whole


def cross_of(axes: Iterable[str]) -> str:
    """Return the axis of a cross of axes, in whatever order they are named."""
    return CROSS.join(sorted(axes, key=AXES.index))


def is_cross(axis: str) -> bool:
    return CROSS in axis


def parts(axis: str) -> tuple[str, ...]:
    """Return the axes that an axis is made of: itself, where it is no cross."""
    return tuple(axis.split(CROSS))


def parts_of(axis: str, level: str) -> tuple[str, ...]:
    """Return the level on each part of a cross; of no cross, and of an unknown one, the level."""
    return tuple(level.split(_between(axis))) if is_cross(axis) else (level,)


def age_band(years: object) -> str:
    if isinstance(years, bool) or not isinstance(years, int | float) or not 0 <= years <= _OLDEST:
        return UNKNOWN
    return next(band for start, band in reversed(_BANDS) if years >= start)


def _between(axis: str) -> str:
    # Levels of sex and age have no blanks; a maker's name has them.
    return " " if axis == EVERYWHERE else f" {CROSS} "


def _alone(level: str) -> str:
    return level.replace(CROSS, "-")


def _text(value: object) -> str:
    # One scanner writes its name in many ways; what differs only in blanks is one level.
    return re.sub(r"\s+", " ", value).strip()[:LONGEST] if isinstance(value, str) else ""
