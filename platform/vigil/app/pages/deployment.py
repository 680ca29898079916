"""One deployment as a page: its evidence and history, and the forms that change it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from model_registry.deployments import repository, service
from model_registry.deployments.api import GatesDep
from model_registry.deployments.errors import BadShare, NothingBefore
from model_registry.deployments.gates import GateStatus, Target, shown_to, statuses
from model_registry.deployments.going_back import live_before
from model_registry.deployments.models import Deployment, DeploymentChange, DeploymentPeriod, Mode
from model_registry.deployments.repository import RUNNABLE, Names
from model_registry.deployments.service import Outcome
from model_registry.deployments.share import PERCENT
from model_registry.deployments.shown import change_to, periods_to
from model_registry.deployments.transitions import TRANSITIONS
from model_registry.safety.errors import BadThresholds
from model_registry.stops import service as stops
from model_registry.stops.models import StopOrder
from model_registry.versions import service as versions
from model_registry.versions.models import ModelVersion
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.errors import Fault, Invalid
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import Reading, Writing, allowed
from vigil.kernel.web.pages import Page, done, render

router = APIRouter(include_in_schema=False)
Reader = Annotated[Actor, Depends(allowed(Permission.REGISTRY_READ))]
Manager = Annotated[Actor, Depends(allowed(Permission.DEPLOYMENT_REQUEST))]
Suspender = Annotated[Actor, Depends(allowed(Permission.DEPLOYMENT_SUSPEND))]
Reason = Annotated[str, Form(max_length=2000)]
_EMPTY = Fault("reason", "empty", "Say why, in a sentence")
_DIGITS = 9
SHOWN_PERIODS = 50


@dataclass(frozen=True)
class ThresholdField:
    key: str
    name: str
    suppliers: float
    value: str


@dataclass(frozen=True, kw_only=True)
class DeploymentPage(Page):
    template: ClassVar[str] = "app/deployment.html"
    deployment: Deployment
    version: ModelVersion
    names: Names
    stop: StopOrder | None
    gates: Sequence[GateStatus]
    open_changes: Sequence[DeploymentChange]
    periods: Sequence[DeploymentPeriod]
    older_periods: int
    people: Mapping[str, str]
    ways: Sequence[Mode]
    live_beside: Names | None
    before: Names | None
    thresholds: Sequence[ThresholdField]
    may_suspend: bool
    may_fall_back: bool
    may_stop_model: bool
    form: Mapping[str, str]
    faults: tuple[Fault, ...] = ()


@router.get("/deployments/{deployment_id}")
def show_deployment(
    request: Request, session: Reading, actor: Reader, gates: GatesDep, deployment_id: str
) -> Response:
    deployment = service.deployment_by_id(session, actor, deployment_id)
    return render(request, _page(session, actor, gates, deployment))


async def sent_form(request: Request) -> Mapping[str, str]:
    """Return the fields of a form whose names depend on the model, such as `threshold.KEY`."""
    form = await request.form()
    return {name: value for name, value in form.items() if isinstance(value, str)}


@router.post("/deployments/{deployment_id}/changes")
def request_change(
    *,
    request: Request,
    session: Writing,
    actor: Manager,
    gates: GatesDep,
    deployment_id: str,
    form: Annotated[Mapping[str, str], Depends(sent_form)],
) -> Response:
    deployment = service.deployment_by_id(session, actor, deployment_id)
    try:
        outcome = _requested(session, actor, gates, deployment, form)
    except (BadShare, BadThresholds, BadForm) as error:
        # All of these are raised before anything is written.
        faults = error.faults
        page = _page(session, actor, gates, deployment, form=form, faults=faults)
        return render(request, page, 422)
    return _after(request, outcome)


@router.post("/deployments/{deployment_id}/rollback")
def rollback(
    *,
    request: Request,
    session: Writing,
    actor: Manager,
    gates: GatesDep,
    deployment_id: str,
    reason: Reason = "",
) -> Response:
    """Propose that what was live before is live again."""
    outcome = service.rollback(session, actor, gates, deployment_id=deployment_id, reason=reason)
    return _after(request, outcome)


@router.post("/deployments/{deployment_id}/fall-back")
def fall_back(
    request: Request, session: Writing, actor: Suspender, deployment_id: str, reason: Reason = ""
) -> Response:
    """Send nothing more at once, and keep recording in shadow."""
    service.fall_back(session, actor, deployment_id=deployment_id, reason=reason)
    message = "Back in shadow. Nothing more is sent; it is still recorded."
    return done(request, f"/deployments/{deployment_id}", message)


class BadForm(Invalid):
    """A field that is no number, or a reason that is not there."""


def _after(request: Request, outcome: Outcome) -> Response:
    if outcome.is_applied:
        message = f"Done: the deployment is {outcome.deployment.mode.value}."
        return done(request, f"/deployments/{outcome.deployment.id}", message)
    message = "Asked for. Nothing is changed until what is missing is there."
    return done(request, f"/reviews/{outcome.change.id}", message)


def _requested(
    session: WriteSession,
    actor: Actor,
    gates: GatesDep,
    deployment: Deployment,
    form: Mapping[str, str],
) -> Outcome:
    faults = [] if form.get("reason", "").strip() else [_EMPTY]
    to_mode = form.get("to_mode", "")
    if to_mode not in set(Mode):
        faults.append(Fault("to_mode", "nothing is chosen", "Choose what it becomes"))
    share = _whole(form.get("share") or str(PERCENT))
    if share is None:
        faults.append(Fault("share", "not a whole number", "Give a percentage from 1 to 99"))
    own, bad = _own_thresholds(repository.version_of(session, deployment), form)
    if faults + bad:
        raise BadForm.because(faults + bad)
    keeps = Mode(to_mode) is Mode.RETIRED
    return service.request_change(
        session,
        actor,
        gates,
        deployment_id=deployment.id,
        to_mode=Mode(to_mode),
        reason=form["reason"],
        share=share or 0,
        thresholds=None if keeps else own,
        replaced_becomes=Mode(form.get("replaced_becomes") or Mode.RETIRED),
        seen_revision=_whole(form.get("revision", "")),
    )


def _own_thresholds(
    version: ModelVersion, form: Mapping[str, str]
) -> tuple[dict[str, float], list[Fault]]:
    """Return the thresholds that are not the supplier's own, and the fields that are no number."""
    own: dict[str, float] = {}
    faults = []
    for finding in versions.manifest(version).findings:
        name = f"threshold.{finding.key}"
        text = form.get(name, "").strip()
        try:
            value = float(text) if text else finding.threshold
        except ValueError:
            faults.append(Fault(name, "not a number", "Give a number, or leave it empty"))
            continue
        if value != finding.threshold:
            own[finding.key] = value
    return own, faults


