"""Streams, overrides and the supplier's view, as JSON."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from surveillance.alerts.models import Alert, Tier
from surveillance.axes import ALL
from surveillance.causes import service as causes
from surveillance.causes.evidence import EventKind
from surveillance.streams import service, supplier
from surveillance.streams.assessment import Verdict
from surveillance.streams.daily import Course, Week
from surveillance.streams.evaluation import evaluate
from surveillance.streams.kinds import Stream, StreamKind
from surveillance.streams.overview import Wanted, after, chosen, overview
from surveillance.streams.sentences import sentence
from surveillance.streams.service import OverrideSummary
from surveillance.streams.view import StreamView
from surveillance.streams.weeks import followed
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import PartsDep, Reading, SignedInDep, Writing, allowed
from vigil.kernel.web.page import CursorDep, Listing, link_next
from vigil.kernel.web.route import ApiRoute
from vigil.kernel.web.spreadsheet import as_csv

router = APIRouter(prefix="/api/v1/surveillance", tags=["surveillance"], route_class=ApiRoute)
Watcher = Annotated[Actor, Depends(allowed(Permission.SURVEILLANCE_READ))]
Runner = Annotated[Actor, Depends(allowed(Permission.SURVEILLANCE_RUN))]


class StreamOut(BaseModel):
    """One stream. Without enough data it has a shortage and no estimate.

    `withheld`: it tells of too few people for who does not work at the site. Of groups that are
    shown to them, cases are tens and shares whole points.
    """

    version_id: str
    site_id: str
    finding_key: str
    stream: StreamKind
    axis: str
    level: str
    verdict: Verdict
    sentence: str
    withheld: bool
    n: int | None
    shortage: str | None
    estimate: float | None
    interval_low: float | None
    interval_high: float | None
    baseline: float | None
    tolerated_low: float | None
    tolerated_high: float | None
    e_value: float
    window_from: date | None
    window_to: date | None
    alert_id: str | None

    @classmethod
    def of(cls, view: StreamView) -> "StreamOut":
        found = view.assessment
        interval, bounds, window = found.interval, found.bounds, found.window
        return cls(
            version_id=found.version_id,
            site_id=found.site_id,
            finding_key=found.subject,
            stream=found.kind,
            axis=found.axis,
            level=found.level,
            verdict=view.verdict,
            sentence=view.sentence,
            withheld=view.withheld,
            n=None if view.withheld else found.n,
            shortage=str(found.shortage) if found.shortage else None,
            estimate=interval.estimate if interval else None,
            interval_low=interval.low if interval else None,
            interval_high=interval.high if interval else None,
            baseline=bounds.baseline if bounds else None,
            tolerated_low=bounds.low if bounds else None,
            tolerated_high=bounds.high if bounds else None,
            e_value=found.e_value,
            window_from=window[0] if window else None,
            window_to=window[1] if window else None,
            alert_id=view.alert.id if view.alert else None,
        )


class OverridesOut(BaseModel):
    """Overrides with every denominator on the way, of the days that were counted.

    Numbers are null where they tell of too few people for who does not work at the site.
    """

    from_day: date
    to_day: date
    eligible: int | None
    analysed: int | None
    shown: int | None
    decided: int | None
    override_fp: int | None
    override_fn: int | None
    rate: float | None
    interval_low: float | None
    interval_high: float | None


class CellOut(BaseModel):
    """A sum over all sites; null where it is withheld because it is small."""

    finding_key: str
    axis: str
    level: str
    n: int | None
    flagged: int | None
    decided: int | None
    overridden: int | None


class EvaluationIn(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{}]})
    day: date | None = Field(default=None, description="the last day that counts; today")


class EvaluationOut(BaseModel):
    day: date
    verdicts: dict[Verdict, int]
    alerts: list[str]


@dataclass(frozen=True)
class Asked:
    """The filters of a list of streams."""

    version_id: str | None = None
    site_id: str | None = None
    finding_key: str | None = None
    kind: StreamKind | None = None
    axis: Annotated[str | None, Query(description="none: everybody together and every group")] = (
        None
    )
    level: str | None = None
    verdict: Verdict | None = None
    day: Annotated[date | None, Query(description="the last day that counts; today")] = None


AskedDep = Annotated[Asked, Depends()]


@router.get("/streams")
def list_streams(
    *,
    request: Request,
    response: Response,
    session: Reading,
    actor: Watcher,
    asked: AskedDep,
    cursor: CursorDep,
) -> Listing[StreamOut]:
    views = after(_views(session, actor, asked), cursor.after)
    kept, next_cursor = cursor.cut(views, key=lambda view: list(view.assessment.key))
    link_next(request, response, next_cursor)
    return Listing(items=[StreamOut.of(view) for view in kept], next_cursor=next_cursor)


@router.get("/streams.csv")
def download_streams(session: Reading, actor: Watcher, asked: AskedDep) -> Response:
    rows = [StreamOut.of(view).model_dump() for view in _views(session, actor, asked)]
    columns = list(StreamOut.model_fields)
    return as_csv("streams", columns, ([row[name] for name in columns] for row in rows))


def _views(session: ReadSession, actor: Actor, asked: Asked) -> list[StreamView]:
    views = overview(
        session,
        actor,
        day=asked.day or session.now().date(),
        version_id=asked.version_id,
        site_id=asked.site_id,
        kept=asked.day is None,
    )
    kind, verdict = (one.value if one else None for one in (asked.kind, asked.verdict))
    return chosen(views, Wanted(asked.finding_key, kind, asked.axis, asked.level, verdict))


class DayOut(BaseModel):
    """One day: `level` is the detector's, from 365 on a watch.

    For who does not work at the site, one whole week, by its Monday; `n` and what follows from it
    are null where the week has too few cases.
    """

    model_config = ConfigDict(from_attributes=True)
    day: date
    n: int | None
    value: float | None
    estimate: float | None
    level: float | None
    since: date | None
    mark: str


class ChangeOut(BaseModel):
    """What people or machines changed meanwhile."""

    model_config = ConfigDict(from_attributes=True)
    kind: EventKind
    day: date
    what: str


class MutedOut(BaseModel):
    """Why a stream is not judged: the network's choice that was in force on the last day."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    reason: str
    made_by: str
    made_at: datetime


