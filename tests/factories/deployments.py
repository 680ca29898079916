"""Deployments for tests: put there by the service, or simply there."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from factories.safety import Cast, create_version, sign_everything

from model_registry.deployments import service
from model_registry.deployments.gates import Missing, ReleaseGate
from model_registry.deployments.models import Deployment, Mode
from model_registry.deployments.service import Outcome
from model_registry.versions.models import ModelVersion
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.objects import ObjectStore


@dataclass
class CardGate:
    """The card gate as a higher floor would keep it, with a switch."""

    published: bool = True
    asked: list[tuple[str, str]] = field(default_factory=list)

    def missing(self, session: ReadSession, version: ModelVersion, site_id: str) -> list[Missing]:
        self.asked.append((version.id, site_id))
        return [] if self.published else [Missing("a published card", "the supplier")]


GATES = (CardGate(),)


def place_deployment(
    session: WriteSession, version: ModelVersion, site_id: str, mode: Mode = Mode.SHADOW
) -> Deployment:
    """A deployment that is simply there: for tests that are not about getting there."""
    deployment = Deployment(
        id=session.new_id("dep"),
        model_id=version.model_id,
        version_id=version.id,
        site_id=site_id,
        mode=mode,
        share=100,
        revision=1,
        thresholds={},
        created_at=session.now(),
    )
    session.add(deployment)
    session.flush()
    return deployment


def deploy(session: WriteSession, cast: Cast, version: ModelVersion) -> Deployment:
    return service.deploy(
        session, cast.manager, version_id=version.id, site_id=cast.site.id, reason="try it"
    )


def request(
    session: WriteSession,
    actor: Actor,
    deployment: Deployment,
    to_mode: Mode = Mode.LIVE,
    *,
    share: int = 100,
    thresholds: dict[str, float] | None = None,
    replaced_becomes: Mode = Mode.RETIRED,
) -> Outcome:
    return service.request_change(
        session,
        actor,
        GATES,
        deployment_id=deployment.id,
        to_mode=to_mode,
        share=share,
        thresholds=thresholds,
        replaced_becomes=replaced_becomes,
        reason="it did well",
    )


def approve(
    session: WriteSession,
    actor: Actor,
    outcome: Outcome,
    gates: Sequence[ReleaseGate] = GATES,
) -> Outcome:
    return service.approve_change(
        session, actor, gates, change_id=outcome.change.id, reason="agreed"
    )


def go_live(
    session: WriteSession, objects: ObjectStore, cast: Cast, label: str = "1.0.0"
) -> Deployment:
    """A version with every sign-off, made live at the site by two people."""
    version = create_version(session, cast, label)
    sign_everything(session, objects, cast, version)
    deployment = deploy(session, cast, version)
    outcome = request(session, cast.manager, deployment)
    assert approve(session, cast.site_officer, outcome).is_applied
    return deployment
