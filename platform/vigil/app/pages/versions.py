"""One version as a page: what it is, where it comes from, what it lacks, and who may decide."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from model_registry.admission import again as admission_again
from model_registry.admission import service as admission
from model_registry.admission.again import Again
from model_registry.admission.models import AdmissionCheck
from model_registry.approvals import service as approvals
from model_registry.deployments import service as deployments
from model_registry.deployments.gate import GateStatus
from model_registry.deployments.gates import Target, shown_to, statuses
from model_registry.deployments.models import Deployment, Mode
from model_registry.keys.models import SupplierKey
from model_registry.packages.manifest import Manifest
from model_registry.safety import repository as safety
from model_registry.safety.models import Acceptance, SafetyCase
from model_registry.stops import service as stops
from model_registry.stops.repository import NamedStop
from model_registry.versions import repository as version_rows
from model_registry.versions import service as versions
from model_registry.versions.errors import UnknownVersion
from model_registry.versions.models import (
    Model,
    ModelAlias,
    ModelVersion,
    VersionChange,
    VersionStatus,
)
from transparency_cards.cards import repository as cards
from transparency_cards.cards.models import Card
from vigil.app.lineage import Lineage, lineage_of
from vigil.app.pages.history import who
from vigil.app.pages.models import may_name
from vigil.kernel.db import ReadSession
from vigil.kernel.identity import repository as identity
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import Site
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import PartsDep, Reading, Writing, allowed
from vigil.kernel.web.pages import Page, done, render

router = APIRouter(include_in_schema=False)
RegistryReader = Annotated[Actor, Depends(allowed(Permission.REGISTRY_READ))]
Suspender = Annotated[Actor, Depends(allowed(Permission.DEPLOYMENT_SUSPEND))]
Approver = Annotated[Actor, Depends(allowed(Permission.VERSION_APPROVE))]
_TESTABLE = (VersionStatus.CHECKED, VersionStatus.APPROVED)
LIVE_OR_LESS = (Mode.SHADOW, Mode.CANARY, Mode.LIVE)


@dataclass(frozen=True)
class Use:
    """A version at a site, and each gate that it has to pass there to be live."""

    deployment: Deployment
    site: Site
    gates: Sequence[GateStatus]
    can_be_suspended: bool

    @property
    def missing(self) -> list[GateStatus]:
        return [gate for gate in self.gates if not gate.met]


@dataclass(frozen=True)
class Signed:
    """The documents of a version that people sign, and the sites that they speak of."""

    cases: Sequence[SafetyCase]
    acceptances: Sequence[Acceptance]
    sites: Mapping[str, Site]

    @classmethod
    def of(cls, session: ReadSession, reader: Actor, version: ModelVersion) -> "Signed":
        return cls(
            safety.cases(session, reader, version_id=version.id),
            safety.acceptances(session, reader, version_id=version.id),
            {site.id: site for site in identity.sites(session, reader)},
        )


@dataclass(frozen=True, kw_only=True)
class VersionPage(Page):
    template: ClassVar[str] = "app/version.html"
    model: Model
    version: ModelVersion
    manifest: Manifest
    checks: Sequence[AdmissionCheck]
    again: Again | None
    may_check_again: bool
    signer: SupplierKey | None
    evidence: Sequence[GateStatus]
    steps: Sequence[VersionChange]
    lineage: Lineage
    aliases: Sequence[ModelAlias]
    stops: Sequence[NamedStop]
    uses: Sequence[Use]
    signed: Signed
    card: Card | None
    sees_surveillance: bool
    may_approve: bool
    may_withdraw: bool
    may_name: bool
    may_deploy: bool
    may_test: bool

    def who(self, step: VersionChange) -> str:
        return who(step.by, step.by_label)

    @property
    def is_approvable(self) -> bool:
        return self.may_approve and all(one.met for one in self.evidence)


@router.get("/models/{model_id}/versions/{version_id}")
def version(
    request: Request,
    session: Reading,
    reader: RegistryReader,
    parts: PartsDep,
    model_id: str,
    version_id: str,
) -> Response:
    model, found = _read(session, reader, model_id, version_id)
    signed = Signed.of(session, reader, found)
    page = VersionPage(
        title=f"{model.title} {found.version}",
        model=model,
        version=found,
        manifest=versions.manifest(found),
        checks=admission.checks(session, reader, found.id),
        again=_again(session, found),
        may_check_again=admission_again.may_ask(reader),
        signer=admission.signer(session, reader, found.id),
        evidence=approvals.evidence(session, request.app.state.version_gates, found),
        steps=versions.changes(session, reader, found.id),
        lineage=lineage_of(session, reader, parts.objects, found),
        aliases=version_rows.standing_aliases(session, [model.id]),
        stops=_stops(session, reader, found),
        uses=_uses(request, session, reader, found, signed),
        signed=signed,
        card=cards.in_force(session, found.id),
        sees_surveillance=reader.may(Permission.SURVEILLANCE_READ),
        may_approve=approvals.may_approve(reader, found),
        may_withdraw=_may_withdraw(reader, found),
        may_name=may_name(reader),
        may_deploy=reader.may(Permission.DEPLOYMENT_REQUEST),
        may_test=reader.may(Permission.LOCAL_TEST_RUN) and found.status in _TESTABLE,
    )
    return render(request, page)


@router.post("/models/{model_id}/versions/{version_id}/approve")
def approve(
    request: Request,
    session: Writing,
    approver: Approver,
    model_id: str,
    version_id: str,
    reason: Annotated[str, Form()] = "",
) -> Response:
    _read(session, approver, model_id, version_id)
    gates = request.app.state.version_gates
    approvals.approve(session, approver, gates, version_id=version_id, reason=reason)
    path = f"/models/{model_id}/versions/{version_id}"
    return done(request, path, "Approved for the network. Each site still decides for itself.")


@router.post("/models/{model_id}/versions/{version_id}/withdraw")
def withdraw(
    request: Request,
    session: Writing,
    reader: RegistryReader,
    parts: PartsDep,
    model_id: str,
    version_id: str,
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Take a version back: it stops wherever it runs."""
    _read(session, reader, model_id, version_id)
    versions.withdraw(session, reader, version_id=version_id, reason=reason, events=parts.events)
    path = f"/models/{model_id}/versions/{version_id}"
    return done(request, path, "Withdrawn. It is suspended wherever it ran.")


