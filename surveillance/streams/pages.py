"""The surveillance page of a version at a site: what is watched, what it shows, what is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, ClassVar
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from model_registry.versions import service as versions
from model_registry.versions.models import ModelVersion
from surveillance.axes import ALL
from surveillance.causes import service as causes
from surveillance.crosses import service as crosses
from surveillance.names import finding_name, said
from surveillance.streams import course_charts, plots, service
from surveillance.streams.assessment import Verdict
from surveillance.streams.called import stream_name
from surveillance.streams.charts import COLUMNS, Chart
from surveillance.streams.errors import NoSeries
from surveillance.streams.kinds import StreamKind
from surveillance.streams.overview import (
    Wanted,
    after,
    by_verdict,
    chosen,
    overview,
)
from surveillance.streams.plots import Plots
from surveillance.streams.sentences import sentence
from surveillance.streams.service import OverrideSummary
from surveillance.streams.view import StreamView
from surveillance.streams.weeks import followed
from surveillance.words import group_name
from vigil.kernel.db import ReadSession
from vigil.kernel.errors import Invalid, NotFound
from vigil.kernel.identity import repository as identity
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import Site
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.charts.course import CourseChart
from vigil.kernel.web.dependencies import Reading, allowed
from vigil.kernel.web.page import CursorDep, next_url
from vigil.kernel.web.pages import Page, render
from vigil.kernel.web.spreadsheet import as_csv
from vigil.kernel.web.words import in_words

router = APIRouter(include_in_schema=False)
Watcher = Annotated[Actor, Depends(allowed(Permission.SURVEILLANCE_READ))]
PERIODS = (4, 13, 26, 52)
LISTED_REASONS = 6


@dataclass(frozen=True)
class Filters:
    """What is asked for in the query string; an empty field asks for all."""

    site: str = ""
    finding: str = ""
    kind: str = ""
    axis: str = ""
    level: str = ""
    verdict: str = ""
    period: Annotated[int, Query(ge=1, le=520, description="weeks")] = 26

    @property
    def wanted(self) -> Wanted:
        finding, kind = self.finding or None, self.kind or None
        level = self.level or None
        return Wanted(finding, kind, self.axis or None, level, self.verdict or None)

    @property
    def weeks(self) -> timedelta:
        return timedelta(weeks=self.period)


FiltersDep = Annotated[Filters, Depends()]


@dataclass(frozen=True, kw_only=True)
class SurveillancePage(Page):
    template: ClassVar[str] = "streams/surveillance.html"
    periods: ClassVar[Sequence[int]] = PERIODS
    kinds: ClassVar[Sequence[str]] = tuple(kind.value for kind in StreamKind)
    axes: Sequence[str]
    verdicts: ClassVar[Sequence[str]] = tuple(verdict.value for verdict in Verdict)
    model: str
    version: ModelVersion
    sites: Sequence[Site]
    site: Site | None
    filters: Filters
    findings: Mapping[str, str]
    all_streams: Sequence[StreamView]
    matching: int
    streams: Sequence[StreamView]
    next_url: str | None
    summary: OverrideSummary | None
    plots: Plots | None
    course: CourseChart | None
    uncharted: str
    from_day: date

    @property
    def counts(self) -> list[tuple[Verdict, int]]:
        return by_verdict(self.all_streams)

    @property
    def missing(self) -> list[StreamView]:
        """What is not known for want of data; never shown as a green light."""
        return [view for view in self.all_streams if view.assessment.shortage]

    @property
    def missing_reasons(self) -> list[tuple[str, list[str]]]:
        """What is missing, with the streams of everybody that lack it: no more than one reads."""
        found: dict[str, list[str]] = {}
        for view in self.missing:
            if view.assessment.level == ALL:
                name = stream_name(self.version, view.assessment.stream)
                found.setdefault(str(view.assessment.shortage), []).append(name)
        return sorted(found.items(), key=lambda one: -len(one[1]))[:LISTED_REASONS]

    @property
    def path(self) -> str:
        return f"/models/{self.version.model_id}/versions/{self.version.id}/surveillance"

    def link(self, name: str = "", **changed: str) -> str:
        """Return this page, or the file of one of its charts, with some filters changed."""
        asked = {**vars(self.filters), "site": self.site.id if self.site else "", **changed}
        query = urlencode({key: value for key, value in asked.items() if value})
        return f"{self.path}{f'/{name}.csv' if name else ''}?{query}"

    def group(self, view: StreamView) -> str:
        found = view.assessment
        return in_words(group_name(found.axis, found.level) or "everybody")

    def said(self, view: StreamView) -> str:
        """Return a stream's sentence with the finding's name in place of its key."""
        key = view.assessment.subject
        return said(view.sentence, key, finding_name(self.version, key))


@router.get("/models/{model_id}/versions/{version_id}/surveillance")
def surveillance(
    *,
    request: Request,
    session: Reading,
    actor: Watcher,
    model_id: str,
    version_id: str,
    filters: FiltersDep,
    cursor: CursorDep,
) -> Response:
    version = _version(session, actor, model_id, version_id)
    sites, site = _sites(session, actor, filters)
    views = _views(session, actor, version, site)
    matching = chosen(views, filters.wanted)
    kept, following = cursor.cut(
        after(matching, cursor.after), key=lambda view: list(view.assessment.key)
    )
    first, last = _days(session, actor, filters)
    where = f" at {site.name}" if site else ""
    model = versions.model(session, actor, version.model_id).title
    findings = _findings(version, views)
    followed, uncharted = _followed(session, actor, version, matching, filters)
    page = SurveillancePage(
        title=f"Surveillance of {model} {version.version}{where}",
        model=model,
        version=version,
        sites=sites,
        site=site,
        filters=filters,
        axes=(ALL, *crosses.axes(session, version.id)),
        findings=findings,
        all_streams=views,
        matching=len(matching),
        streams=kept,
        next_url=next_url(request, following) if following else None,
        summary=_summary(session, actor, version, site, (first, last)) if site else None,
        plots=_plots(session, actor, version, site, filters, findings, sites),
        course=followed,
        uncharted=uncharted,
        from_day=first,
    )
    return render(request, page)


@router.get("/models/{model_id}/versions/{version_id}/surveillance/{chart}.csv")
def download(
    *,
    session: Reading,
    actor: Watcher,
    model_id: str,
    version_id: str,
    chart: str,
    filters: FiltersDep,
) -> Response:
    """Answer with the numbers of one chart, or of the table of streams."""
    version = _version(session, actor, model_id, version_id)
    sites, site = _sites(session, actor, filters)
    if chart == "streams":
        views = chosen(_views(session, actor, version, site), filters.wanted)
        return as_csv("streams", _STREAM_COLUMNS, map(_stream_row, views))
    views = _views(session, actor, version, site)
    if chart == course_charts.KEY:
        matching = chosen(views, filters.wanted)
        followed, _ = _followed(session, actor, version, matching, filters)
        return _file(chart, followed)
    findings = _findings(version, views)
    drawn = _plots(session, actor, version, site, filters, findings, sites)
    return _file(chart, drawn.named(chart) if drawn else None)


def _file(chart: str, found: Chart | None) -> Response:
    if found is None:
        raise NotFound("There is no such chart here.")
    return as_csv(chart, COLUMNS[type(found)], found.rows)


_STREAM_COLUMNS = (
    "verdict", "stream", "subject", "axis", "level", "cases", "sentence", "alert",
)  # fmt: skip


def _stream_row(view: StreamView) -> list[object]:
    found = view.assessment
    named = [found.kind.value, found.subject, found.axis, found.level]
    cases = None if view.withheld else found.n
    alert = view.alert.id if view.alert else ""
    return [view.verdict.value, *named, cases, view.sentence, alert]


def _version(session: ReadSession, actor: Actor, model_id: str, version_id: str) -> ModelVersion:
    version = versions.version(session, actor, version_id)
    if version.model_id != model_id:
        raise NotFound("This model has no such version.")
    return version


def _sites(
    session: ReadSession, actor: Actor, filters: Filters
) -> tuple[Sequence[Site], Site | None]:
    known = identity.sites(session, actor)
    asked = next((one for one in known if one.id == filters.site), None)
    return known, asked or (known[0] if known else None)


def _views(
    session: ReadSession, actor: Actor, version: ModelVersion, site: Site | None
) -> list[StreamView]:
    if site is None:
        return []
    today = session.now().date()
    return overview(session, actor, day=today, version_id=version.id, site_id=site.id, kept=True)


def _summary(
    session: ReadSession,
    actor: Actor,
    version: ModelVersion,
    site: Site,
    days: tuple[date, date],
) -> OverrideSummary | None:
    at = {"version_id": version.id, "site_id": site.id}
    return service.override_summary(session, actor, from_day=days[0], to_day=days[1], **at)


def _days(session: ReadSession, actor: Actor, filters: Filters) -> tuple[date, date]:
    today = session.now().date()
    return service.counted_days(session, actor, today - filters.weeks, today)


def _followed(
    session: ReadSession,
    actor: Actor,
    version: ModelVersion,
    matching: Sequence[StreamView],
    filters: Filters,
) -> tuple[CourseChart | None, str]:
    """Draw the stream that is asked for, everybody before groups; or say why it has no chart."""
    if not filters.kind or not matching:
        return None, ""
    # The loudest come first, and the others follow in the table.
    stream = min(matching, key=lambda view: view.assessment.axis != ALL).assessment.stream
    today = session.now().date()
    try:
        found = followed(session, actor, stream, day=today).since(today - filters.weeks)
    except (NoSeries, Invalid) as error:
        # Its reason may be the stream's sentence, which calls the finding by its key.
        called = finding_name(version, stream.subject)
        return None, str(error).replace(f"{stream.subject}: ", f"{called}: ")
    name = stream_name(version, stream)
    return course_charts.course_chart(
        found,
        name,
        said(sentence(found.found), stream.subject, finding_name(version, stream.subject)),
        causes.events(
            session,
            actor,
            version_id=stream.version_id,
            site_id=stream.site_id,
            finding_key=stream.subject,
            first=today - filters.weeks,
            last=today,
        ),
    ), ""


def _findings(version: ModelVersion, views: Sequence[StreamView]) -> dict[str, str]:
    scored = (view for view in views if view.assessment.kind is StreamKind.SCORE)
    keys = sorted({view.assessment.subject for view in scored})
    return {key: finding_name(version, key) for key in keys}


def _plots(
    session: ReadSession,
    actor: Actor,
    version: ModelVersion,
    site: Site | None,
    filters: Filters,
    findings: Mapping[str, str],
    sites: Sequence[Site],
) -> Plots | None:
    finding = filters.finding if filters.finding in findings else next(iter(findings), None)
    if site is None or finding is None:
        return None
    known = crosses.axes(session, version.id)
    return plots.of_finding(
        session,
        actor,
        version_id=version.id,
        site_id=site.id,
        finding=(finding, findings[finding]),
        axis=filters.axis if filters.axis in known else "manufacturer",
        days=_days(session, actor, filters),
        names={one.id: one.name for one in sites},
    )
