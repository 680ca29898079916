"""Deployments as pages: what runs where, who decides what, and the beginning of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import Response

from model_registry.deployments import repository, service
from model_registry.deployments.models import Deployment, Mode
from model_registry.deployments.repository import Names
from model_registry.deployments.rules import Rule, rules
from model_registry.versions import service as versions
from model_registry.versions.models import Model, ModelVersion, VersionStatus
from vigil.kernel.db import ReadSession
from vigil.kernel.errors import Fault
from vigil.kernel.identity import repository as identity
from vigil.kernel.identity import service as accounts
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import Site
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import Reading, Writing, allowed
from vigil.kernel.web.page import CursorDep, next_url
from vigil.kernel.web.pages import Page, done, render
from vigil.kernel.web.spreadsheet import as_csv

router = APIRouter(include_in_schema=False)
Reader = Annotated[Actor, Depends(allowed(Permission.REGISTRY_READ))]
Manager = Annotated[Actor, Depends(allowed(Permission.DEPLOYMENT_REQUEST))]
Suspender = Annotated[Actor, Depends(allowed(Permission.DEPLOYMENT_SUSPEND))]
Reason = Annotated[str, Form(max_length=2000)]
Filter = Annotated[str, Query(max_length=100)]
_DEPLOYABLE = (VersionStatus.CHECKED, VersionStatus.APPROVED)
_EMPTY = Fault("reason", "empty", "Say why, in a sentence")


@dataclass(frozen=True)
class DeploymentLine:
    deployment: Deployment
    names: Names


@dataclass(frozen=True)
class Filters:
    """What a list was narrowed to, as the address has it."""

    site: str = ""
    model: str = ""
    mode: str = ""

    @property
    def query(self) -> str:
        return f"site={self.site}&model={self.model}&mode={self.mode}"


@dataclass(frozen=True, kw_only=True)
class DeploymentsPage(Page):
    template: ClassVar[str] = "app/deployments.html"
    lines: Sequence[DeploymentLine]
    filters: Filters
    sites: Sequence[Site]
    models: Sequence[Model]
    modes: Sequence[str]
    next_url: str | None


@dataclass(frozen=True, kw_only=True)
class RulesPage(Page):
    template: ClassVar[str] = "app/deployment_rules.html"
    rules: Sequence[Rule]


@dataclass(frozen=True, kw_only=True)
class DeployPage(Page):
    """The form that begins a deployment: which version, at which site."""

    template: ClassVar[str] = "app/deploy.html"
    version: ModelVersion
    sites: Sequence[Site]


@router.get("/deployments")
def list_deployments(
    *,
    request: Request,
    session: Reading,
    actor: Reader,
    cursor: CursorDep,
    site: Filter = "",
    model: Filter = "",
    mode: Filter = "",
) -> Response:
    filters = Filters(site, model, mode if mode in set(Mode) else "")
    found = _found(session, actor, filters, after=cursor.after, limit=cursor.limit + 1)
    shown, following = cursor.cut(found, lambda deployment: deployment.id)
    page = DeploymentsPage(
        title="Deployments",
        lines=_lines(session, shown),
        filters=filters,
        sites=identity.sites(session, actor),
        models=versions.models(session, actor, limit=500),
        modes=[one.value for one in Mode],
        next_url=next_url(request, following) if following else None,
    )
    return render(request, page)


@router.get("/deployments.csv")
def export_deployments(
    session: Reading, actor: Reader, site: Filter = "", model: Filter = "", mode: Filter = ""
) -> Response:
    filters = Filters(site, model, mode if mode in set(Mode) else "")
    lines = _lines(session, _found(session, actor, filters))
    columns = ("id", "site", "model", "version", "mode", "share", "revision", "created_at")
    rows = [
        (
            line.deployment.id,
            line.names.site,
            line.names.model,
            line.names.version,
            line.deployment.mode.value,
            line.deployment.share,
            line.deployment.revision,
            line.deployment.created_at.isoformat(),
        )
        for line in lines
    ]
    return as_csv("deployments", columns, rows)


@router.get("/deployments/rules")
def show_rules(request: Request, _reader: Reader) -> Response:
    return render(
        request, RulesPage(title="Who decides what becomes of a deployment", rules=rules())
    )


@router.get("/deployments/new")
def deploy_form(
    request: Request, session: Reading, actor: Manager, version: Filter = ""
) -> Response:
    found = versions.version(session, actor, version)
    sites = [
        one
        for one in identity.sites(session, actor)
        if actor.may(Permission.DEPLOYMENT_REQUEST, one.id)
    ]
    name = f"{versions.model(session, actor, found.model_id).title} {found.version}"
    page = DeployPage(title=f"Run {name} in shadow", version=found, sites=sites)
    return render(request, page)


@router.post("/deployments")
def deploy(
    *,
    request: Request,
    session: Writing,
    actor: Manager,
    version: Annotated[str, Form(max_length=100)] = "",
    site: Annotated[str, Form(max_length=100)] = "",
    reason: Reason = "",
) -> Response:
    deployment = service.deploy(
        session,
        actor,
        version_id=version,
        site_id=accounts.site(session, actor, site).id,
        reason=reason,
    )
    message = "It runs in shadow from the next study on. Nothing is sent."
    return done(request, f"/deployments/{deployment.id}", message)


def _found(
    session: ReadSession,
    actor: Actor,
    filters: Filters,
    *,
    after: str | None = None,
    limit: int | None = None,
) -> Sequence[Deployment]:
    return repository.deployments(
        session,
        actor,
        site_id=accounts.site(session, actor, filters.site).id if filters.site else None,
        model_id=filters.model or None,
        mode=Mode(filters.mode) if filters.mode else None,
        after=after,
        limit=limit,
    )


def _lines(session: ReadSession, found: Sequence[Deployment]) -> list[DeploymentLine]:
    names = repository.names_of(session, found)
    return [DeploymentLine(deployment, names[deployment.id]) for deployment in found]
