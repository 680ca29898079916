"""`vigil deployment`: which version runs where, and letting it."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import typer

from model_registry.deployments import needs, repository, reviews, service
from model_registry.deployments.gates import ReleaseGate
from model_registry.deployments.models import Deployment, DeploymentPeriod, Mode
from model_registry.deployments.reviews import Proposal
from model_registry.deployments.rules import rules
from model_registry.deployments.service import Outcome
from model_registry.safety.configuration import thresholds_of
from model_registry.versions import service as versions
from vigil.kernel.console import CHECK_FAILED, actor_of, extra_of, parts_of, say, show
from vigil.kernel.identity import service as identity

app = typer.Typer(help="Let versions run at sites, and stop them.", no_args_is_help=True)
_WHY = typer.Option(..., help="Why, for the audit.")
_THRESHOLD = typer.Option([], help="The site's own: FINDING=VALUE, repeatable.")


def gates_of(ctx: typer.Context) -> tuple[ReleaseGate, ...]:
    gates: tuple[ReleaseGate, ...] = extra_of(ctx, "gates")
    return gates


@app.command("list")
def list_deployments(
    ctx: typer.Context, site: str | None = typer.Option(None, help="ODS code of a site.")
) -> None:
    """List the deployments that you may read."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.read() as session:
        site_id = identity.site(session, actor, site).id if site else None
        found = repository.deployments(session, actor, site_id=site_id)
    show(ctx, [_row(deployment) for deployment in found])


@app.command("rules")
def show_rules(ctx: typer.Context) -> None:
    """Print every step there is: what must be there, who decides, who may begin it, and why."""
    show(ctx, [asdict(rule) for rule in rules()])


@app.command("reviews")
def list_reviews(
    ctx: typer.Context,
    mine: bool = typer.Option(False, "--mine", help="Only those that wait for you."),
) -> None:
    """List the open proposals, and whose turn it is."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.read() as session:
        find = reviews.waiting_for if mine else reviews.open_proposals
        found = find(session, actor)
    show(ctx, [_proposal(one) for one in found])


@app.command("deploy")
def deploy(
    ctx: typer.Context,
    version: str = typer.Argument(help="Version id, or MODEL@VERSION."),
    site: str = typer.Option(..., help="ODS code of the site."),
    threshold: list[str] = _THRESHOLD,
    reason: str = _WHY,
) -> None:
    """Let a version run in shadow at a site."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.write() as session:
        deployment = service.deploy(
            session,
            actor,
            version_id=versions.version_named(session, actor, version).id,
            site_id=identity.site(session, actor, site).id,
            thresholds=thresholds_of(threshold),
            reason=reason,
        )
    show(ctx, [_row(deployment)])


@app.command("request")
def request(
    ctx: typer.Context,
    deployment_id: str,
    *,
    to: Mode = typer.Option(..., help="The mode it should have."),
    share: int = typer.Option(100, help="Percentage of patients of a canary."),
    threshold: list[str] = _THRESHOLD,
    replaced_becomes: Mode = typer.Option(Mode.RETIRED, help="For the one that is live now."),
    reason: str = _WHY,
) -> None:
    """Propose what a deployment becomes; what takes one person is done at once."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.write() as session:
        outcome = service.request_change(
            session,
            actor,
            gates_of(ctx),
            deployment_id=deployment_id,
            to_mode=to,
            share=share,
            thresholds=thresholds_of(threshold) if threshold else None,
            replaced_becomes=replaced_becomes,
            reason=reason,
        )
    show(ctx, [_row(outcome.deployment, outcome)])
    _say_missing(outcome)


@app.command("approve")
def approve(ctx: typer.Context, change_id: str, reason: str = _WHY) -> None:
    """Agree to a proposal; leaves with 3 while something is missing."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.write() as session:
        outcome = service.approve_change(
            session, actor, gates_of(ctx), change_id=change_id, reason=reason
        )
    show(ctx, [_row(outcome.deployment, outcome)])
    _say_missing(outcome)
    if not outcome.is_applied:
        raise typer.Exit(CHECK_FAILED)


@app.command("withdraw")
def withdraw(ctx: typer.Context, change_id: str, reason: str = _WHY) -> None:
    """Take a proposal back."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.write() as session:
        change = service.withdraw_change(session, actor, change_id=change_id, reason=reason)
    show(ctx, [change.model_dump(mode="json")])


@app.command("suspend")
def suspend(ctx: typer.Context, deployment_id: str, reason: str = _WHY) -> None:
    """Stop a deployment at once."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.write() as session:
        found = service.suspend(session, actor, deployment_id=deployment_id, reason=reason)
    show(ctx, [_row(found)])


@app.command("fall-back")
def fall_back(ctx: typer.Context, deployment_id: str, reason: str = _WHY) -> None:
    """Send nothing more at once, and keep recording in shadow."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.write() as session:
        found = service.fall_back(session, actor, deployment_id=deployment_id, reason=reason)
    show(ctx, [_row(found)])


@app.command("rollback")
def rollback(ctx: typer.Context, deployment_id: str, reason: str = _WHY) -> None:
    """Propose that what was live before this deployment is live again."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.write() as session:
        outcome = service.rollback(
            session, actor, gates_of(ctx), deployment_id=deployment_id, reason=reason
        )
    show(ctx, [_row(outcome.deployment, outcome)])
    _say_missing(outcome)


@app.command("history")
def history(
    ctx: typer.Context,
    site: str = typer.Option(..., help="ODS code of the site."),
    at: datetime | None = typer.Option(None, help="An instant in UTC; default: now."),
) -> None:
    """Say what was live at a site at an instant."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.read() as session:
        instant = at.replace(tzinfo=UTC) if at else session.now()
        site_id = identity.site(session, actor, site).id
        found = service.what_was_live(session, actor, site_id, instant)
    show(ctx, [_period(period) for period in found])


@app.command("gates")
def gates(
    ctx: typer.Context,
    deployment_id: str,
    to: Mode = typer.Option(Mode.LIVE, help="The mode it should have."),
) -> None:
    """Show every gate on the way to a mode, met or not; leaves with 3 while one is not."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.read() as session:
        found = needs.of_deployment(
            session, actor, gates_of(ctx), deployment_id=deployment_id, to_mode=to
        )
    rows = [
        {"gate": one.name, "met": one.met, "what": one.what, "why": one.why, "who": one.who}
        for one in found.gates
    ]
    rows += [
        {"gate": "people", "met": False, "what": one.what, "why": "", "who": one.who}
        for one in found.people
    ]
    show(ctx, rows)
    if not found.met:
        raise typer.Exit(CHECK_FAILED)


def _row(deployment: Deployment, outcome: Outcome | None = None) -> dict[str, Any]:
    row = deployment.model_dump(mode="json")
    if outcome is not None:
        row |= {"change": outcome.change.id, "change_state": outcome.change.state.value}
    return row


def _proposal(proposal: Proposal) -> dict[str, Any]:
    return {
        "change": proposal.change.id,
        "deployment": str(proposal.names),
        "to": proposal.change.to_mode.value,
        "asked_by": proposal.asked_by,
        "asked_at": proposal.change.requested_at.isoformat(timespec="seconds"),
        "waits_for": "; ".join(missing.who for missing in proposal.waits_for),
        "mine": proposal.is_mine,
    }


def _period(period: DeploymentPeriod) -> dict[str, Any]:
    return period.model_dump(mode="json")


def _say_missing(outcome: Outcome) -> None:
    for gate in outcome.missing:
        say(f"Missing: {gate}")
