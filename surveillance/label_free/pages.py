"""The label-free page of a version at a site: each estimate in one sentence with its blind spot."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, ClassVar

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from model_registry.versions import service as versions
from model_registry.versions.models import ModelVersion
from surveillance.label_free import service
from surveillance.label_free.estimates import NAMES, View
from surveillance.names import finding_name
from vigil.kernel.errors import NotFound
from vigil.kernel.identity import repository as identity
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import Site
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import Reading, allowed
from vigil.kernel.web.pages import Page, render

router = APIRouter(include_in_schema=False)
Watcher = Annotated[Actor, Depends(allowed(Permission.SURVEILLANCE_READ))]
WEEKS = 12


@dataclass(frozen=True, kw_only=True)
class LabelFreePage(Page):
    template: ClassVar[str] = "label_free/label_free.html"
    model: str
    version: ModelVersion
    sites: Sequence[Site]
    site: Site | None
    views: Sequence[View]
    names: dict[str, str]
    from_day: date
    to_day: date

    def finding(self, view: View) -> str:
        return finding_name(self.version, view.finding_key)


@router.get("/models/{model_id}/versions/{version_id}/label-free")
def label_free(
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
    today = session.now().date()
    first = today - timedelta(weeks=WEEKS)
    model = versions.model(session, actor, version.model_id).title
    where = f" at {chosen.name}" if chosen else ""
    page = LabelFreePage(
        title=f"{model} {version.version}{where} without labels",
        model=model,
        version=version,
        sites=known,
        site=chosen,
        views=service.views(
            session,
            actor,
            version_id=version.id,
            site_id=chosen.id,
            from_day=first,
            to_day=today,
        )
        if chosen
        else [],
        names=NAMES,
        from_day=first,
        to_day=today,
    )
    return render(request, page)
