"""`vigil queue work|redo`: durable work that gave up, and putting it back."""

import typer

from vigil.kernel.console import actor_of, parts_of, say, show
from vigil.kernel.engine import status
from vigil.kernel.identity.roles import Permission

app = typer.Typer(help="Durable work that gave up.", no_args_is_help=True)


@app.command("work")
def failed_work(
    ctx: typer.Context, limit: int = typer.Option(50, min=1, max=1000, help="At most so many.")
) -> None:
    """List work that failed as often as it may: which step, and the type of its error."""
    actor_of(ctx).require(Permission.QUEUE_RETRY)
    with parts_of(ctx).database.read() as session:
        found = status.failed(session, limit=limit)
    show(
        ctx,
        [
            {
                "work": one.id,
                "step": one.step,
                "error": one.error,
                "starts": one.starts,
                "failed_at": one.failed_at.isoformat(timespec="seconds") if one.failed_at else None,
            }
            for one in found
        ],
    )


@app.command()
def redo(
    ctx: typer.Context,
    work: str = typer.Argument(help="Its id, as `vigil queue work` lists it."),
    reason: str = typer.Option(..., help="Why, for the audit."),
) -> None:
    """Try failed work again from the step that failed; what was done before it is kept."""
    parts = parts_of(ctx)
    with parts.database.write() as session:
        status.retry(session, parts.queue, actor_of(ctx), work_id=work, reason=reason)
    say("A worker takes it up again.")
