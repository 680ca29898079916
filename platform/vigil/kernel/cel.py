"""Conditions in CEL over named attributes: never code, never a loop, never a side effect.

CEL is the Common Expression Language (github.com/google/cel-spec). A condition is checked when it
is written: it must parse, name known attributes only and give a truth value.
"""

from dataclasses import dataclass
from typing import Any

import cel

from vigil.kernel.errors import Fault

MAX_LENGTH = 2000
# The function that the loops of CEL (exists, all, map, filter) expand to.
_ITERATES = "@not_strictly_false"


class Undecidable(Exception):
    """The condition needs an attribute that this object does not have."""


@dataclass(frozen=True)
class Condition:
    source: str
    program: Any

    @property
    def names(self) -> list[str]:
        """The attributes that the condition names."""
        return sorted(self.program.variables())

    def facts(self, attributes: dict[str, Any]) -> str:
        """Tell what it was judged on, such as `body_part unknown, modality = CT`."""
        return ", ".join(
            f"{name} unknown" if attributes.get(name) is None else f"{name} = {attributes[name]}"
            for name in self.names
        )

    def holds(self, attributes: dict[str, Any]) -> bool:
        """Whether the condition is true of `attributes`.

        Raises:
            Undecidable: an attribute it needs is missing, or of another type.
        """
        try:
            return self.program.execute(attributes) is True
        except (TypeError, RuntimeError, ValueError) as error:
            unknown = [name for name in self.names if attributes.get(name) is None]
            what = f"needs {', '.join(unknown)}" if unknown else "types do not fit"
            raise Undecidable(what) from error


def compile_condition(source: str) -> Condition:
    """Compile `source`.

    Raises:
        ValueError: it is not CEL, with the place of the fault.
    """
    if len(source) > MAX_LENGTH:
        raise ValueError(f"longer than {MAX_LENGTH} characters")
    return Condition(source, cel.compile(source))


def faults_in(source: str, field: str, known: frozenset[str]) -> list[Fault]:
    """Return what is wrong with a condition that may name the `known` attributes."""
    try:
        condition = compile_condition(source)
    except ValueError as error:
        first_line = str(error).splitlines()[0]
        return [Fault(field, first_line, 'Write it in CEL, such as modality == "CR"')]
    if _ITERATES in condition.program.functions():
        remedy = "Use comparisons, in, && and || instead of exists, all, map and filter"
        return [Fault(field, "it loops over a list", remedy)]
    return [
        Fault(field, f"unknown attribute {name}", f"Use one of {', '.join(sorted(known))}")
        for name in condition.names
        if name not in known
    ]
