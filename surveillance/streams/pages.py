"""The surveillance page of a version at a site: what is watched, what it shows, what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, ClassVar

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from model_registry.versions import service as versions
from model_registry.versions.models import ModelVersion
from surveillance.names import finding_name
from surveillance.references import service as references
from surveillance.streams import charts, service
from surveillance.streams.overview import StreamView, overview
from surveillance.streams.service import OverrideSummary
from vigil.kernel.db import ReadSession
from vigil.kernel.errors import NotFound
from vigil.kernel.identity import repository as identity
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import Site
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.charts.control import ControlChart
from vigil.kernel.web.charts.histogram import Histogram
from vigil.kernel.web.dependencies import Reading, allowed
from vigil.kernel.web.pages import Page, render

router = APIRouter(include_in_schema=False)
Watcher = Annotated[Actor, Depends(allowed(Permission.SURVEILLANCE_READ))]
WEEKS = 26


@dataclass(frozen=True)
class FindingCharts:
    """The charts of one finding; `overrides` None: the reference has no override baseline."""

    name: str
    flags: ControlChart
    overrides: ControlChart | None
    scores: Histogram


@dataclass(frozen=True, kw_only=True)
class SurveillancePage(Page):
    template: ClassVar[str] = "streams/surveillance.html"
    model: str
    version: ModelVersion
    sites: Sequence[Site]
    site: Site | None
    streams: Sequence[StreamView]
    summary: OverrideSummary | None
    findings: Sequence[FindingCharts]
    from_day: date

    @property
    def missing(self) -> list[StreamView]:
        """What is not known for want of data; never shown as a green light."""
        return [view for view in self.streams if view.assessment.shortage]

    def said(self, view: StreamView) -> str:
        """Return a stream's sentence with the finding's name in place of its key."""
        key = view.assessment.finding_key
        return f"{finding_name(self.version, key)}: {view.sentence.removeprefix(f'{key}: ')}"


@router.get("/models/{model_id}/versions/{version_id}/surveillance")
def surveillance(
    *,
    request: Request,
    session: Reading,
    actor: Watcher,
    model_id: str,
    version_id: str,
    site: str | None = None,
) -> Response:
    version = versions.version(session, actor, version_id)
    if version.model_id != model_id:
        raise NotFound("This model has no such version.")
    known = identity.sites(session, actor)
    chosen = next((one for one in known if one.id == site), known[0] if known else None)
    return render(request, _page(session, actor, version, known, chosen))


def _page(
    session: ReadSession,
    actor: Actor,
    version: ModelVersion,
    sites: Sequence[Site],
    site: Site | None,
) -> SurveillancePage:
    today = session.now().date()
    first = today - timedelta(weeks=WEEKS)
    where = f" at {site.name}" if site else ""
    model = versions.model(session, actor, version.model_id).title
    at = {"version_id": version.id, "site_id": site.id} if site else None
    return SurveillancePage(
        title=f"Surveillance of {model} {version.version}{where}",
        model=model,
        version=version,
        sites=sites,
        site=site,
        streams=overview(session, actor, day=today, **at) if at else [],
        summary=service.override_summary(session, actor, from_day=first, to_day=today, **at)
        if at
        else None,
        findings=_charts(session, actor, version, site.id, first) if site else [],
        from_day=first,
    )


def _charts(
    session: ReadSession, actor: Actor, version: ModelVersion, site_id: str, first: date
) -> list[FindingCharts]:
    found = service.series(session, actor, version_id=version.id, site_id=site_id, from_day=first)
    drawn = []
    for series in found:
        reference = references.on_day(
            session, version.id, site_id, series.finding_key, session.now().date()
        )
        if reference is not None:
            held = series.on(reference.id)
            name = finding_name(version, series.finding_key)
            drawn.append(
                FindingCharts(
                    name,
                    charts.flags(held, reference, name),
                    charts.overrides(held, reference, name),
                    charts.scores(held, reference, name),
                )
            )
    return drawn
