"""The studies that show a cause, by pseudonym: without the installation's key nobody finds them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from inference.decisions.models import Decision
from surveillance.alerts.models import Alert
from surveillance.axes import ALL
from surveillance.causes import repository
from surveillance.causes.cause import Cause, CauseKind
from surveillance.causes.groups import Numbers
from surveillance.measures.histogram import Edges
from surveillance.measures.ranks import ranks
from surveillance.records.models import PredictionRecord
from surveillance.records.repository import Scope
from surveillance.references.cases import Columns
from surveillance.references.models import Reference
from surveillance.streams.kinds import StreamKind
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor

MOST = 20
_OVERRIDES = {
    StreamKind.OVERRIDE_RATE: (Decision.OVERRIDE_FP, Decision.OVERRIDE_FN),
    StreamKind.OVERRIDE_FP_RATE: (Decision.OVERRIDE_FP,),
    StreamKind.OVERRIDE_FN_RATE: (Decision.OVERRIDE_FN,),
}


def of_window(session: ReadSession, actor: Actor, alert: Alert, *, rising: bool) -> Sequence[Any]:
    """Return the window's records, those that the change is made of first."""
    finding = None if alert.finding_key.startswith("feature:") else alert.finding_key
    scope = Scope(alert.version_id, alert.site_id, finding, alert.window_from, alert.window_to)
    conditions = _conditions(StreamKind(alert.stream), rising=rising)
    found = repository.telling(session, actor, scope, conditions=conditions, rising=rising)
    if alert.axis == ALL:
        return found
    return [row for row in found if row.attributes.get(alert.axis) == alert.level]


def of_cause(cause: Cause, rows: Sequence[Any]) -> tuple[str, ...]:
    """Return the pseudonyms of the studies that show a cause most."""
    if cause.kind is CauseKind.UNEXPLAINED:
        return ()
    of_group = (
        row for row in rows if cause.axis == ALL or row.attributes.get(cause.axis) in cause.levels
    )
    names = dict.fromkeys(row.study_pseudonym or row.run_pseudonym for row in of_group)
    return tuple(names)[:MOST]


def measured(cases: Columns, reference: Reference, kind: StreamKind) -> Numbers:
    """Return what is measured of each case of a reference."""
    if kind is StreamKind.FLAG_RATE:
        return np.asarray(cases["flagged"], dtype=float)
    edges = Edges(tuple(reference.edges))
    of = ranks(np.asarray(reference.histogram))
    slots = [edges.slot(float(score or 0.0)) for score in cases["score"]]
    found: Numbers = of[np.asarray(slots)]
    return found


def _conditions(kind: StreamKind, *, rising: bool) -> list[Any]:
    """Keep to the cases that a rising rate is made of; of a falling one any case may be shown."""
    table = PredictionRecord.__table__.c  # type: ignore[attr-defined]
    if not rising:
        return []
    of: dict[StreamKind, list[Any]] = {
        StreamKind.IGNORED_RATE: [table.decision.is_(None)],
        StreamKind.FLAG_RATE: [table.flagged.is_(True)],
        StreamKind.MISS_RATE: [table.truth.is_(True), table.flagged.is_(False)],
        StreamKind.FALSE_ALARM_RATE: [table.truth.is_(False), table.flagged.is_(True)],
        **{each: [table.decision.in_(which)] for each, which in _OVERRIDES.items()},
    }
    return of.get(kind, [])
