"""`vigil alert`: what asks for people, and what they did."""

import typer

from surveillance.alerts import service
from surveillance.alerts.models import AlertState
from vigil.kernel.console import actor_of, parts_of, say, show

app = typer.Typer(help="See and act on alerts.", no_args_is_help=True)
_REASON = typer.Option(..., "--reason", help="Why, in a sentence.")


@app.command("list")
def list_alerts(
    ctx: typer.Context,
    state: list[AlertState] | None = typer.Option(None, help="Only these; default: open ones."),
) -> None:
    """List alerts, the newest first."""
    with parts_of(ctx).database.read() as session:
        found = service.alerts(session, actor_of(ctx), states=state or service.OPEN)
    rows = [
        {
            "id": alert.id,
            "tier": alert.tier.value,
            "state": alert.state.value,
            "stream": alert.stream,
            "group": "all" if alert.axis == "all" else f"{alert.axis} {alert.level}",
            "site": alert.site_id,
            "opened": alert.opened_at,
            "sentence": alert.sentence,
        }
        for alert in found
    ]
    show(ctx, rows)


@app.command("ack")
def acknowledge(ctx: typer.Context, alert_id: str, reason: str = _REASON) -> None:
    """Say that somebody looks into an alert."""
    with parts_of(ctx).database.write() as session:
        service.acknowledge(session, actor_of(ctx), alert_id, reason)
    say(f"{alert_id} is acknowledged.")


@app.command("resolve")
def resolve(
    ctx: typer.Context,
    alert_id: str,
    cause: str = typer.Option(..., "--cause", help="What it was, in a sentence."),
) -> None:
    """Close an alert with its cause. Its stream is watched anew from tomorrow."""
    with parts_of(ctx).database.write() as session:
        service.resolve(session, actor_of(ctx), alert_id, cause)
    say(f"{alert_id} is resolved.")


@app.command("reopen")
def reopen(ctx: typer.Context, alert_id: str, reason: str = _REASON) -> None:
    """Take a resolution back."""
    with parts_of(ctx).database.write() as session:
        service.reopen(session, actor_of(ctx), alert_id, reason)
    say(f"{alert_id} is open again.")
