"""`vigil stop`: the kill switch at the command line."""

from typing import Any

import typer

from model_registry.deployments.cli import gates_of
from model_registry.stops import service
from model_registry.stops.models import Scope, StopOrder
from vigil.kernel.console import actor_of, parts_of, say, show

app = typer.Typer(
    help="Stop a site, a model or a supplier at once, and bring it back.", no_args_is_help=True
)
_WHY = typer.Option(..., help="Why, for the audit.")


@app.command("order")
def order(
    ctx: typer.Context,
    scope: Scope,
    target: str = typer.Argument(help="Site's code, SUPPLIER/MODEL or its id, supplier's code."),
    reason: str = _WHY,
) -> None:
    """Stop it: nothing that it covers is run or sent from the next study on."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.write() as session:
        found = service.target_named(session, actor, scope, target)
        stop = service.order(session, actor, target=found, reason=reason)
    show(ctx, [_row(stop, found.name)])
    say(f"{found.name} is stopped. Two people lift it: vigil stop lift {stop.id}")


@app.command("list")
def list_stops(
    ctx: typer.Context,
    lifted: bool = typer.Option(False, "--lifted", help="Those that are lifted too."),
) -> None:
    """List what is stopped."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.read() as session:
        found = service.stops(session, actor, in_force=None if lifted else True)
    show(ctx, [_row(named.order, named.target) for named in found])


@app.command("lift")
def lift(ctx: typer.Context, stop_id: str, reason: str = _WHY) -> None:
    """Ask to lift a stop or, where another person asked, agree to it."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.write() as session:
        stop = service.stop_by_id(session, actor, stop_id).order
        if stop.lift_requested_by is None:
            stop = service.request_lift(session, actor, stop_id=stop_id, reason=reason)
        else:
            stop = service.lift(session, actor, gates_of(ctx), stop_id=stop_id, reason=reason)
        named = service.stop_by_id(session, actor, stop_id)
    show(ctx, [_row(named.order, named.target)])
    if stop.is_in_force:
        say("Still stopped: another person has to agree.")


@app.command("keep")
def keep(ctx: typer.Context, stop_id: str, reason: str = _WHY) -> None:
    """Keep a stop whose lift was asked for."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.write() as session:
        service.keep(session, actor, stop_id=stop_id, reason=reason)
        named = service.stop_by_id(session, actor, stop_id)
    show(ctx, [_row(named.order, named.target)])


def _row(stop: StopOrder, target: str) -> dict[str, Any]:
    row = stop.model_dump(mode="json", exclude={"lift_as_manager", "lift_as_officer"})
    return {"id": row.pop("id"), "target": target, **row}
