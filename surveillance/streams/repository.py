"""Queries for the daily counts of many streams at once, within the sites the actor may read."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased, defer
from sqlmodel import col, select

from inference.associations.models import Association
from inference.delivery.models import Delivery, DeliveryState
from inference.runs.models import Run, RunMode, RunState
from model_registry.deployments.models import DeploymentPeriod, Mode
from model_registry.nodes.models import Node
from model_registry.versions.models import ModelVersion
from surveillance.axes import ALL
from surveillance.records.models import FEATURE, WHOLE_RUN, AggregateDay, PredictionRecord
from surveillance.records.repository import Scope, within_scope
from surveillance.references.models import Reference
from surveillance.streams.models import (
    ComparisonDay,
    DayPack,
    DaySeal,
    DeliveryDay,
    StreamSnapshot,
)
from surveillance.streams.parts import SEPARATOR
from surveillance.streams.series import SHOWN
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.repository import within_sites

BATCH = 20_000
EVERY_NUMBER = f"{FEATURE}%"
_DAYS: sa.Table = AggregateDay.__table__  # type: ignore[attr-defined]
_KEY = ("version_id", "site_id", "finding_key", "axis", "level", "mode")
COUNTED = ("n", "flagged", "shown", "decided", "heard", "heard_fp", "heard_fn")


def daily(
    session: ReadSession,
    actor: Actor,
    scope: Scope,
    axes: Sequence[str],
    *,
    numbers: str | None = None,
) -> Iterator[Sequence[Sequence[Any]]]:
    """Yield the daily counts of findings in batches of rows, in no order, for detectors.

    With `numbers` those of the runs' numbers instead whose subjects are like it.

    A row is the stream's name and reference in one text, the day, the histogram undecoded and the
    columns of `COUNTED`: what becomes an object for each cell is what a year of streams costs.
    """
    parts: list[Any] = [sa.type_coerce(_DAYS.c[name], sa.String) for name in _KEY]
    name = sa.func.coalesce(_DAYS.c.reference_id, "")
    for part in reversed(parts):
        name = part + SEPARATOR + name
    is_number = _DAYS.c.finding_key.like(numbers or EVERY_NUMBER)
    statement = sa.select(
        name,
        sa.type_coerce(_DAYS.c.day, sa.String),
        sa.type_coerce(_DAYS.c.histogram, sa.LargeBinary),
        *(_DAYS.c[each] for each in COUNTED),
    ).where(
        _DAYS.c.axis.in_(axes),
        sa.not_(is_number) if numbers is None else is_number,
        _DAYS.c.finding_key != WHOLE_RUN,
        *within_scope(AggregateDay, scope),
    )
    if actor.sites is not None:
        statement = statement.where(_DAYS.c.site_id.in_(sorted(actor.sites)))
    yield from session.execute(statement).partitions(BATCH)


def counted_places(session: ReadSession, actor: Actor, scope: Scope) -> list[tuple[str, str]]:
    """Return each version and site that has daily counts: a look into the index for each."""
    key = (_DAYS.c.version_id, _DAYS.c.site_id)
    statement = sa.select(*key).where(
        _DAYS.c.axis == ALL, *within_scope(AggregateDay, Scope(scope.version_id, scope.site_id))
    )
    if actor.sites is not None:
        statement = statement.where(_DAYS.c.site_id.in_(sorted(actor.sites)))
    statement = statement.order_by(*key).limit(1)
    after = statement.where(
        sa.tuple_(*key) > sa.tuple_(sa.bindparam("version"), sa.bindparam("site"))
    )
    found: list[tuple[str, str]] = []
    row = session.execute(statement).first()
    while row is not None:
        found.append((row[0], row[1]))
        row = session.execute(after, {"version": row[0], "site": row[1]}).first()
    return found


def seals(session: ReadSession, actor: Actor, scope: Scope) -> dict[tuple[str, str], date]:
    """Return the last day that the packs of each place are true for."""
    statement = sa.select(col(DaySeal.version_id), col(DaySeal.site_id), col(DaySeal.sealed_to))
    rows = session.execute(
        _in_scope(statement, DaySeal, actor, Scope(scope.version_id, scope.site_id))
    )
    return {(row[0], row[1]): row[2] for row in rows}


def packs(
    session: ReadSession, actor: Actor, scope: Scope, *, is_group: bool
) -> Iterator[tuple[tuple[str, str], date, bytes]]:
    """Yield place, month and content of the packs in scope, oldest first for each place."""
    columns = (DayPack.version_id, DayPack.site_id, DayPack.month, DayPack.content)
    statement = _in_scope(
        sa.select(*map(col, columns)), DayPack, actor, Scope(scope.version_id, scope.site_id)
    ).where(col(DayPack.is_group).is_(is_group))
    if scope.from_day is not None:
        statement = statement.where(col(DayPack.month) >= scope.from_day.replace(day=1))
    rows = session.execute(statement.order_by(*map(col, columns[:3])))
    for version_id, site_id, month, content in rows:
        yield (version_id, site_id), month, content


def hold_still(session: WriteSession) -> None:
    """Let nobody change daily counts until the end of the transaction; SQLite has one writer."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text("LOCK TABLE aggregate_day IN SHARE MODE"))


