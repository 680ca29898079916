"""`vigil model approve` and `withdraw`."""

from typing import Annotated

import typer

from model_registry.approvals import service
from model_registry.versions import service as versions
from vigil.kernel.console import actor_of, extra_of, parts_of, show

app = typer.Typer(no_args_is_help=True)

Reference = Annotated[str, typer.Argument(help="id of the version, MODEL@VERSION or MODEL@ALIAS")]
Why = Annotated[str, typer.Option(help="why, for the audit")]


@app.command()
def approve(ctx: typer.Context, version: Reference, reason: Why) -> None:
    """Approve a version for the network. Without the evidence it says what is missing."""
    actor = actor_of(ctx)
    gates = extra_of(ctx, "version_gates")
    with parts_of(ctx).database.write() as session:
        found = versions.version_named(session, actor, version)
        service.approve(session, actor, gates, version_id=found.id, reason=reason)
        show(ctx, [{"id": found.id, "version": found.version, "status": found.status.value}])


@app.command()
def withdraw(ctx: typer.Context, version: Reference, reason: Why) -> None:
    """Take a version back for good. It stops wherever it runs."""
    actor, parts = actor_of(ctx), parts_of(ctx)
    with parts.database.write() as session:
        found = versions.version_named(session, actor, version)
        versions.withdraw(session, actor, version_id=found.id, reason=reason, events=parts.events)
        show(ctx, [{"id": found.id, "version": found.version, "status": found.status.value}])
