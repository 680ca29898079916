"""What a supplier may see of its own version: sums over all sites, with small numbers withheld.

No site, no day, no record. Only whole weeks that are over are counted, so that two looks within a
week cannot be subtracted from each other.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from model_registry.versions import service as versions
from surveillance.disclosure import hidden_levels
from surveillance.records import repository
from vigil.kernel.db import ReadSession
from vigil.kernel.errors import Forbidden
from vigil.kernel.identity.actor import Actor


@dataclass(frozen=True)
class Cell:
    """One level of one axis. `n` None means fewer than ten, or hidden to protect another level."""

    finding_key: str
    axis: str
    level: str
    n: int | None
    flagged: int | None
    decided: int | None
    overridden: int | None


def of_version(session: ReadSession, actor: Actor, version_id: str) -> list[Cell]:
    """Return the sums of a supplier's own version.

    Raises:
        Forbidden: the actor is no supplier.
        UnknownVersion: it is not this supplier's.
    """
    if actor.supplier_id is None:
        raise Forbidden("This is the supplier's own view of its version.")
    version = versions.version(session, actor, version_id)
    rows = repository.totals_of_version(session, version.id, _monday(session.now().date()))
    by_axis: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in rows:
        by_axis[row.finding_key, row.axis].append(row)
    return [cell for group in by_axis.values() for cell in _withheld(group)]


def _withheld(group: Sequence[Any]) -> list[Cell]:
    """Hide small cells, and others where a hidden cell could be worked out."""
    hidden = hidden_levels(group[0].axis, {row.level: row.n for row in group})
    return [_cell(row, is_hidden=row.level in hidden) for row in group]


def _cell(row: Any, *, is_hidden: bool) -> Cell:
    key = (row.finding_key, row.axis, row.level)
    if is_hidden:
        return Cell(*key, None, None, None, None)
    overridden = int(row.override_fp + row.override_fn)
    return Cell(*key, int(row.n), int(row.flagged), int(row.decided), overridden)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
