"""Count records on the crosses that were named after them.

Each record takes the levels that follow from those it has, and only what they add is counted: the
other counts stay as they are. What counts on a cross already is left alone, so that it can be done
again at any time.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from surveillance.axes import crossed
from surveillance.crosses import service as crosses
from surveillance.crosses.errors import NeedsTheNetwork
from surveillance.records import repository
from surveillance.records.bulk import Coded, Folded, fold
from surveillance.records.folding import Change, merged
from surveillance.records.frozen import FrozenOnDay
from surveillance.records.scan import columns
from surveillance.records.sums import LABELLED, PREDICTIONS
from vigil.kernel.audit import service as audit
from vigil.kernel.db import WriteSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission


def recount(
    session: WriteSession, actor: Actor, *, reason: str, version_id: str | None = None
) -> dict[str, int]:
    """Return how many records count on each cross that did not before.

    Raises:
        NeedsTheNetwork: the actor answers for one site only.
    """
    actor.require(Permission.SURVEILLANCE_RUN)
    if actor.sites is not None:
        raise NeedsTheNetwork("Counts of every site are made anew by who may read all sites.")
    versions = [version_id] if version_id else repository.recorded_versions(session)
    found: dict[str, int] = {}
    for version, named in crosses.of_versions(session, versions).items():
        for axis in named:
            found[axis] = found.get(axis, 0) + _recount(session, version, axis)
    what = "surveillance:cross:recount"
    audit.record(session, actor, what, version_id or "all", reason, records=found)
    return found


def _recount(session: WriteSession, version_id: str, axis: str) -> int:
    session.flush()
    done = 0
    frozen = FrozenOnDay(session)
    for rows in repository.pieces_of(session, version_id):
        lacking = [row for row in rows if _with(row[_ATTRIBUTES], axis) != row[_ATTRIBUTES]]
        if not lacking:
            continue
        levels = [_with(row[_ATTRIBUTES], axis) for row in lacking]
        repository.set_attributes(
            session, [(row[0], text) for row, text in zip(lacking, levels, strict=True)]
        )
        on_axis = Coded.of(json.loads(text)[axis] for text in levels)
        table = replace(columns([row[1:] for row in lacking]), levels={axis: on_axis}, features={})
        _add(session, fold(table, frozen), axis)
        done += len(lacking)
    session.expire_all()
    return done


_ATTRIBUTES = 1 + repository.COUNTED.index("attributes")


@lru_cache(maxsize=65_536)
def _with(attributes: str, axis: str) -> str:
    """Return the levels of a record, as text, with that of a cross; few records differ in them."""
    held: dict[str, str] = json.loads(attributes)
    return attributes if axis in held else json.dumps(crossed(held, (axis,)))


def _add(session: WriteSession, folded: Iterable[Folded], axis: str) -> None:
    for each in folded:
        PREDICTIONS.add(session, merged(_on(each.predictions, axis)))
        LABELLED.add(session, merged(_on(each.labelled, axis)))


def _on(changes: Sequence[Change], axis: str) -> Iterator[Any]:
    return (change for change in changes if change.cell.axis == axis)