def _whole(text: str) -> int | None:
    return int(text) if text.strip().isdecimal() and len(text) <= _DIGITS else None


def _page(
    session: ReadSession,
    actor: Actor,
    gates: GatesDep,
    deployment: Deployment,
    *,
    form: Mapping[str, str] | None = None,
    faults: tuple[Fault, ...] = (),
) -> DeploymentPage:
    version = repository.version_of(session, deployment)
    site = deployment.site_id
    periods = periods_to(actor, repository.history(session, actor, deployment.id))
    beside, before = _beside(session, deployment)
    relatives = [one for one in (deployment, beside, before) if one is not None]
    names = repository.names_of(session, relatives)
    at = Target.of(version, site, deployment.thresholds)
    asks = actor.may(Permission.DEPLOYMENT_REQUEST, site) and not actor.is_system
    suspends = actor.may(Permission.DEPLOYMENT_SUSPEND, site)
    people = (
        repository.people(session, [period.by for period in periods[-SHOWN_PERIODS:]])
        if actor.supplier_id is None
        else {}
    )
    return DeploymentPage(
        title=str(names[deployment.id]),
        deployment=deployment,
        version=version,
        names=names[deployment.id],
        stop=stops.stop_here(session, actor, site_id=site, model_id=deployment.model_id),
        gates=shown_to(actor, statuses(session, gates, at)),
        open_changes=[
            change_to(actor, one) for one in repository.open_changes(session, [deployment.id])
        ],
        periods=periods[: -SHOWN_PERIODS - 1 : -1],
        older_periods=max(0, len(periods) - SHOWN_PERIODS),
        people=people,
        ways=_ways(deployment) if asks else [],
        live_beside=names[beside.id] if beside else None,
        before=names[before.id] if before and asks else None,
        thresholds=_fields(version, deployment, form),
        may_suspend=suspends and deployment.mode in RUNNABLE,
        may_fall_back=suspends and deployment.mode in {Mode.CANARY, Mode.LIVE},
        may_stop_model=suspends and actor.sites is None,
        form=form or {},
        faults=faults,
    )


def _beside(
    session: ReadSession, deployment: Deployment
) -> tuple[Deployment | None, Deployment | None]:
    """Return what is live beside a deployment, and what a rollback from it would bring back."""
    live = repository.live(session, deployment.model_id, deployment.site_id)
    beside = None if live is None or live.id == deployment.id else live
    was_live = deployment.mode in {Mode.LIVE, Mode.SUSPENDED} and beside is None
    if not was_live:
        return beside, None
    try:
        return beside, live_before(session, deployment).deployment
    except NothingBefore:
        return beside, None


def _ways(deployment: Deployment) -> list[Mode]:
    """Return what may be proposed: steps back have buttons of their own."""
    if deployment.mode is Mode.RETIRED:
        # It comes back by a rollback from what took its place.
        return []
    return [
        step.after
        for step in TRANSITIONS
        if step.before is deployment.mode and not step.is_towards_safety
    ]


def _fields(
    version: ModelVersion, deployment: Deployment, form: Mapping[str, str] | None
) -> list[ThresholdField]:
    return [
        ThresholdField(
            key=finding.key,
            name=finding.name,
            suppliers=finding.threshold,
            value=form.get(f"threshold.{finding.key}", "")
            if form is not None
            else str(deployment.thresholds.get(finding.key, "")),
        )
        for finding in versions.manifest(version).findings
    ]
