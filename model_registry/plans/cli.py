"""`vigil model plan`: what a version announces, and whether it is inside another's plan."""

from typing import Annotated

import typer

from model_registry.plans import service
from model_registry.plans.service import PlanView
from model_registry.versions import service as versions
from vigil.kernel.console import CHECK_FAILED, actor_of, parts_of, say, show
from vigil.kernel.identity.actor import Actor

app = typer.Typer(no_args_is_help=True)

Reference = Annotated[str, typer.Argument(help="id of the version, or MODEL@VERSION")]


@app.command()
def plan(
    ctx: typer.Context,
    version: Reference,
    assess: Annotated[
        bool, typer.Option("--assess", help="Hold it against its plan anew.")
    ] = False,
    reason: Annotated[str, typer.Option(help="Why, for the audit.")] = "asked for",
) -> None:
    """Show a version's change plan and its own claim; leaves with 3 where that is outside."""
    found = _assessed(ctx, version, reason) if assess else _seen(ctx, version)
    steps = found.plan.content["steps"] if found.plan else []
    for step in steps:
        parts = ", ".join(one["section"] for one in step["may_change"])
        say(f"Announces {step['key']}: {step['title']} (may change {parts})")
    if found.cover is None:
        show(ctx, [{"step": step["key"], "title": step["title"]} for step in steps])
        return
    say(found.cover.why)
    judged = found.cover.assessment
    rows = [{"verdict": "outside", "what": reason} for reason in found.cover.reasons]
    criteria = judged.criteria if judged else []
    rows += [
        {"verdict": _verdict(one["met"]), "what": f"{one['asked']}: {one['found']}"}
        for one in criteria
    ]
    show(ctx, rows)
    if not found.cover.is_inside:
        raise typer.Exit(CHECK_FAILED)


def _verdict(met: bool | None) -> str:
    if met is None:
        return "at each site"
    return "met" if met else "not met"


def _seen(ctx: typer.Context, reference: str) -> PlanView:
    actor: Actor = actor_of(ctx)
    with parts_of(ctx).database.read() as session:
        version = versions.version_named(session, actor, reference)
        return service.view(session, actor, version_id=version.id)


def _assessed(ctx: typer.Context, reference: str, reason: str) -> PlanView:
    actor, parts = actor_of(ctx), parts_of(ctx)
    with parts.database.write() as session:
        version = versions.version_named(session, actor, reference)
        return service.assess(session, actor, parts.objects, version_id=version.id, reason=reason)
