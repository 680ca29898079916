"""`vigil surveillance tolerance`: what is tolerated, and since when."""

from datetime import datetime

import typer

from model_registry.versions import service as versions
from surveillance.tolerances import service
from vigil.kernel.console import actor_of, parts_of, say, show
from vigil.kernel.identity import service as identity

app = typer.Typer(help="See and set what is tolerated.", no_args_is_help=True)


@app.command("list")
def list_tolerances(ctx: typer.Context) -> None:
    """List what was set, the newest first; what is not listed holds by default."""
    with parts_of(ctx).database.read() as session:
        found = service.tolerances(session, actor_of(ctx), limit=1000)
    rows = [
        {
            "kind": row.kind,
            "amount": row.amount,
            "version": row.version_id or "every",
            "site": row.site_id or "every",
            "subject": row.subject or "every",
            "from": row.from_day,
            "by": row.set_by,
            "reason": row.reason,
        }
        for row in found
    ]
    show(ctx, rows)


@app.command("set")
def set_tolerance(
    ctx: typer.Context,
    kind: str = typer.Argument(help="What the streams count, such as override_rate."),
    amount: float = typer.Argument(help="Standard deviations, a factor or a difference."),
    reason: str = typer.Option(..., help="Why this is tolerable."),
    version: str | None = typer.Option(None, help="Only this version, as NAME@LABEL or its id."),
    site: str | None = typer.Option(None, help="Only this site's code."),
    subject: str | None = typer.Option(None, help="Only this finding."),
    first: datetime | None = typer.Option(None, "--from", formats=["%Y-%m-%d"]),
) -> None:
    """Set what is tolerated from today on, or from a day."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.write() as session:
        row = service.set_tolerance(
            session,
            actor,
            kind=kind,
            amount=amount,
            reason=reason,
            version_id=versions.version_named(session, actor, version).id if version else None,
            site_id=identity.site(session, actor, site).id if site else None,
            subject=subject,
            from_day=first.date() if first else None,
        )
        said = f"{row.kind}: {row.amount:g} from {row.from_day} on."
    say(said)
