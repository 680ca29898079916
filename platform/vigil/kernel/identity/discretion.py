"""What a supplier is not told: what people of hospitals and of the network typed, and who they are.

A supplier follows where its versions stand. Reasons are free text, and somebody will name a patient
in one; so that it gets the state, the day and the mode, and neither reason nor person.
"""

from collections.abc import Sequence
from typing import TypeVar

from vigil.kernel.db import Table
from vigil.kernel.identity.actor import Actor

Row = TypeVar("Row", bound=Table)


def without_words(actor: Actor, row: Row, names: Sequence[str]) -> Row:
    """Return the row or, for a supplier, a copy in which these texts are empty; None stays None."""
    if actor.supplier_id is None:
        return row
    emptied = {name: "" for name in names if getattr(row, name) is not None}
    return type(row)(**(row.model_dump() | emptied))