@router.post("/models/{model_id}/versions/{version_id}/recheck")
def recheck(
    request: Request,
    session: Writing,
    reader: RegistryReader,
    parts: PartsDep,
    model_id: str,
    version_id: str,
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Have a refused version checked again on the same bytes."""
    _read(session, reader, model_id, version_id)
    admission_again.ask(session, reader, parts.queue, version_id=version_id, reason=reason)
    path = f"/models/{model_id}/versions/{version_id}"
    return done(request, path, "The checks run again. Open this page again in a minute.")


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


def _read(
    session: ReadSession, reader: Actor, model_id: str, version_id: str
) -> tuple[Model, ModelVersion]:
    model = versions.model(session, reader, model_id)
    found = versions.version(session, reader, version_id)
    if found.model_id != model.id:
        raise UnknownVersion("This model has no such version.")
    return model, found


def _may_withdraw(reader: Actor, version: ModelVersion) -> bool:
    if version.status is VersionStatus.WITHDRAWN:
        return False
    if reader.supplier_id is not None:
        return reader.may(Permission.VERSION_SUBMIT)
    return reader.may_everywhere(Permission.VERSION_APPROVE)


def _again(session: ReadSession, version: ModelVersion) -> Again | None:
    is_refused = version.status is VersionStatus.REFUSED
    return admission_again.standing(session, version) if is_refused else None


def _stops(session: ReadSession, reader: Actor, version: ModelVersion) -> list[NamedStop]:
    """Return the orders in force that stop this version anywhere that the reader may see."""
    sites = {one.site_id for one in deployments.of_version(session, reader, version.id)}
    return [
        one
        for one in stops.active_stops(session, reader)
        if one.order.target_id in {version.model_id, version.organisation_id, *sites}
    ]


def _uses(
    request: Request,
    session: ReadSession,
    reader: Actor,
    version: ModelVersion,
    signed: Signed,
) -> list[Use]:
    """Return each deployment in use, with its gates."""
    uses = []
    found_deployments = [
        one
        for one in deployments.of_version(session, reader, version.id)
        if one.mode is not Mode.RETIRED
    ]
    # A session forgets what nobody holds: each gate would ask again for the same few signers.
    signers = {one.signed_by for one in signed.cases} | {
        one.signed_by for one in signed.acceptances
    }
    held = [identity.user(session, one) for one in signers if one]
    for deployment in found_deployments:
        target = Target.of_deployment(session, deployment, deployment.thresholds)
        found = statuses(session, request.app.state.gates, target)
        uses.append(
            Use(
                deployment=deployment,
                site=signed.sites.get(deployment.site_id)
                or session.get_one(Site, deployment.site_id),
                gates=shown_to(reader, found),
                can_be_suspended=deployment.mode in LIVE_OR_LESS
                and reader.may(Permission.DEPLOYMENT_SUSPEND, deployment.site_id),
            )
        )
    del held
    return uses
