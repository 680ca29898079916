"""Conditions in CEL over named attributes: never code, never a loop, never a side effect.

CEL is the Common Expression Language (github.com/google/cel-spec). A condition is checked when it
is written: it must parse, name known attributes only and give a truth value.
"""

import functools
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cel

from vigil.kernel.dicom import ATTRIBUTES, in_words
from vigil.kernel.errors import Fault

MAX_LENGTH = 2000
# CEL's macros are loops; a condition has none. Texts are taken out before looking.
_TEXT = re.compile(r""""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'""")
_MACRO = re.compile(r"\.\s*(exists_one|existsOne|exists|all|map|filter|transform\w*)\s*\(")
# An attribute compared with null: its author has thought of what is unknown.
_NULL = re.compile(r"\b(\w+)\s*[!=]=\s*null\b|\bnull\s*[!=]=\s*(\w+)")


# Also a place that a list does not have, and a division by nothing.
_UNDECIDED = (TypeError, RuntimeError, ValueError, LookupError, ArithmeticError)


class Undecidable(Exception):
    """The condition needs an attribute that this object does not have."""


@dataclass(frozen=True)
class Condition:
    """A compiled condition; `asks_for_null` are the attributes that it allows to be unknown."""

    source: str
    program: Any
    asks_for_null: frozenset[str] = frozenset()

    @property
    def names(self) -> list[str]:
        """The attributes that the condition names."""
        return sorted(self.program.variables())

    def facts(self, attributes: dict[str, Any]) -> str:
        """Tell what it was judged on, such as `body_part unknown, modality = CT`."""
        return ", ".join(in_words(name, attributes.get(name)) for name in self.names)

    def holds(self, attributes: dict[str, Any]) -> bool:
        """Whether the condition is true of `attributes`.

        Raises:
            Undecidable: an attribute it needs is missing, or of another type.
        """
        # Left out and not null: CEL holds null to be unlike any text, so `!=` would be true of it.
        known = {
            name: value
            for name, value in attributes.items()
            if value is not None or name in self.asks_for_null
        }
        try:
            return self.program.execute(known) is True
        except _UNDECIDED as error:
            unknown = [name for name in self.names if attributes.get(name) is None]
            what = f"needs {', '.join(unknown)}" if unknown else "types do not fit"
            raise Undecidable(what) from error


@functools.lru_cache(maxsize=1024)
def compile_condition(source: str) -> Condition:
    """Compile `source`.

    Raises:
        ValueError: it is not CEL, with the place of the fault.
    """
    if len(source) > MAX_LENGTH:
        raise ValueError(f"longer than {MAX_LENGTH} characters")
    asked = _NULL.findall(_TEXT.sub('""', source))
    return Condition(
        source, cel.compile(source), frozenset(name for pair in asked for name in pair)
    )


def faults_in(source: str, field: str, known: frozenset[str]) -> list[Fault]:
    """Return what is wrong with a condition that may name the `known` attributes."""
    try:
        condition = compile_condition(source)
    except ValueError as error:
        first_line = str(error).splitlines()[0]
        return [Fault(field, first_line, 'Write it in CEL, such as modality == "CR"')]
    macro = _MACRO.search(_TEXT.sub('""', source))
    if macro:
        return [Fault(field, f"loops are refused: {macro[1]}", "Compare attributes, or use `in`")]
    return [
        Fault(field, f"unknown attribute {name}", f"Use one of {', '.join(sorted(known))}")
        for name in condition.names
        if name not in known
    ]


def truth_faults(source: str, field: str) -> list[Fault]:
    """Say whether a condition gives something else than true or false, or mixes types.

    CEL tells only when it is run: so it is, on values near those that it names. A condition that
    gives a number is never true, and what it guards is skipped for ever.
    """
    condition = compile_condition(source)
    for attributes in _samples(condition):
        try:
            given = condition.program.execute(attributes)
        except TypeError as error:
            problem = str(error).splitlines()[0][:200]
            return [Fault(field, problem, "Compare like with like; to an age add 1.0, not 1")]
        except _UNDECIDED:
            continue
        if not isinstance(given, bool):
            problem = f"it gives {_KINDS.get(type(given), 'no truth value')}, not true or false"
            return [Fault(field, problem, "Write a comparison, such as patient_age >= 18")]
    return []


_KINDS: dict[type, str] = {int: "a number", float: "a number", str: "a text", list: "a list"}
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_SAMPLES = 256


def _samples(condition: Condition) -> Iterator[dict[str, Any]]:
    """Yield values of the named attributes, of the types that a DICOM header gives."""
    texts = [*(text[1:-1] for text in _TEXT.findall(condition.source)), "?"]
    bare = _TEXT.sub('""', condition.source)
    numbers = sorted({float(n) + d for n in _NUMBER.findall(bare) for d in (-1, 0, 1)} | {0.0})
    # In a header an age is a fraction of years, and whatever else is whole a whole number.
    known: dict[str, list[Any]] = {
        "text": texts,
        "list": [[text] for text in texts] + [texts],
        "number": [int(n) if n.is_integer() else n for n in numbers],
    }
    names = condition.names
    values = [
        numbers if name == "patient_age" else known[ATTRIBUTES.get(name, "text")] for name in names
    ]
    for turn in (slice(None), slice(None, None, -1)):
        picked = itertools.islice(itertools.product(*values[turn]), _SAMPLES)
        yield from (dict(zip(names[turn], one, strict=True)) for one in picked)
