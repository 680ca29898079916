"""Deploy a version at a site, propose what becomes of it, agree, and step back when in doubt."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import IntegrityError

from model_registry.deployments import repository
from model_registry.deployments.errors import (
    AlreadyDeployed,
    BadShare,
    ChangeClosed,
    ChangeLapsed,
    NoSuchWay,
    NotReady,
    SomebodyChangedIt,
    UnknownChange,
    UnknownDeployment,
)
from model_registry.deployments.gates import Missing, ReleaseGate, Target, evaluate
from model_registry.deployments.going_back import live_before
from model_registry.deployments.lapse import lapsed, why_lapsed
from model_registry.deployments.models import (
    ChangeState,
    Deployment,
    DeploymentApproval,
    DeploymentChange,
    DeploymentPeriod,
    Mode,
)
from model_registry.deployments.people import (
    check_person,
    counting,
    is_manager,
    is_officer,
    missing_people,
)
from model_registry.deployments.repository import RUNNABLE
from model_registry.deployments.share import PERCENT
from model_registry.deployments.shown import periods_to
from model_registry.deployments.steps import (
    Place,
    apply_change,
    close,
    live_beside,
    move,
    open_history,
)
from model_registry.deployments.transitions import Evidence, Transition, transition
from model_registry.safety.configuration import check_thresholds
from model_registry.versions import service as versions
from model_registry.versions.models import ModelVersion
from vigil.kernel.audit import service as audit
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.errors import Fault
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission

Gates = Sequence[ReleaseGate]


@dataclass(frozen=True)
class Outcome:
    """What came of a proposal: applied, or still open for what is missing."""

    change: DeploymentChange
    deployment: Deployment
    missing: tuple[Missing, ...] = ()

    @property
    def is_applied(self) -> bool:
        return self.change.state is ChangeState.APPLIED


def deploy(
    session: WriteSession,
    actor: Actor,
    *,
    version_id: str,
    site_id: str,
    reason: str,
    thresholds: dict[str, float] | None = None,
) -> Deployment:
    """Let a version run in shadow at a site: it is recorded there, and nothing is sent.

    Raises:
        NotAPerson: a part of Vigil tried.
        BadThresholds: a threshold does not fit the model.
        NotReady: the version has not passed its admission checks.
        AlreadyDeployed: the version is in use at this site.
    """
    step = transition(None, Mode.SHADOW)
    actor.require(step.permission, site_id)
    version = versions.version_held(session, actor, version_id)
    check_person(actor, version, step)
    own = dict(thresholds or {})
    check_thresholds(version, own)
    _refuse_if(evaluate(session, (), Target.of(version, site_id, own), step.evidence))
    deployment = Deployment(
        id=session.new_id("dep"),
        model_id=version.model_id,
        version_id=version.id,
        site_id=site_id,
        mode=Mode.SHADOW,
        share=PERCENT,
        revision=1,
        thresholds=own,
        created_at=session.now(),
    )
    session.add(deployment)
    try:
        session.flush()
    except IntegrityError as error:
        raise AlreadyDeployed("This version is in use at this site. Change that one.") from error
    open_history(session, actor, deployment, reason)
    session.flush()
    facts = {"version": version.id, "site": site_id}
    audit.record(session, actor, "registry:deployment:shadow", deployment.id, reason, **facts)
    return deployment


def request_change(
    session: WriteSession,
    actor: Actor,
    gates: Gates,
    *,
    deployment_id: str,
    to_mode: Mode,
    reason: str,
    share: int = PERCENT,
    thresholds: dict[str, float] | None = None,
    replaced_becomes: Mode = Mode.RETIRED,
    seen_revision: int | None = None,
) -> Outcome:
    """Propose what becomes of a deployment. What takes one person is done at once.

    Args:
        session: the transaction.
        actor: who proposes; a manager counts as the first of the two people.
        gates: the gates of higher floors.
        deployment_id: which deployment.
        to_mode: what it would be.
        reason: why.
        share: the percentage of patients of a canary.
        thresholds: the site's own thresholds; None leaves them.
        replaced_becomes: shadow or retired, for the deployment that is live now.
        seen_revision: the revision that the actor looked at; None does not ask.

    Raises:
        SomebodyChangedIt: the deployment has another revision than the one that was looked at.
        NoSuchWay: there is no way from its mode to that one.
        AlreadyDeployed: it is retired, and its version is in use here in another deployment.
        BadShare: a canary takes 1 to 99 percent.
        BadThresholds: a threshold does not fit the model.
        OwnSubmission: the actor submitted the version.
    """
    version, deployment = _held_with_version(session, actor, deployment_id)
    step = transition(deployment.mode, to_mode)
    # Asked before what a refusal tells of others: their words are not for everybody who may look.
    actor.require(step.permission, deployment.site_id)
    _check_seen(session, deployment, seen_revision)
    _check_not_anew(session, deployment)
    if not step.is_towards_safety:
        check_person(actor, version, step)
    own = _thresholds(deployment, version, step, thresholds)
    _check_share(to_mode, share, replaced_becomes)
    _close_lapsed(session, actor, deployment, version)
    replaced = live_beside(session, deployment) if to_mode is Mode.LIVE else None
    change = DeploymentChange(
        id=session.new_id("chg"),
        deployment_id=deployment.id,
        from_revision=deployment.revision,
        to_mode=to_mode,
        to_share=share if to_mode is Mode.CANARY else PERCENT,
        to_thresholds=own,
        replaces_id=replaced.id if replaced else None,
        replaced_becomes=replaced_becomes,
        reason=reason,
        requested_by=actor.id,
        requested_at=session.now(),
        state=ChangeState.OPEN,
    )
    session.add(change)
    session.flush()
    facts = {"deployment": deployment.id, "to": to_mode.value, "share": change.to_share}
    audit.record(session, actor, "registry:deployment_change:request", change.id, reason, **facts)
    _agree(session, actor, change, deployment, reason)
    return _apply_if_ready(session, actor, gates, change, deployment)


def _thresholds(
    deployment: Deployment, version: ModelVersion, step: Transition, asked: dict[str, float] | None
) -> dict[str, float]:
    """Return the site's thresholds after a step: those that are asked for, or those it has."""
    own = deployment.thresholds if asked is None else dict(asked)
    check_thresholds(version, own)
    if step.evidence is Evidence.NONE and own != deployment.thresholds:
        raise NoSuchWay(f"To {step.after.value} goes no other threshold. Leave thresholds out.")
    return own