def drop_packs(session: WriteSession, place: tuple[str, str], first: date | None) -> None:
    """Forget the packs of a place from the month of a day on; of all months without a day."""
    version_id, site_id = place
    statement = sa.delete(DayPack).where(
        col(DayPack.version_id) == version_id, col(DayPack.site_id) == site_id
    )
    if first is not None:
        statement = statement.where(col(DayPack.month) >= first.replace(day=1))
    session.execute(statement)


def add_pack(
    session: WriteSession, place: tuple[str, str], month: date, content: bytes, *, is_group: bool
) -> None:
    version_id, site_id = place
    row = {"version_id": version_id, "site_id": site_id, "is_group": is_group}
    session.execute(sa.insert(DayPack), [row | {"month": month, "content": content}])


def set_seal(session: WriteSession, place: tuple[str, str], last: date) -> None:
    version_id, site_id = place
    session.merge(DaySeal(version_id=version_id, site_id=site_id, sealed_to=last))
    session.flush()


def later(
    session: ReadSession, actor: Actor, scope: Scope, day: date
) -> dict[tuple[str, str, str], int]:
    """Return how many cases each stream has that are dated after `day`."""
    key = (_DAYS.c.version_id, _DAYS.c.site_id, _DAYS.c.finding_key)
    statement = sa.select(*key, sa.func.sum(_DAYS.c.n)).where(
        _DAYS.c.axis == "all",
        _DAYS.c.day > day,
        *within_scope(AggregateDay, Scope(scope.version_id, scope.site_id, scope.finding_key)),
    )
    if actor.sites is not None:
        statement = statement.where(_DAYS.c.site_id.in_(sorted(actor.sites)))
    rows = session.execute(statement.group_by(*key))
    return {(row[0], row[1], row[2]): int(row[3]) for row in rows}


def references_until(session: ReadSession, day: date, *, groups: bool) -> Sequence[Reference]:
    """Return every reference that is in force by `day` or was before, the latest first.

    What is known of groups is large, and read only if it is asked for.
    """
    statement = select(Reference).where(col(Reference.effective_from) <= day)
    if not groups:
        statement = statement.options(defer(sa.inspect(Reference).attrs.groups.class_attribute))
    order = (col(Reference.effective_from).desc(), col(Reference.id).desc())
    return session.exec(statement.order_by(*order)).all()


def run_days(
    session: ReadSession, actor: Actor, scope: Scope, axes: Sequence[str]
) -> Iterator[Sequence[Sequence[Any]]]:
    """Yield the daily counts of whole runs in batches of rows, in no order.

    A row is version, site, axis and level in one text, the day, and how many runs there were, how
    many were left out, and how many came to no result.
    """
    name: Any = _DAYS.c.level
    for part in ("axis", "site_id", "version_id"):
        name = _DAYS.c[part] + SEPARATOR + name
    statement = sa.select(
        name,
        sa.type_coerce(_DAYS.c.day, sa.String),
        _DAYS.c.n,
        _DAYS.c.skipped,
        _DAYS.c.failed + _DAYS.c.no_result,
    ).where(
        _DAYS.c.axis.in_(axes),
        _DAYS.c.finding_key == WHOLE_RUN,
        *within_scope(AggregateDay, replace(scope, finding_key=None)),
    )
    if actor.sites is not None:
        statement = statement.where(_DAYS.c.site_id.in_(sorted(actor.sites)))
    yield from session.execute(statement).partitions(BATCH)


def delivery_days(session: ReadSession, actor: Actor, scope: Scope) -> Sequence[DeliveryDay]:
    """Return the days of deliveries, ordered by version, site and day."""
    order = map(col, (DeliveryDay.version_id, DeliveryDay.site_id, DeliveryDay.day))
    statement = select(DeliveryDay).order_by(*order)
    found: Sequence[DeliveryDay] = session.exec(
        _in_scope(statement, DeliveryDay, actor, scope)
    ).all()
    return found


