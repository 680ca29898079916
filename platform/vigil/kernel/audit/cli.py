"""`vigil audit`: who did what, and the proof that the record is whole."""

import typer

from vigil.kernel.audit import repository, service
from vigil.kernel.console import CHECK_FAILED, actor_of, parts_of, say, show
from vigil.kernel.identity.roles import Permission

app = typer.Typer(help="The hash-chained record of every deed.", no_args_is_help=True)


@app.command("list")
def list_events(
    ctx: typer.Context,
    subject: str | None = typer.Option(None, help="Only what was done to this id."),
    limit: int = typer.Option(50, min=1, max=1000),
) -> None:
    """Show the newest events first."""
    actor = actor_of(ctx)
    actor.require(Permission.AUDIT_READ)
    with parts_of(ctx).database.read() as session:
        found = repository.recent(
            session,
            before=None,
            subject=subject,
            limit=limit,
            organisation_id=service.audience(actor),
        )
        show(
            ctx,
            [
                {
                    "sequence": event.sequence,
                    "at": event.at.isoformat(timespec="seconds"),
                    "actor": event.actor_label,
                    "tag": event.tag,
                    "subject": event.subject,
                    "reason": event.reason,
                }
                for event in found
            ],
        )


@app.command()
def verify(
    ctx: typer.Context,
    head: str | None = typer.Option(None, help="A head noted earlier: it must still be there."),
) -> None:
    """Walk the whole chain; exit code 3 where it is broken. Note the head somewhere else."""
    actor_of(ctx).require(Permission.AUDIT_READ)
    with parts_of(ctx).database.read() as session:
        verdict = service.verify(session, head)
    show(
        ctx,
        [{"holds": verdict.holds, "events": verdict.events, "head": verdict.head}],
    )
    if not verdict.holds:
        say(f"The chain is broken at event {verdict.broken_at}.")
        raise typer.Exit(CHECK_FAILED)
