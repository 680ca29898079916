"""Studies as pages: which arrived, and for each where it was sent, where not, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import APIRouter, Depends, Request
from pydicom.uid import UID
from starlette.responses import Response

from inference.routing import repository as routing
from inference.routing.models import RoutingDecision
from inference.runs import repository as runs
from inference.runs.models import Run
from inference.studies import repository, service
from inference.studies.models import Instance, Study, StudyState
from model_registry.versions import service as versions
from vigil.kernel.db import ReadSession
from vigil.kernel.identity import repository as identity
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import Site
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import Reading, allowed
from vigil.kernel.web.page import CursorDep, next_url
from vigil.kernel.web.pages import Page, render

router = APIRouter(include_in_schema=False)
StudyReader = Annotated[Actor, Depends(allowed(Permission.STUDY_READ))]


@dataclass(frozen=True, kw_only=True)
class StudiesPage(Page):
    template: ClassVar[str] = "app/studies.html"
    studies: Sequence[Study]
    counts: Mapping[str, int]
    sites: Mapping[str, Site]
    next_url: str | None


@dataclass(frozen=True, kw_only=True)
class StudyPage(Page):
    template: ClassVar[str] = "app/study.html"
    study: Study
    site: Site
    instances: Sequence[Instance]
    decisions: Sequence[RoutingDecision]
    runs: Sequence[tuple[Run, str]]

    def syntax(self, instance: Instance) -> str:
        """Return the transfer syntax as PS3.6 calls it."""
        return UID(instance.transfer_syntax_uid).name


@router.get("/studies")
def studies(
    request: Request,
    session: Reading,
    reader: StudyReader,
    cursor: CursorDep,
    state: StudyState | None = None,
) -> Response:
    found = repository.studies(
        session, reader, before=cursor.after, state=state, site_id=None, limit=cursor.limit + 1
    )
    shown, following = cursor.cut(found, lambda study: study.id)
    page = StudiesPage(
        title="Studies",
        studies=shown,
        counts=repository.counts(session, reader, [study.id for study in shown]),
        sites={site.id: site for site in identity.sites(session, reader)},
        next_url=next_url(request, following) if following else None,
    )
    return render(request, page)


@router.get("/studies/{study_id}")
def study(request: Request, session: Reading, reader: StudyReader, study_id: str) -> Response:
    found = service.study_by_id(session, reader, study_id)
    site = session.get_one(Site, found.site_id)
    ran = runs.runs(session, reader, study_id=found.id)
    page = StudyPage(
        title=f"Study at {site.name}",
        study=found,
        site=site,
        instances=repository.instances(session, reader, found.id),
        decisions=routing.decisions(session, reader, found.id),
        runs=[(one, _model(session, reader, one)) for one in ran],
    )
    return render(request, page)


def _model(session: ReadSession, reader: Actor, run: Run) -> str:
    version = versions.version(session, reader, run.version_id)
    return f"{versions.model(session, reader, version.model_id).title} {version.version}"
