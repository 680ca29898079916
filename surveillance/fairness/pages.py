"""The fairness page of a version: whether it serves every group alike, and what is not known."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, ClassVar

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from model_registry.versions import service as versions
from surveillance.fairness import charts, rows, service
from surveillance.fairness.kinds import Against, Method, Verdict
from surveillance.fairness.rows import GapRow
from surveillance.fairness.service import Fairness, Found
from vigil.kernel.errors import NotFound
from vigil.kernel.identity import repository as identity
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import Site
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.charts.forest import ForestPlot
from vigil.kernel.web.dependencies import PartsDep, Reading, allowed
from vigil.kernel.web.pages import Page, render

router = APIRouter(include_in_schema=False)
Watcher = Annotated[Actor, Depends(allowed(Permission.SURVEILLANCE_READ))]
_LOUD = (Verdict.GAP, Verdict.HIDDEN, Verdict.POSSIBLE)


@dataclass(frozen=True, kw_only=True)
class FairnessPage(Page):
    """One finding in full; what is loud in any of them is told above it."""

    template: ClassVar[str] = "fairness/fairness.html"
    model: str
    fairness: Fairness
    sites: Sequence[Site]
    finding: str
    findings: Sequence[tuple[str, str]]
    forests: Sequence[ForestPlot]

    @property
    def loud(self) -> list[tuple[Found, str]]:
        """Gaps found, then hidden and possible ones, of every finding."""
        return [
            (found, self.said(found))
            for verdict in _LOUD
            for found in self.fairness.of(verdict)
            if found.gap.contrast.against is not Against.EARLIER
        ]

    @property
    def changes(self) -> list[tuple[Found, str]]:
        """How everybody's figures changed in the period."""
        return [
            (found, self.said(found))
            for found in self._of_finding
            if found.gap.contrast.against is Against.EARLIER
        ]

    @property
    def rows(self) -> list[GapRow]:
        return [
            rows.of(self.fairness.version, found)
            for found in self._of_finding
            if found.gap.contrast.against is not Against.EARLIER
        ]

    def said(self, found: Found) -> str:
        return rows.said(self.fairness.version, found, self.names)

    @property
    def names(self) -> dict[str, str]:
        return {site.id: site.name for site in self.sites}

    def group(self, row: GapRow) -> str:
        return rows.spoken(row.axis, row.level, self.names)

    def other(self, row: GapRow) -> str:
        return rows.spoken(row.axis, row.other, self.names)

    def counted(self, verdict: str) -> int:
        return len(self.fairness.of(Verdict(verdict)))

    @property
    def _of_finding(self) -> list[Found]:
        of = self.fairness.found
        return [each for each in of if each.gap.contrast.finding_key == self.finding]


@router.get("/models/{model_id}/versions/{version_id}/fairness")
def show_fairness(
    *,
    request: Request,
    session: Reading,
    actor: Watcher,
    parts: PartsDep,
    model_id: str,
    version_id: str,
    site: str | None = None,
    finding: str | None = None,
    from_day: Annotated[date | None, Query(alias="from")] = None,
    to_day: Annotated[date | None, Query(alias="to")] = None,
    method: Method = Method.COUNTS,
) -> Response:
    version = versions.version(session, actor, version_id)
    if version.model_id != model_id:
        raise NotFound("This model has no such version.")
    known = identity.sites(session, actor)
    chosen = next((one.id for one in known if site and site in {one.id, one.ods_code}), None)
    found = service.fairness(
        session,
        actor,
        parts.objects,
        version_id=version.id,
        site_id=chosen,
        from_day=from_day,
        to_day=to_day,
        method=method,
    )
    keys = sorted({each.gap.contrast.finding_key for each in found.found})
    shown = finding if finding in keys else _loudest(found)
    page = FairnessPage(
        title=f"Fairness of {versions.model(session, actor, model_id).title} {version.version}",
        model=versions.model(session, actor, model_id).title,
        fairness=found,
        sites=known,
        finding=shown,
        findings=[(key, rows.subject(version, key)) for key in keys],
        forests=charts.forests(found, shown, {one.id: one.name for one in known}),
    )
    return render(request, page)


def _loudest(found: Fairness) -> str:
    return found.found[0].gap.contrast.finding_key if found.found else ""
