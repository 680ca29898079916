"""Vigil's own words in the character set of the source.

A result keeps its source's Specific Character Set, because the patient's name is copied byte by
byte. What Vigil adds must fit it: where it does not, letters lose their accents.
"""

import re
import unicodedata

from pydicom.charset import python_encoding

NO_EXTENSION: list[str] = []
_UNICODE = "ISO_IR 192"
_LATIN = "ISO_IR 100"
_MISSPELT = re.compile(r"^ISO[ _-]?IR[ _-]?(\d+)$")
LO_LENGTH = 64


def defined_terms(values: list[str]) -> list[str] | None:
    """Return a Specific Character Set as PS3.3 C.12.1.1.2 spells it; None where it is unknown."""
    terms = [_MISSPELT.sub(r"ISO_IR \1", value.strip()) for value in values]
    return terms if all(term in python_encoding for term in terms) else None


def fitting(text: str, character_set: list[str]) -> str:
    """Return `text` with only such characters as `character_set` certainly has."""
    plain = " ".join(text.split())
    if character_set == [_UNICODE]:
        return plain
    if character_set == [_LATIN] and _encodes(plain, "latin-1"):
        return plain
    folded = unicodedata.normalize("NFKD", plain)
    kept = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return kept.encode("ascii", "replace").decode()


def long_string(text: str) -> str:
    """Cut to what an LO holds; a backslash would begin a second value (PS3.5 6.2)."""
    return text.replace("\\", "/")[:LO_LENGTH].strip()


def _encodes(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
