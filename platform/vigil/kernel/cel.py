"""Conditions in CEL over named attributes: never code, never a loop, never a side effect.

CEL is the Common Expression Language (github.com/google/cel-spec). A condition is checked when it
is written: it must parse, name known attributes only and give a truth value.
"""

import functools
import re
from dataclasses import dataclass
from typing import Any

import cel

from vigil.kernel.dicom import in_words
from vigil.kernel.errors import Fault

MAX_LENGTH = 2000
# CEL's macros are loops; a condition has none. Texts are taken out before looking.
_TEXT = re.compile(r""""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'""")
_MACRO = re.compile(r"\.\s*(exists_one|existsOne|exists|all|map|filter|transform\w*)\s*\(")
# An attribute compared with null: its author has thought of what is unknown.
_NULL = re.compile(r"\b(\w+)\s*[!=]=\s*null\b|\bnull\s*[!=]=\s*(\w+)")


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
        except (TypeError, RuntimeError, ValueError) as error:
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
