"""A run as a page: how it ended, what it found, what it is pinned to, where its results went."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from inference.decisions import service as decisions
from inference.delivery import repository as deliveries
from inference.delivery.models import Delivery
from inference.runs import repository, service
from inference.runs.models import Finding, Outcome, Run
from model_registry.nodes import service as nodes
from model_registry.versions import service as versions
from model_registry.versions.models import Model, ModelVersion
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import Site
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import PartsDep, Reading, allowed
from vigil.kernel.web.page import CursorDep, next_url
from vigil.kernel.web.pages import Page, render

router = APIRouter(include_in_schema=False)
RunReader = Annotated[Actor, Depends(allowed(Permission.STUDY_READ))]


@dataclass(frozen=True, kw_only=True)
class RunsPage(Page):
    template: ClassVar[str] = "runs/runs.html"
    runs: Sequence[Run]
    outcome: Outcome | None
    next_url: str | None


@dataclass(frozen=True, kw_only=True)
class RunPage(Page):
    template: ClassVar[str] = "runs/run.html"
    run: Run
    site: Site
    model: Model
    version: ModelVersion
    findings: Sequence[Finding]
    deliveries: Sequence[tuple[Delivery, str]]
    reading_link: str | None


@router.get("/runs")
def runs(
    request: Request,
    session: Reading,
    reader: RunReader,
    cursor: CursorDep,
    outcome: Outcome | None = None,
) -> Response:
    found = repository.runs(
        session, reader, outcome=outcome, before=cursor.after, limit=cursor.limit + 1
    )
    shown, following = cursor.cut(found, lambda run: run.id)
    page = RunsPage(
        title="Runs",
        runs=shown,
        outcome=outcome,
        next_url=next_url(request, following) if following else None,
    )
    return render(request, page)


@router.get("/runs/{run_id}")
def run(
    request: Request, session: Reading, parts: PartsDep, reader: RunReader, run_id: str
) -> Response:
    found = service.run(session, reader, run_id)
    version = versions.version(session, reader, found.version_id)
    readable = found.outcome is Outcome.SUCCEEDED and reader.may(
        Permission.DECISION_WRITE, found.site_id
    )
    model = versions.model(session, reader, version.model_id)
    page = RunPage(
        title=f"Run of {model.title} {version.version}",
        run=found,
        site=session.get_one(Site, found.site_id),
        model=model,
        version=version,
        findings=repository.findings(session, found.id),
        deliveries=[
            (one, nodes.node_by_id(session, reader, one.node_id).ae_title)
            for one in deliveries.of_run(session, reader, found.id)
        ],
        reading_link=decisions.link_for(parts, reader, found) if readable else None,
    )
    return render(request, page)