class WeekOut(BaseModel):
    """One week by itself; without an estimate where there was nothing to estimate."""

    monday: date
    n: int
    estimate: float | None
    interval_low: float | None
    interval_high: float | None

    @classmethod
    def of(cls, week: Week) -> "WeekOut":
        known = week.interval
        return cls(
            monday=week.monday,
            n=week.n,
            estimate=known.estimate if known else None,
            interval_low=known.low if known else None,
            interval_high=known.high if known else None,
        )


class RaisedOut(BaseModel):
    """An alert of the stream: when it was raised, and since when the change is likely."""

    id: str
    tier: Tier
    day: date
    since: date

    @classmethod
    def of(cls, alert: Alert) -> "RaisedOut":
        day = alert.opened_at.date()
        return cls(id=alert.id, tier=alert.tier, day=day, since=alert.window_from)


class SeriesOut(BaseModel):
    """One stream, day by day and week by week, with what the daily look says of it.

    One that is muted shows what was counted, and marks nothing.
    """

    version_id: str
    site_id: str
    finding_key: str
    stream: StreamKind
    axis: str
    level: str
    baseline: float
    tolerated_low: float
    tolerated_high: float
    verdict: Verdict
    sentence: str
    days: list[DayOut]
    weeks: list[WeekOut]
    alerts: list[RaisedOut]
    changes: list[ChangeOut]
    muted: MutedOut | None


