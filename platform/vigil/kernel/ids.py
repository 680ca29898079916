"""Identifiers: a readable prefix and a UUIDv7, so that they sort by time and say what they name.

`run_01kavq3m5hf2t8w0c6n9d4xyzr` is the run made at the instant its first ten characters encode.
The UUID layout is RFC 9562 section 5.7; the alphabet is Crockford's base 32, lower case.
"""

import re
import secrets

from vigil.kernel.clock import Clock

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PATTERN = re.compile(r"^[a-z]{2,4}_[0-9a-hjkmnp-tv-z]{26}$")


def new_id(prefix: str, clock: Clock) -> str:
    """Return a new identifier such as `std_01kavq3m5hf2t8w0c6n9d4xyzr`."""
    return f"{prefix}_{_base32(_uuid7(int(clock().timestamp() * 1000)))}"


def is_id(text: str, prefix: str) -> bool:
    """Whether `text` has the form of an identifier with this prefix."""
    return bool(_PATTERN.fullmatch(text)) and text.startswith(f"{prefix}_")


def _uuid7(milliseconds: int) -> int:
    random = secrets.randbits(74)
    high, low = random >> 62, random & ((1 << 62) - 1)
    return (milliseconds & ((1 << 48) - 1)) << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low


def _base32(value: int) -> str:
    return "".join(_ALPHABET[value >> shift & 31] for shift in range(125, -1, -5))