def approve_change(
    session: WriteSession, actor: Actor, gates: Gates, *, change_id: str, reason: str
) -> Outcome:
    """Agree to a proposal, and apply it if nothing is missing any more.

    Agreeing again adds nobody; it only looks again at what is missing.

    Raises:
        ChangeClosed: it is applied, withdrawn or overtaken.
        ChangeLapsed: it is too old, or evidence went stale since it was asked for.
        NotAPerson, OwnSubmission: the actor's agreement cannot count.
        LiveChanged: another version became live since it was proposed.
    """
    change = change_by_id(session, actor, change_id)
    version, deployment = _held_with_version(session, actor, change.deployment_id)
    actor.require(Permission.DEPLOYMENT_APPROVE, deployment.site_id)
    _check_open(session, change)
    _check_fresh(session, change, deployment, version)
    check_person(actor, version, transition(deployment.mode, change.to_mode))
    _agree(session, actor, change, deployment, reason)
    audit.record(session, actor, "registry:deployment_change:approve", change.id, reason)
    return _apply_if_ready(session, actor, gates, change, deployment)


def withdraw_change(
    session: WriteSession, actor: Actor, *, change_id: str, reason: str
) -> DeploymentChange:
    """Take a proposal back: whoever may propose or approve one at this site may."""
    change = change_by_id(session, actor, change_id)
    deployment = _held(session, actor, change.deployment_id)
    if not actor.may(Permission.DEPLOYMENT_REQUEST, deployment.site_id):
        actor.require(Permission.DEPLOYMENT_APPROVE, deployment.site_id)
    _check_open(session, change)
    close(session, actor, change, ChangeState.WITHDRAWN, reason)
    return change


def suspend(session: WriteSession, actor: Actor, *, deployment_id: str, reason: str) -> Deployment:
    """Stop a deployment at once: one person or Vigil itself, and a reason."""
    return _step_back(session, actor, deployment_id, Mode.SUSPENDED, reason)


def fall_back(
    session: WriteSession, actor: Actor, *, deployment_id: str, reason: str
) -> Deployment:
    """Send nothing more at once, and keep recording: from canary or live back to shadow."""
    return _step_back(session, actor, deployment_id, Mode.SHADOW, reason)


