"""The gates over HTTP: what a version has and lacks to reach patients, and what lacks it now."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from model_registry.deployments import needs
from model_registry.deployments.api import GatesDep, Reader
from model_registry.deployments.gate import Missing
from model_registry.deployments.models import Mode
from model_registry.deployments.stale import StaleUse, stale_in_use
from model_registry.safety.configuration import thresholds_of
from vigil.kernel.identity import service as identity
from vigil.kernel.web.dependencies import Reading
from vigil.kernel.web.page import Listing
from vigil.kernel.web.route import ApiRoute

router = APIRouter(prefix="/api/v1", tags=["deployments"], route_class=ApiRoute)

Thresholds = Annotated[
    tuple[str, ...], Query(description="the site's own: FINDING=VALUE, repeatable")
]


class GateView(BaseModel):
    """One gate, met or not: what is asked for, who can supply it, and on what it is met."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    what: str
    who: str
    met: bool
    why: str
    evidence_id: str | None
    evidence_path: str | None
    signed_by: str | None
    signed_at: datetime | None
    stale_at: datetime | None


class NeedsView(BaseModel):
    """Every gate of a step, and whose agreement it still needs."""

    model_config = ConfigDict(from_attributes=True)

    version_id: str
    site_id: str
    to_mode: Mode
    met: bool
    gates: list[GateView]
    people: list[Missing]


class StaleView(BaseModel):
    """A deployment that serves patients without evidence that it should stand on."""

    deployment_id: str
    version_id: str
    site_id: str
    mode: Mode
    gate: GateView

    @classmethod
    def of(cls, found: StaleUse) -> "StaleView":
        at = found.deployment
        return cls(
            deployment_id=at.id,
            version_id=at.version_id,
            site_id=at.site_id,
            mode=at.mode,
            gate=GateView.model_validate(found.gate),
        )


@router.get("/deployments/{deployment_id}/gates")
def deployment_gates(
    deployment_id: str,
    session: Reading,
    actor: Reader,
    gates: GatesDep,
    to_mode: Mode = Mode.LIVE,
) -> NeedsView:
    """Say what a deployment has and lacks to become `to_mode`; an open proposal's people count."""
    found = needs.of_deployment(session, actor, gates, deployment_id=deployment_id, to_mode=to_mode)
    return NeedsView.model_validate(found)


@router.get("/gates")
def would_be_needed(
    *,
    session: Reading,
    actor: Reader,
    gates: GatesDep,
    version_id: str,
    site: Annotated[str, Query(description="ODS code of the site")],
    to_mode: Mode = Mode.LIVE,
    threshold: Thresholds = (),
) -> NeedsView:
    """Say what a version has and lacks at a site, whether it is deployed there or not."""
    found = needs.of_version(
        session,
        actor,
        gates,
        version_id=version_id,
        site_id=identity.site(session, actor, site).id,
        to_mode=to_mode,
        thresholds=thresholds_of(threshold),
    )
    return NeedsView.model_validate(found)


@router.get("/safety/stale")
def what_stands_on_stale_signatures(
    session: Reading, actor: Reader, gates: GatesDep
) -> Listing[StaleView]:
    """List what is live or a canary while a signature or a card that it needs does not stand."""
    found = stale_in_use(session, actor, gates)
    return Listing(items=[StaleView.of(one) for one in found])