def comparison_days(session: ReadSession, actor: Actor, scope: Scope) -> Sequence[ComparisonDay]:
    """Return the days of compared versions, ordered by candidate, site, finding and day."""
    statement = select(ComparisonDay)
    if scope.finding_key is not None:
        statement = statement.where(ComparisonDay.finding_key == scope.finding_key)
    named = (ComparisonDay.version_id, ComparisonDay.site_id, ComparisonDay.finding_key)
    statement = statement.order_by(*map(col, named), col(ComparisonDay.day))
    found: Sequence[ComparisonDay] = session.exec(
        _in_scope(statement, ComparisonDay, actor, scope)
    ).all()
    return found


def count_deliveries(
    session: ReadSession, begin: datetime, end: datetime, within: timedelta, now: datetime
) -> list[dict[str, Any]]:
    """Return the rows of `DeliveryDay` for the runs that were planned in a time."""
    rows = session.execute(
        sa.select(
            col(Run.version_id),
            col(Delivery.site_id),
            col(Run.planned_at),
            col(Delivery.delivered_at),
            sa.type_coerce(col(Delivery.state), sa.String),
        )
        .join(Run, col(Run.id) == col(Delivery.run_id))
        .where(
            # Also what the index begins with.
            col(Run.state) == RunState.FINISHED,
            col(Run.planned_at) >= begin,
            col(Run.planned_at) < end,
            col(Delivery.discarded_at).is_(None),
        )
    )
    found: dict[tuple[str, str, date], list[int]] = {}
    for version_id, site_id, planned_at, delivered_at, state in rows:
        if delivered_at is None and now - planned_at <= within:
            continue  # there is still time
        counts = found.setdefault((version_id, site_id, planned_at.date()), [0, 0, 0])
        counts[0] += 1
        counts[1] += delivered_at is None or delivered_at - planned_at > within
        counts[2] += state == DeliveryState.DEAD
    return [
        {**dict(zip(("version_id", "site_id", "day"), key, strict=True)), "n": n, "late": late}
        | {"dead": dead}
        for key, (n, late, dead) in found.items()
    ]


def compare(session: ReadSession, begin: date, end: date) -> list[dict[str, Any]]:
    """Return the rows of `ComparisonDay` for the candidates' records of some days."""
    candidate = aliased(PredictionRecord, name="candidate")
    champion = aliased(PredictionRecord)
    tried, used = aliased(ModelVersion), aliased(ModelVersion)
    day = col(candidate.day)
    one, other = col(champion.flagged), col(candidate.flagged)
    pair: tuple[Any, ...] = (
        col(candidate.version_id).label("version_id"),
        col(champion.version_id).label("champion_id"),
        col(candidate.site_id).label("site_id"),
        col(candidate.finding_key).label("finding_key"),
        day.label("day"),
    )
    counted = {
        "both": one & other,
        "only_champion": one & ~other,
        "only_candidate": other & ~one,
        "neither": ~one & ~other,
    }
    sums = [sa.func.sum(sa.case((is_so, 1), else_=0)).label(n) for n, is_so in counted.items()]
    statement = (
        sa.select(*pair, *sums)
        .select_from(candidate)
        .join(
            champion,
            sa.and_(
                col(champion.site_id) == col(candidate.site_id),
                col(champion.study_pseudonym) == col(candidate.study_pseudonym),
                col(champion.finding_key) == col(candidate.finding_key),
                col(champion.mode).in_((RunMode.LIVE, RunMode.CANARY)),
                col(champion.superseded).is_(False),
            ),
        )
        .join(tried, col(tried.id) == col(candidate.version_id))
        .join(
            used,
            sa.and_(
                col(used.id) == col(champion.version_id),
                col(used.model_id) == col(tried.model_id),
                col(used.id) != col(tried.id),
            ),
        )
        .where(
            # Written out, as a bound value would not tell that the partial index serves.
            sa.literal_column("candidate.mode") == sa.literal_column("'shadow'"),
            col(candidate.superseded).is_(False),
            day >= begin,
            day <= end,
            one.is_not(None),
            other.is_not(None),
        )
        .group_by(*pair)
    )
    return [dict(row) for row in session.execute(statement).mappings()]


def replace_days(
    session: WriteSession,
    table: type[DeliveryDay | ComparisonDay],
    begin: date,
    end: date,
    rows: list[dict[str, Any]],
) -> None:
    """Put rows in the place of those that a table has for some days."""
    days: sa.Table = table.__table__  # type: ignore[union-attr]
    session.execute(sa.delete(days).where(days.c.day >= begin, days.c.day <= end))
    if rows:
        made = [{"id": session.new_id("day"), **row} for row in rows]
        session.execute(sa.insert(days), made)