def suspend_all_of(
    session: WriteSession, actor: Actor, version_id: str, reason: str
) -> list[Deployment]:
    """Suspend every deployment of a version that runs anywhere, at once: it was withdrawn.

    The caller has locked the version, so that none is added or agreed to meanwhile.
    """
    suspended = []
    # Whatever their mode: one that rests may have been agreed to a moment ago. By site, one at a
    # time, as swaps lock them: two of them never wait for each other.
    there = repository.of_version(session, actor, version_id)
    for deployment in sorted(there, key=lambda one: (one.site_id, one.id)):
        found = _held(session, actor, deployment.id)
        actor.require(Permission.DEPLOYMENT_SUSPEND, found.site_id)
        if found.mode in RUNNABLE:
            move(session, actor, found, Place(Mode.SUSPENDED, PERCENT, found.thresholds), reason)
            suspended.append(found)
        for pointless in repository.open_changes(session, [found.id]):
            close(session, actor, pointless, ChangeState.WITHDRAWN, reason)
    return suspended


def rollback(
    session: WriteSession, actor: Actor, gates: Gates, *, deployment_id: str, reason: str
) -> Outcome:
    """Propose that what was live before this deployment is live again; this one goes to shadow.

    One step back, past what was left by a rollback before and past versions that are withdrawn,
    with the thresholds of then. It brings a version to patients, so it takes two
    people and every gate; `suspend` and `fall_back` are for what cannot wait.

    Raises:
        NothingBefore: nothing that was live before can be live again, or this is not the one to
            go back from.
    """
    left = deployment_by_id(session, actor, deployment_id)
    actor.require(Permission.DEPLOYMENT_REQUEST, left.site_id)
    before = live_before(session, left)
    return request_change(
        session,
        actor,
        gates,
        deployment_id=before.deployment.id,
        to_mode=Mode.LIVE,
        reason=reason,
        thresholds=before.thresholds,
        replaced_becomes=Mode.SHADOW,
    )


def missing_for(
    session: ReadSession, gates: Gates, change: DeploymentChange, deployment: Deployment
) -> list[Missing]:
    """Return all that a proposal still needs: evidence and people."""
    step = transition(deployment.mode, change.to_mode)
    target = Target.of_deployment(session, deployment, change.to_thresholds)
    missing = evaluate(session, gates, target, step.evidence)
    given = repository.approvals(session, change.id)
    return missing + missing_people(step, counting(session, deployment.site_id, given))


def what_was_live(
    session: ReadSession, actor: Actor, site_id: str, at: datetime
) -> Sequence[DeploymentPeriod]:
    """Return which versions were live at a site at an instant, and who had put them there."""
    return periods_to(actor, repository.live_at(session, actor, site_id, at))


def runnable_at(session: ReadSession, site_id: str) -> Sequence[Deployment]:
    """Return what studies of a site can run on: its shadow, canary and live deployments."""
    return repository.runnable(session, site_id)


def deployment_by_id(session: ReadSession, actor: Actor, deployment_id: str) -> Deployment:
    found = repository.deployment(session, actor, deployment_id)
    if found is None:
        raise UnknownDeployment("No deployment has this id, or it is at another site.")
    return found


def change_by_id(session: ReadSession, actor: Actor, change_id: str) -> DeploymentChange:
    found = repository.change(session, actor, change_id)
    if found is None:
        raise UnknownChange("No proposal has this id, or it is for another site.")
    return found


def of_version(session: ReadSession, actor: Actor, version_id: str) -> Sequence[Deployment]:
    return repository.of_version(session, actor, version_id)


def thresholds_at(session: ReadSession, deployment_id: str, revision: int) -> dict[str, float]:
    """Return the site's own thresholds at the revision that a run pinned.

    Raises:
        UnknownDeployment: the deployment never had this revision.
    """
    period = repository.period(session, deployment_id, revision)
    if period is None:
        raise UnknownDeployment("The deployment never had this revision.")
    return dict(period.thresholds)


def _step_back(
    session: WriteSession, actor: Actor, deployment_id: str, to_mode: Mode, reason: str
) -> Deployment:
    found = _held(session, actor, deployment_id)
    actor.require(Permission.DEPLOYMENT_SUSPEND, found.site_id)
    step = transition(found.mode, to_mode)
    if not step.is_towards_safety:
        raise NotReady(f"From {found.mode.value} to {to_mode.value} has to be proposed.")
    move(session, actor, found, Place(to_mode, PERCENT, found.thresholds), reason)
    return found


