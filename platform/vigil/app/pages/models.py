"""Models as pages: the list, and one model with its versions, its names and where each stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import Response

from model_registry.catalogue import service as catalogue
from model_registry.catalogue.models import Filters, Line
from model_registry.deployments.models import DeploymentPeriod, Mode
from model_registry.versions import aliases
from model_registry.versions import service as versions
from model_registry.versions.models import Model, ModelAlias, ModelVersion, VersionStatus
from vigil.kernel.db import ReadSession
from vigil.kernel.identity import repository as identity
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import Organisation, Site
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import Reading, Writing, allowed
from vigil.kernel.web.page import CursorDep, next_url
from vigil.kernel.web.pages import Page, done, render

router = APIRouter(include_in_schema=False)
RegistryReader = Annotated[Actor, Depends(allowed(Permission.REGISTRY_READ))]
Namer = Annotated[Actor, Depends(allowed(Permission.ALIAS_WRITE))]
# A form's empty field is taken for none: this says that the name stood for nothing.
NOTHING = "nothing"
SHOWN_MODES = (Mode.LIVE, Mode.CANARY, Mode.SHADOW, Mode.SUSPENDED)


@dataclass(frozen=True)
class Place:
    """A site, and which versions of the model it has in which mode."""

    site: Site
    standing: Mapping[Mode, Sequence[DeploymentPeriod]]


@dataclass(frozen=True, kw_only=True)
class ModelsPage(Page):
    template: ClassVar[str] = "app/models.html"
    lines: Sequence[Line]
    suppliers: Sequence[Organisation]
    statuses: Sequence[VersionStatus]
    filters: Filters
    next_url: str | None


@dataclass(frozen=True, kw_only=True)
class ModelPage(Page):
    template: ClassVar[str] = "app/model.html"
    model: Model
    supplier: str
    versions: Sequence[ModelVersion]
    next_url: str | None
    labels: Mapping[str, str]
    aliases: Sequence[ModelAlias]
    names: Mapping[str, Sequence[str]]
    places: Sequence[Place]
    modes: Sequence[Mode]
    may_name: bool


def wanted(
    supplier: Annotated[str, Query(max_length=100)] = "",
    status: Annotated[str, Query(max_length=20)] = "",
    text: Annotated[str, Query(max_length=100)] = "",
) -> Filters:
    """Read the filters of a form, in which an empty field asks nothing."""
    known = VersionStatus(status) if status in set(VersionStatus) else None
    return Filters(supplier.strip() or None, known, text.strip() or None)


@router.get("/models")
def models(
    request: Request,
    session: Reading,
    reader: RegistryReader,
    cursor: CursorDep,
    filters: Annotated[Filters, Depends(wanted)],
) -> Response:
    found = catalogue.lines(session, reader, filters, before=cursor.after, limit=cursor.limit + 1)
    shown, following = cursor.cut(found, lambda line: line.model.id)
    page = ModelsPage(
        title="Models",
        lines=shown,
        suppliers=catalogue.suppliers(session, reader),
        statuses=tuple(VersionStatus),
        filters=filters,
        next_url=next_url(request, following) if following else None,
    )
    return render(request, page)


@router.get("/models/{model_id}")
def model(
    request: Request,
    session: Reading,
    reader: RegistryReader,
    cursor: CursorDep,
    model_id: str,
) -> Response:
    found = versions.model(session, reader, model_id)
    listed = versions.versions(
        session, reader, model_id=found.id, before=cursor.after, limit=cursor.limit + 1
    )
    shown, following = cursor.cut(listed, lambda version: version.id)
    standing = catalogue.standing(session, reader, model_id=found.id)
    page = ModelPage(
        title=found.title,
        model=found,
        supplier=session.get_one(Organisation, found.organisation_id).name,
        versions=shown,
        next_url=next_url(request, following) if following else None,
        labels=catalogue.labels(session, found),
        aliases=standing.aliases,
        names=_names(standing.aliases),
        places=_places(session, reader, standing.periods),
        modes=SHOWN_MODES,
        may_name=may_name(reader),
    )
    return render(request, page)


@router.post("/models/{model_id}/aliases")
def set_alias(
    request: Request,
    session: Writing,
    namer: Namer,
    model_id: str,
    version_id: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    seen: Annotated[str | None, Form()] = None,
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Let a name stand for a version, if it still stands for what the page showed."""
    alias = aliases.set_alias(
        session,
        namer,
        model_id=model_id,
        name=name.strip(),
        version_id=version_id,
        reason=reason,
        seen="" if seen == NOTHING else seen,
    )
    version = versions.version(session, namer, alias.version_id)
    said = f"{alias.name} now stands for version {version.version}."
    return done(request, f"/models/{model_id}", said)


@router.post("/models/{model_id}/aliases/{name}/clear")
def clear_alias(
    request: Request,
    session: Writing,
    namer: Namer,
    model_id: str,
    name: str,
    reason: Annotated[str, Form()] = "",
) -> Response:
    aliases.clear_alias(session, namer, model_id=model_id, name=name, reason=reason)
    return done(request, f"/models/{model_id}", f"{name} stands for nothing now.")


def may_name(reader: Actor) -> bool:
    return reader.may_everywhere(Permission.ALIAS_WRITE)


def _names(standing: Sequence[ModelAlias]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for alias in standing:
        found.setdefault(alias.version_id, []).append(alias.name)
    return found


def _places(
    session: ReadSession, reader: Actor, periods: Sequence[DeploymentPeriod]
) -> list[Place]:
    """Return one line a site; a supplier's sites are those that use its model."""
    known = {site.id: site for site in identity.sites(session, reader)}
    found: dict[str, dict[Mode, list[DeploymentPeriod]]] = {}
    for period in periods:
        if period.mode in SHOWN_MODES:
            found.setdefault(period.site_id, {}).setdefault(period.mode, []).append(period)
    places = [
        Place(known.get(site_id) or session.get_one(Site, site_id), standing)
        for site_id, standing in found.items()
    ]
    return sorted(places, key=lambda place: place.site.ods_code)
