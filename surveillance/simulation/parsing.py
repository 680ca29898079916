"""Columns of a piece of a table as numbers, whatever they were written as. Pure.

What cannot be read becomes a value that says so, row by row; no row stops the others.
"""

import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

NO_DAY: Final = np.iinfo(np.int32).min
UNKNOWN: Final = -1  # of a yes or no
UNREAD: Final = -2  # there is something, and it is neither
_EPOCH: Final = date(1970, 1, 1).toordinal()
_YES: Final = frozenset({"1", "1.0", "true", "t", "yes", "y", "present", "positive", "pos"})
_NO: Final = frozenset({"0", "0.0", "false", "f", "no", "n", "absent", "negative", "neg"})
_DA: Final = 8  # PS3.5 6.2: a date in DICOM is eight digits

Days = NDArray[np.int32]
Scores = NDArray[np.float64]
Answers = NDArray[np.int8]


def days(column: pa.Array) -> Days:
    """Return proleptic ordinals, of timestamps those of the day in UTC; `NO_DAY` otherwise."""
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        numbers = pc.cast(pc.cast(column, pa.date32(), safe=False), pa.int32())
        filled = pc.fill_null(numbers, 0).to_numpy(zero_copy_only=False).astype(np.int64)
        found = np.where(_nulls(column), NO_DAY, filled + _EPOCH)
        return np.where((found > 0) | (found == NO_DAY), found, NO_DAY).astype(np.int32)
    read: Days = _each(column, _day, np.int32, NO_DAY)
    return read


def scores(column: pa.Array) -> tuple[Scores, NDArray[np.bool_]]:
    """Return numbers, and where there was none at all; what cannot be read is not a number."""
    kind = column.type
    if pa.types.is_floating(kind) or pa.types.is_integer(kind):
        values = pc.cast(column, pa.float64(), safe=False)
        return pc.fill_null(values, math.nan).to_numpy(zero_copy_only=False), _nulls(column)
    text = pc.cast(column, pa.string()) if not pa.types.is_string(kind) else column
    text = pc.utf8_trim_whitespace(text)
    empty = pc.fill_null(pc.equal(text, ""), True).to_numpy(zero_copy_only=False)
    try:
        values = pc.cast(pc.if_else(pc.equal(text, ""), None, text), pa.float64())
    except pa.ArrowInvalid:
        return _each(text, _number, np.float64, math.nan), empty
    return pc.fill_null(values, math.nan).to_numpy(zero_copy_only=False), empty


def answers(column: pa.Array) -> Answers:
    """Return 1, 0, `UNKNOWN` where there is nothing, and `UNREAD` where it is neither."""
    if pa.types.is_boolean(column.type):
        column = pc.fill_null(pc.cast(column, pa.int8()), UNKNOWN)
        known: Answers = column.to_numpy(zero_copy_only=False)
        return known
    read: Answers = _each(column, _answer, np.int8, UNKNOWN)
    return read


def texts(column: pa.Array) -> pa.Array:
    """Return short texts, an empty one where there is nothing."""
    while pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    text = pc.fill_null(pc.cast(column, pa.string(), safe=False), "")
    return pc.utf8_slice_codeunits(pc.utf8_trim_whitespace(text), 0, 64)


def _each(column: pa.Array, read: Callable[[str], Any], kind: Any, otherwise: Any) -> Any:
    """Read each different text once."""
    coded = texts(column).dictionary_encode()
    known = [read(text) if text else otherwise for text in coded.dictionary.to_pylist()]
    values = np.array(known or [otherwise], dtype=kind)
    return values[coded.indices.to_numpy(zero_copy_only=False)]


def _nulls(column: pa.Array) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = column.is_null().to_numpy(zero_copy_only=False)
    return found


@lru_cache(maxsize=65_536)
def _day(text: str) -> int:
    digits = text.removesuffix(".0")
    if len(digits) == _DA and digits.isdecimal():
        text = f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return int(NO_DAY)
    try:
        return (when.astimezone(UTC) if when.tzinfo else when).date().toordinal()
    except OverflowError:
        return int(NO_DAY)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _answer(text: str) -> int:
    word = text.lower()
    return 1 if word in _YES else 0 if word in _NO else UNREAD
