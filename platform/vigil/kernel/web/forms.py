"""A form that was refused, shown again: what was typed stays, and each field says what is wrong.

A page with several forms gives each a name; its fields have the ids `NAME-FIELD`, so that the error
summary leads to the field that is meant (WCAG 3.3.1 and 3.3.7).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from vigil.kernel.errors import Fault, Invalid

MAX_TEXT: Final = 2000


@dataclass(frozen=True)
class Sent:
    """A form as it was sent.

    Attributes:
        form: which form of the page it is.
        typed: what its fields held.
        faults: what is wrong with it.
    """

    form: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()

    def value(self, form: str, name: str, default: str = "") -> str:
        """Return what a field shows: what was typed, where this form was sent."""
        return self.typed.get(name, default) if form == self.form else default

    def error(self, form: str, name: str) -> dict[str, str] | None:
        """Return the message at a field, as the NHS components take it."""
        return message(self.faults, name) if form == self.form else None

    def has(self, form: str) -> bool:
        return form == self.form


NOTHING: Final = Sent()


def message(faults: Iterable[Fault], name: str) -> dict[str, str] | None:
    """Return what is wrong at a field, as the NHS components take it."""
    found = " ".join(f"{one.problem}. {one.remedy}." for one in faults if one.field == name)
    return {"text": found[:1].upper() + found[1:]} if found else None


def refused(form: str, typed: Mapping[str, str], error: Invalid) -> Sent:
    """Return a form that a rule refused. A fault of no field of it leads to its first one."""
    first = next(iter(typed), "")
    faults = tuple(
        one if one.field in typed else Fault(first, f"{one.field}: {one.problem}", one.remedy)
        for one in error.faults or (Fault(first, error.detail.rstrip("."), "Correct it"),)
    )
    return Sent(form, typed, faults)


def check_lengths(typed: Mapping[str, str], most: int = MAX_TEXT) -> None:
    """Go on only if no text is longer than a page keeps.

    Raises:
        Invalid: one is; each is named.
    """
    long = [name for name, text in typed.items() if len(text) > most]
    if long:
        remedy = f"Use at most {most} characters"
        raise Invalid.because([Fault(name, "too long", remedy) for name in long])
