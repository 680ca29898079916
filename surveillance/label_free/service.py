"""Estimate performance without labels, for people to read; nothing acts on it.

Neither alarms nor gates import this noun, and it imports none of them: a test holds both.
"""

from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import Any

import numpy as np

from surveillance.label_free import repository
from surveillance.label_free.errors import WrongDays
from surveillance.label_free.estimates import Scored, View, calibrator_of, estimated, shortage
from surveillance.measures.histogram import valued
from surveillance.records.repository import Scope
from surveillance.references import service as references
from surveillance.references.models import Reference
from vigil.kernel.db import ReadSession
from vigil.kernel.errors import Fault
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission


def views(
    session: ReadSession,
    actor: Actor,
    *,
    version_id: str,
    site_id: str,
    from_day: date,
    to_day: date,
) -> list[View]:
    """Return the label-free view of each finding of a version at a site.

    Raises:
        WrongDays: the first day is after the last.
    """
    actor.require(Permission.SURVEILLANCE_READ, site_id)
    if from_day > to_day:
        raise WrongDays.because([Fault("from_day", "after the last day", "Swap the two days")])
    rows = repository.daily(session, actor, Scope(version_id, site_id, None, from_day, to_day))
    return [
        _view(
            session,
            list(group),
            version_id=version_id,
            site_id=site_id,
            finding_key=key,
            from_day=from_day,
            to_day=to_day,
        )
        for key, group in groupby(rows, key=attrgetter("finding_key"))
    ]


def _view(session: ReadSession, rows: list[Any], **about: Any) -> View:
    reference = references.on_day(
        session, about["version_id"], about["site_id"], about["finding_key"], about["to_day"]
    )
    if reference is None:
        return View(**about, unavailable="no reference was set")
    held = [row for row in rows if row.reference_id == reference.id]
    scored = _scored(reference, held)
    calibrator = calibrator_of(reference.positives, reference.negatives)
    why = shortage(calibrator, scored)
    cases = int(valued(scored.histograms).sum())
    counted = sum(row.n for row in held)
    return View(
        **about,
        reference_id=reference.id,
        days=len(scored.days),
        cases=cases,
        left_out=counted - cases,
        other_reference=sum(row.n for row in rows) - counted,
        labelled=calibrator.labelled if calibrator else 0,
        reference_area=calibrator.area if calibrator and why is None else None,
        unavailable=why,
        estimates=estimated(calibrator, scored) if calibrator and why is None else None,
    )


def _scored(reference: Reference, rows: list[Any]) -> Scored:
    """Add up the modes of each day; a day without a score is no day."""
    slots = len(reference.histogram)
    days, histograms, flagged = [], [], []
    for day, group in groupby(rows, key=attrgetter("day")):
        of_day = list(group)
        counted = sum((row.histogram for row in of_day), np.zeros(slots, dtype=np.int64))
        if valued(counted).sum() > 0:
            days.append(day)
            histograms.append(counted)
            flagged.append(sum(row.flagged for row in of_day))
    empty = np.zeros((0, slots), dtype=np.int64)
    return Scored(days, np.array(histograms) if days else empty, np.asarray(flagged))
