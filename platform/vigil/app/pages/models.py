"""Models as pages: what may run where, and on what evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from model_registry.admission import service as admission
from model_registry.admission.models import AdmissionCheck
from model_registry.deployments import service as deployments
from model_registry.deployments.gates import Missing, Target, evaluate
from model_registry.deployments.models import Deployment, Mode
from model_registry.packages.manifest import Manifest
from model_registry.safety import repository as safety
from model_registry.safety.models import Acceptance, SafetyCase
from model_registry.versions import service as versions
from model_registry.versions.errors import UnknownVersion
from model_registry.versions.models import Model, ModelVersion
from transparency_cards.cards import repository as cards
from transparency_cards.cards.models import Card
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
Suspender = Annotated[Actor, Depends(allowed(Permission.DEPLOYMENT_SUSPEND))]
LIVE_OR_LESS = (Mode.SHADOW, Mode.CANARY, Mode.LIVE)


@dataclass(frozen=True)
class ModelLine:
    """A model with its newest version and who supplies it."""

    model: Model
    supplier: str
    newest: ModelVersion | None


@dataclass(frozen=True)
class Use:
    """A version at a site, and what it would need there to be live."""

    deployment: Deployment
    site: Site
    missing: Sequence[Missing]
    can_be_suspended: bool


@dataclass(frozen=True, kw_only=True)
class ModelsPage(Page):
    template: ClassVar[str] = "app/models.html"
    lines: Sequence[ModelLine]
    next_url: str | None


@dataclass(frozen=True, kw_only=True)
class VersionPage(Page):
    template: ClassVar[str] = "app/version.html"
    model: Model
    version: ModelVersion
    manifest: Manifest
    others: Sequence[ModelVersion]
    checks: Sequence[AdmissionCheck]
    uses: Sequence[Use]
    cases: Sequence[SafetyCase]
    acceptances: Sequence[Acceptance]
    sites: Mapping[str, Site]
    card: Card | None
    sees_surveillance: bool


@router.get("/models")
def models(
    request: Request, session: Reading, reader: RegistryReader, cursor: CursorDep
) -> Response:
    found = versions.models(session, reader, before=cursor.after, limit=cursor.limit + 1)
    shown, following = cursor.cut(found, lambda model: model.id)
    page = ModelsPage(
        title="Models",
        lines=[_line(session, reader, model) for model in shown],
        next_url=next_url(request, following) if following else None,
    )
    return render(request, page)


@router.get("/models/{model_id}/versions/{version_id}")
def version(
    request: Request, session: Reading, reader: RegistryReader, model_id: str, version_id: str
) -> Response:
    model = versions.model(session, reader, model_id)
    found = versions.version(session, reader, version_id)
    if found.model_id != model.id:
        raise UnknownVersion("This model has no such version.")
    page = VersionPage(
        title=f"{model.title} {found.version}",
        model=model,
        version=found,
        manifest=versions.manifest(found),
        others=versions.versions(session, reader, model_id=model.id),
        checks=admission.checks(session, reader, found.id),
        uses=_uses(request, session, reader, found),
        cases=safety.cases(session, reader, version_id=found.id),
        acceptances=safety.acceptances(session, reader, version_id=found.id),
        sites={site.id: site for site in identity.sites(session, reader)},
        card=cards.in_force(session, found.id),
        sees_surveillance=reader.may(Permission.SURVEILLANCE_READ),
    )
    return render(request, page)


@router.post("/deployments/{deployment_id}/suspend")
def suspend(
    request: Request,
    session: Writing,
    suspender: Suspender,
    deployment_id: str,
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Stop a deployment at once: it takes effect on the next study."""
    stopped = deployments.suspend(session, suspender, deployment_id=deployment_id, reason=reason)
    path = f"/models/{stopped.model_id}/versions/{stopped.version_id}"
    return done(request, path, "Suspended. Nothing more is run or sent there.")


def _line(session: ReadSession, reader: Actor, model: Model) -> ModelLine:
    newest = versions.versions(session, reader, model_id=model.id, limit=1)
    supplier = session.get_one(Organisation, model.organisation_id)
    return ModelLine(model, supplier.name, newest[0] if newest else None)


def _uses(
    request: Request, session: ReadSession, reader: Actor, version: ModelVersion
) -> list[Use]:
    gates = request.app.state.gates
    uses = []
    for deployment in deployments.of_version(session, reader, version.id):
        target = Target.of_deployment(session, deployment, deployment.thresholds)
        uses.append(
            Use(
                deployment=deployment,
                site=session.get_one(Site, deployment.site_id),
                missing=evaluate(session, gates, target),
                can_be_suspended=deployment.mode in LIVE_OR_LESS
                and reader.may(Permission.DEPLOYMENT_SUSPEND, deployment.site_id),
            )
        )
    return uses
