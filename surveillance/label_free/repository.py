"""The daily counts that label-free estimates are made from, within the sites of the actor."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import col

from surveillance.axes import ALL
from surveillance.records.models import FEATURE, WHOLE_RUN, AggregateDay
from surveillance.records.repository import Scope, within_scope
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.repository import within_sites

_DAY = AggregateDay


def daily(session: ReadSession, actor: Actor, scope: Scope) -> Sequence[sa.Row[Any]]:
    """Return the daily counts of the findings in scope, ordered by finding and day."""
    columns = (col(_DAY.finding_key), col(_DAY.day), col(_DAY.reference_id), col(_DAY.histogram))
    statement = within_sites(
        sa.select(*columns, col(_DAY.n), col(_DAY.flagged)), actor, _DAY.site_id
    ).where(
        col(_DAY.axis) == ALL,
        col(_DAY.finding_key) != WHOLE_RUN,
        col(_DAY.finding_key).startswith(FEATURE, autoescape=True).is_(False),
        *within_scope(_DAY, scope),
    )
    return session.execute(statement.order_by(col(_DAY.finding_key), col(_DAY.day))).all()
