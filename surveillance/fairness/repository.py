"""Queries for the counts and the records that groups are compared on."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from surveillance.axes import ALL
from surveillance.crosses import service as crosses
from surveillance.records.models import AggregateDay, PredictionRecord
from surveillance.records.repository import Scope, within_scope
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor

_DAYS: sa.Table = AggregateDay.__table__  # type: ignore[attr-defined]
_RECORDS: sa.Table = PredictionRecord.__table__  # type: ignore[attr-defined]
_SUMMED = ("n", "flagged", "skipped", "failed")
_HEX = 16**8


def monthly(
    session: ReadSession, actor: Actor, scope: Scope, starts: Sequence[date]
) -> Sequence[sa.Row[Any]]:
    """Return sums of the daily counts of each site, finding, level and part of the period.

    `starts` are the first days of the parts, the earliest first; the row's `part` is its place.
    """
    table = _DAYS.c
    part = sa.case(
        # The first is never so, but a choice must have one to choose from.
        *((table.day < day, max(0, place - 1)) for place, day in enumerate(starts)),
        else_=len(starts) - 1,
    ).label("part")
    keys = (table.site_id, table.finding_key, table.axis, table.level, part)
    statement = sa.select(*keys, *(sa.func.sum(table[name]).label(name) for name in _SUMMED)).where(
        table.axis.in_((ALL, *crosses.axes(session, scope.version_id))),
        *within_scope(AggregateDay, scope),
    )
    if actor.sites is not None:
        statement = statement.where(table.site_id.in_(sorted(actor.sites)))
    # Numbers of images are no findings, and their histograms no flags.
    statement = statement.where(~table.finding_key.contains(":"))
    # By its name: PostgreSQL takes two expressions with parameters for different ones.
    return session.execute(statement.group_by(*keys[:-1], sa.text("part"))).all()


def count(session: ReadSession, actor: Actor, scope: Scope) -> int:
    statement = sa.select(sa.func.count()).select_from(_RECORDS).where(*_counting(actor, scope))
    return int(session.execute(statement).scalar_one())


def records(
    session: ReadSession, actor: Actor, scope: Scope, share: float = 1.0
) -> Sequence[sa.Row[Any]]:
    """Return the records that count as plain rows, or those of a share of the patients.

    Whole patients are taken: a sample of single records would hide that patients come again.
    Pseudonyms are keyed and so random, but fixed: the same share is always the same patients.
    Attributes stay text.
    """
    table = _RECORDS.c
    statement = sa.select(
        table.site_id,
        table.patient_pseudonym,
        table.finding_key,
        sa.type_coerce(table.outcome, sa.String).label("outcome"),
        table.score,
        table.flagged,
        table.truth,
        sa.cast(table.attributes, sa.String).label("attributes"),
    ).where(*_counting(actor, scope))
    if share < 1:
        statement = statement.where(table.patient_pseudonym < f"{int(share * _HEX):08x}")
    return session.execute(statement).all()


def _counting(actor: Actor, scope: Scope) -> list[Any]:
    conditions = [_RECORDS.c.superseded.is_(False), *within_scope(PredictionRecord, scope)]
    if actor.sites is not None:
        conditions.append(_RECORDS.c.site_id.in_(sorted(actor.sites)))
    return conditions
