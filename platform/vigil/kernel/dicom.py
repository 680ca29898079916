"""The attributes that a condition may name: a word for each DICOM element that matters to routing.

Free of identifiers on purpose: no name, number, date of birth or accession can be routed on, stored
beside a study or shown on a page. Sources: PS3.3 (module attributes), PS3.6 (keywords).
"""

from typing import Any, Final, Literal

AttributeType = Literal["text", "number", "list"]

ATTRIBUTES: Final[dict[str, AttributeType]] = {
    "modality": "text",
    "body_part": "text",
    "view": "text",
    "laterality": "text",
    "patient_age": "number",  # years
    "patient_sex": "text",
    "rows": "number",
    "columns": "number",
    "frames": "number",
    "bits_stored": "number",
    "photometric": "text",
    "pixel_spacing": "number",  # mm, the first of the pair
    "slice_thickness": "number",  # mm
    "kvp": "number",
    "exposure": "number",  # mAs
    "manufacturer": "text",
    "manufacturer_model": "text",
    "software_versions": "text",
    "presentation_intent": "text",
    "burned_in_annotation": "text",
    "image_type": "list",
    "sop_class_uid": "text",
    "transfer_syntax_uid": "text",
    "lossy": "text",
    "calling_ae": "text",
}
NAMES: Final[frozenset[str]] = frozenset(ATTRIBUTES)

_OLDEST_DECADE = 90


def in_words(name: str, value: Any) -> str:
    """Say an attribute as a reason may show it: an age only by its decade, the oldest together."""
    if value is None:
        return f"{name} unknown"
    if name == "patient_age" and isinstance(value, int | float):
        decade = min(int(value) // 10 * 10, _OLDEST_DECADE)
        band = f"{decade} or older" if decade == _OLDEST_DECADE else f"{decade} to {decade + 9}"
        return f"{name} {band}"
    return f"{name} = {value}"