@dataclass(frozen=True)
class Followed:
    """Which stream, and which of its days."""

    version_id: str
    site_id: str
    finding_key: str
    kind: StreamKind = StreamKind.SCORE
    axis: str = ALL
    level: str = ALL
    from_day: date | None = None
    to_day: date | None = None

    @property
    def stream(self) -> Stream:
        return Stream(
            self.version_id, self.site_id, self.finding_key, self.kind, self.axis, self.level
        )


FollowedDep = Annotated[Followed, Depends()]


@router.get("/streams/series")
def follow_stream(session: Reading, actor: Watcher, asked: FollowedDep) -> SeriesOut:
    found = _course(session, actor, asked)
    days = [DayOut.model_validate(each) for each in found.days]
    first = days[0].day if days else session.now().date()
    last = days[-1].day if days else first
    changes = causes.events(
        session,
        actor,
        version_id=asked.version_id,
        site_id=asked.site_id,
        finding_key=asked.finding_key,
        first=first,
        last=last,
    )
    return SeriesOut(
        version_id=asked.version_id,
        site_id=asked.site_id,
        finding_key=asked.finding_key,
        stream=asked.kind,
        axis=asked.axis,
        level=asked.level,
        baseline=found.baseline,
        tolerated_low=found.low,
        tolerated_high=found.high,
        verdict=found.found.verdict,
        sentence=sentence(found.found),
        days=days,
        weeks=[WeekOut.of(each) for each in found.weeks],
        alerts=[RaisedOut.of(each) for each in found.alerts],
        changes=[ChangeOut.model_validate(each) for each in changes],
        muted=MutedOut.model_validate(found.muted) if found.muted else None,
    )


@router.get("/streams/series.csv")
def download_stream(
    session: Reading, actor: Watcher, asked: FollowedDep, by: Literal["day", "week"] = "day"
) -> Response:
    found = _course(session, actor, asked)
    of = DayOut if by == "day" else WeekOut
    columns = [*of.model_fields, "baseline", "tolerated_low", "tolerated_high", "is_muted"]
    lines: Iterable[Any] = found.days if by == "day" else [WeekOut.of(week) for week in found.weeks]
    held = (found.baseline, found.low, found.high, found.muted is not None)
    rows = ([*vars(line).values(), *held] for line in lines)
    return as_csv("stream", columns, rows)


def _course(session: ReadSession, actor: Actor, asked: Followed) -> Course:
    day = asked.to_day or session.now().date()
    return followed(session, actor, asked.stream, day=day).since(asked.from_day)


@router.get("/overrides")
def summarise_overrides(
    *,
    session: Reading,
    actor: Watcher,
    version_id: str,
    site_id: str,
    from_day: date,
    to_day: date,
) -> OverridesOut:
    first, last = service.counted_days(session, actor, from_day, to_day)
    found = service.override_summary(
        session, actor, version_id=version_id, site_id=site_id, from_day=first, to_day=last
    )
    rate = None if found is None else found.rate
    named = [name for name in OverrideSummary.__dataclass_fields__ if name != "rate"]
    return OverridesOut(
        from_day=first,
        to_day=last,
        **{name: getattr(found, name, None) for name in named},
        rate=rate.estimate if rate else None,
        interval_low=rate.low if rate else None,
        interval_high=rate.high if rate else None,
    )


@router.get("/versions/{version_id}/summary")
def summarise_version(session: Reading, actor: SignedInDep, version_id: str) -> list[CellOut]:
    return [CellOut(**vars(cell)) for cell in supplier.of_version(session, actor, version_id)]


@router.post("/evaluations", status_code=201)
def run_evaluation(
    session: Writing, actor: Runner, parts: PartsDep, body: EvaluationIn
) -> EvaluationOut:
    day = body.day or session.now().date()
    judged, raised = evaluate(session, actor, parts.events, day=day)
    verdicts = {v: sum(each.verdict is v for each in judged) for v in Verdict}
    return EvaluationOut(day=day, verdicts=verdicts, alerts=[alert.id for alert in raised])
