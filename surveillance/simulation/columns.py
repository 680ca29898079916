"""Which columns a table has, by the names that people give them; and which it must not have.

A table for the engine needs no patient (design invariant 8), so one with an identifier is refused
whole: reading around the column would mean that it had been sent.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from surveillance.axes import AXES
from surveillance.simulation.errors import BadTable
from vigil.kernel.errors import Fault

NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "day": ("day", "date", "exam_day", "exam_date", "study_date"),
    "timestamp": ("timestamp", "datetime", "time", "acquired_at"),
    "score": ("score", "probability", "prediction"),
    "flagged": ("flagged", "flag"),
    "decision": ("decision",),
    "label": ("label", "truth", "present"),
    "label_day": ("label_day", "label_date"),
    "version": ("version", "model_version", "version_id"),
    "site": ("site", "site_id", "site_code"),
    "finding": ("finding", "finding_key"),
    "id": ("id", "case", "case_id", "row_id"),
}
# Parts of a name, written together, that tell of a person or of what leads to one.
_PERSONAL: Final = (
    "patientname",
    "patientid",
    "nhsno",
    "nhsnumber",
    "chinumber",
    "birthdate",
    "dateofbirth",
    "hospitalnumber",
    "instanceuid",
    "accession",
    "surname",
    "forename",
    "firstname",
    "lastname",
    "postcode",
    "address",
    "telephone",
    "phone",
    "email",
)
_PERSONAL_WHOLE: Final = frozenset(
    {"dob", "mrn", "name", "patient", "reader", "readername", "radiologist", "reportedby", "pid"}
)
_SAFE: Final = "Remove the column; number the rows in a column `id` if repeats are to be found"
_MAX_COLUMNS: Final = 500


@dataclass(frozen=True)
class Chosen:
    """Attributes: roles: what is read, and its name in the table; axes: the same; ignored: rest."""

    roles: Mapping[str, str]
    axes: Mapping[str, str]
    ignored: tuple[str, ...]

    @property
    def wanted(self) -> list[str]:
        return [*self.roles.values(), *self.axes.values()]


def choose(names: Sequence[str], axes: Collection[str] = (), *, needs_day: bool = True) -> Chosen:
    """Choose what to read.

    Args:
        names: the columns of the table.
        axes: further columns to divide the cases by.
        needs_day: whether a table without days is of no use.

    Raises:
        BadTable: a column names a person, is there twice, or one that is needed is missing.
    """
    _refuse(names)
    by_name = {_plain(name): name for name in names}
    roles = {
        role: by_name[found]
        for role, known in NAMES.items()
        if (found := next((name for name in known if name in by_name), None))
    }
    _need(roles, names, needs_day=needs_day)
    divided = {_plain(axis): by_name.get(_plain(axis)) for axis in (*AXES, *axes)}
    absent = [axis for axis in axes if divided[_plain(axis)] is None]
    if absent:
        fault = Fault(absent[0], "the table has no such column", f"It has {', '.join(names[:30])}")
        raise BadTable.because([fault])
    used = set(roles.values())
    held = {axis: name for axis, name in divided.items() if name and name not in used}
    rest = tuple(name for name in names if name not in used and name not in held.values())
    return Chosen(roles, held, rest)


def _refuse(names: Sequence[str]) -> None:
    faults = [
        Fault(_shown(name), "a column that can name a person", _SAFE)
        for name in names
        if _is_personal(name)
    ]
    plain = [_plain(name) for name in names]
    faults += [
        Fault(_shown(name), "a column that is there twice", "Keep one of them")
        for name, written in zip(names, plain, strict=True)
        if plain.count(written) > 1
    ][:1]
    if len(names) > _MAX_COLUMNS:
        fault = Fault("table", f"{len(names)} columns", f"Keep at most {_MAX_COLUMNS}")
        faults.append(fault)
    if faults:
        raise BadTable.because(faults)


def _need(roles: Mapping[str, str], names: Sequence[str], *, needs_day: bool) -> None:
    there = ", ".join(_shown(name) for name in names[:30]) or "no column"
    faults = []
    if "score" not in roles:
        faults.append(
            Fault("score", f"not among the columns: {there}", "Add the model's score as `score`")
        )
    if needs_day and "day" not in roles and "timestamp" not in roles:
        remedy = "Add `day` (2026-05-03) or `timestamp` (2026-05-03T10:15:00)"
        faults.append(Fault("day", f"not among the columns: {there}", remedy))
    if faults:
        raise BadTable.because(faults)


def _is_personal(name: str) -> bool:
    whole = re.sub(r"[^a-z0-9]", "", name.lower())
    return whole in _PERSONAL_WHOLE or any(part in whole for part in _PERSONAL)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9*]+", "_", name.strip().lower()).strip("_")


def _shown(name: str) -> str:
    """Return a name short and printable: it comes from outside."""
    return "".join(c if c.isprintable() else " " for c in name)[:64] or "(no name)"