def _apply_if_ready(
    session: WriteSession,
    actor: Actor,
    gates: Gates,
    change: DeploymentChange,
    deployment: Deployment,
) -> Outcome:
    missing = missing_for(session, gates, change, deployment)
    if not missing:
        apply_change(session, actor, change, deployment)
    return Outcome(change, deployment, tuple(missing))


def _agree(
    session: WriteSession,
    actor: Actor,
    change: DeploymentChange,
    deployment: Deployment,
    reason: str,
) -> None:
    agreed = {approval.user_id for approval in repository.approvals(session, change.id)}
    if actor.is_system or actor.id in agreed:
        return
    approval = DeploymentApproval(
        id=session.new_id("apr"),
        change_id=change.id,
        user_id=actor.id,
        as_manager=is_manager(actor, deployment.site_id),
        as_officer=is_officer(actor, deployment.site_id),
        at=session.now(),
        reason=reason,
    )
    session.add(approval)
    session.flush()


def _check_open(session: WriteSession, change: DeploymentChange) -> None:
    # Its deployment is locked by now, so that what is read here stays so.
    session.refresh(change)
    if change.state is not ChangeState.OPEN:
        name = repository.people(session, [change.closed_by]).get(change.closed_by or "", "Vigil")
        told = f" by {name}: {change.closed_reason}" if change.closed_by else "."
        raise ChangeClosed(f"It was {change.state.value}{told}")


def _check_fresh(
    session: ReadSession, change: DeploymentChange, deployment: Deployment, version: ModelVersion
) -> None:
    why = why_lapsed(session, change, deployment, version)
    if why is not None:
        raise ChangeLapsed(f"It has lapsed: {why}. Propose it again.")


def _close_lapsed(
    session: WriteSession, actor: Actor, deployment: Deployment, version: ModelVersion
) -> None:
    """Close what has lapsed for a deployment: somebody asks anew."""
    there = repository.open_changes(session, [deployment.id])
    why = lapsed(session, [(one, deployment, version) for one in there])
    for change in there:
        if change.id in why:
            close(session, actor, change, ChangeState.WITHDRAWN, f"Lapsed: {why[change.id]}")


def _held_with_version(
    session: WriteSession, actor: Actor, deployment_id: str
) -> tuple[ModelVersion, Deployment]:
    """Lock what a step towards patients rests on: the version first, as a withdrawal does too."""
    found = deployment_by_id(session, actor, deployment_id)
    version = versions.version_held(session, actor, found.version_id)
    return version, _held(session, actor, deployment_id)


def _held(session: WriteSession, actor: Actor, deployment_id: str) -> Deployment:
    # Locked before anything is decided: two people who agree at once are counted one by one.
    found = deployment_by_id(session, actor, deployment_id)
    repository.of_model_locked(session, found.model_id, found.site_id)
    return found


def _check_seen(session: ReadSession, deployment: Deployment, seen: int | None) -> None:
    if seen is None or seen == deployment.revision:
        return
    now = repository.current_period(session, deployment.id)
    why = f": {now.reason}" if now else ""
    raise SomebodyChangedIt(
        f"It is {deployment.mode.value} now, in revision {deployment.revision}{why}. Look again."
    )


def _check_not_anew(session: ReadSession, deployment: Deployment) -> None:
    if deployment.mode is not Mode.RETIRED:
        return
    anew = repository.in_use(session, deployment.version_id, deployment.site_id)
    if anew is not None:
        raise AlreadyDeployed(f"This version was deployed here anew. Propose that one: {anew.id}.")


def _check_share(to_mode: Mode, share: int, replaced_becomes: Mode) -> None:
    faults = []
    if to_mode is Mode.CANARY and not 1 <= share < PERCENT:
        faults.append(Fault("share", "no share of a canary", "Give a percentage from 1 to 99"))
    if replaced_becomes not in {Mode.SHADOW, Mode.RETIRED}:
        remedy = "Choose shadow or retired"
        faults.append(Fault("replaced_becomes", "not for a replaced deployment", remedy))
    if faults:
        raise BadShare.because(faults)


def _refuse_if(missing: list[Missing]) -> None:
    if missing:
        raise NotReady("; ".join(str(gate) for gate in missing))
