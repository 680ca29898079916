"""Find identifiers by what they look like, whatever their column is called."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from surveillance.simulation.columns import Chosen
from surveillance.simulation.errors import BadTable
from vigil.kernel.errors import Fault

_LOOKED_AT: Final = 1000
_SHARE: Final = 0.5
_FEWEST: Final = 3
_UID: Final = re.compile(r"^[0-2](\.[0-9]+){4,}$")
_NHS: Final = re.compile(r"^[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}$")
_REMEDY: Final = "Replace it by numbers of your own that lead to nobody"


def check(chosen: Chosen, values: Mapping[str, Sequence[str]]) -> None:
    """Refuse a column in which most values look like an NHS number or a DICOM UID.

    Raises:
        BadTable: one does.
    """
    names = {**chosen.roles, **chosen.axes}
    for column, known in values.items():
        looked = [value for value in known[:_LOOKED_AT] if value]
        for what, is_so in (("NHS numbers", is_nhs_number), ("DICOM UIDs", _is_uid)):
            alike = sum(map(is_so, looked))
            if alike >= _FEWEST and alike > _SHARE * len(looked):
                name = names.get(column, column)
                raise BadTable.because([Fault(name, f"its values look like {what}", _REMEDY)])


def is_nhs_number(text: str) -> bool:
    """Whether ten digits hold the check digit of an NHS number (modulus 11)."""
    if not _NHS.fullmatch(text):
        return False
    digits = [int(digit) for digit in text if digit.isdecimal()]
    rest = 11 - sum(digit * weight for digit, weight in zip(digits, range(10, 1, -1))) % 11  # noqa: B905 - nine of ten
    return rest % 11 == digits[-1]


def _is_uid(text: str) -> bool:
    return bool(_UID.fullmatch(text))