def last_days(session: ReadSession) -> tuple[date | None, date | None]:
    """Return the last day with a counted delivery, and with a comparison."""
    delivered = session.execute(sa.select(sa.func.max(col(DeliveryDay.day)))).scalar()
    compared = session.execute(sa.select(sa.func.max(col(ComparisonDay.day)))).scalar()
    return delivered, compared


def periods_at_work(session: ReadSession) -> Sequence[Any]:
    """Return the spans in which versions ran at sites, in order: version, site, begin and end."""
    statement = sa.select(
        col(DeploymentPeriod.version_id),
        col(DeploymentPeriod.site_id),
        col(DeploymentPeriod.from_at),
        col(DeploymentPeriod.to_at),
    ).where(col(DeploymentPeriod.mode).in_((Mode.SHADOW, Mode.CANARY, Mode.LIVE)))
    return session.execute(statement.order_by(col(DeploymentPeriod.from_at))).all()


def arrivals(
    session: ReadSession, actor: Actor, begin: datetime, end: datetime
) -> Iterator[Sequence[Any]]:
    """Yield when studies came to each version at each site: version, site, instant."""
    statement = sa.select(col(Run.version_id), col(Run.site_id), col(Run.planned_at)).where(
        # Every state, because that is what the index begins with.
        col(Run.state).in_(tuple(RunState)),
        col(Run.planned_at) >= begin,
        col(Run.planned_at) < end,
    )
    if actor.sites is not None:
        statement = statement.where(col(Run.site_id).in_(sorted(actor.sites)))
    yield from session.execute(statement)


def associations(
    session: ReadSession, actor: Actor, begin: datetime, end: datetime
) -> Iterator[Sequence[Any]]:
    """Yield when each source sent something: AE title, site, instant."""
    statement = (
        sa.select(col(Association.calling_ae), col(Association.site_id), col(Association.opened_at))
        .join(
            Node,
            sa.and_(
                col(Node.site_id) == col(Association.site_id),
                col(Node.ae_title) == col(Association.calling_ae),
                col(Node.is_source),
                col(Node.active),
            ),
        )
        .where(
            col(Association.stored) > 0,
            col(Association.opened_at) >= begin,
            col(Association.opened_at) < end,
        )
    )
    if actor.sites is not None:
        statement = statement.where(col(Association.site_id).in_(sorted(actor.sites)))
    yield from session.execute(statement)


def _in_scope(statement: Any, table: Any, actor: Actor, scope: Scope) -> Any:
    wanted = {"version_id": scope.version_id, "site_id": scope.site_id}
    for name, value in wanted.items():
        if value is not None:
            statement = statement.where(getattr(table, name) == value)
    if scope.from_day is not None:
        statement = statement.where(table.day >= scope.from_day)
    if scope.to_day is not None:
        statement = statement.where(table.day <= scope.to_day)
    if actor.sites is not None:
        statement = statement.where(col(table.site_id).in_(sorted(actor.sites)))
    return statement


def snapshots(
    session: ReadSession, actor: Actor, version_id: str | None, site_id: str | None
) -> Sequence[StreamSnapshot]:
    """Return what the last daily look found of groups."""
    statement = within_sites(select(StreamSnapshot), actor, StreamSnapshot.site_id)
    if version_id is not None:
        statement = statement.where(StreamSnapshot.version_id == version_id)
    if site_id is not None:
        statement = statement.where(StreamSnapshot.site_id == site_id)
    return session.exec(statement).all()


def replace_snapshots(session: WriteSession, rows: Sequence[dict[str, Any]]) -> None:
    """Keep what was found today in place of what was found before."""
    session.execute(sa.delete(StreamSnapshot))
    if rows:
        session.execute(sa.insert(StreamSnapshot), rows)


def totals(
    session: ReadSession, actor: Actor, scope: Scope, *, by: str, axis: str
) -> Sequence[sa.Row[Any]]:
    """Add up an axis by `level` or `site_id`: cases of every mode, decisions on what was shown."""
    column = _DAYS.c[by]
    shown = sa.case((_DAYS.c.mode.in_(sorted(SHOWN)), 1), else_=0)
    overridden = (_DAYS.c.override_fp + _DAYS.c.override_fn) * shown
    statement = sa.select(
        column.label("name"),
        sa.func.sum(_DAYS.c.n).label("n"),
        sa.func.sum(_DAYS.c.flagged).label("flagged"),
        sa.func.sum(_DAYS.c.decided * shown).label("decided"),
        sa.func.sum(overridden).label("overridden"),
    ).where(_DAYS.c.axis == axis, *within_scope(AggregateDay, scope))
    if actor.sites is not None:
        statement = statement.where(_DAYS.c.site_id.in_(sorted(actor.sites)))
    return session.execute(statement.group_by(column).order_by(column)).all()
