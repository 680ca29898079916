"""`vigil report`: ask for a report, list them, save one."""

from datetime import datetime
from pathlib import Path

import typer

from model_registry.versions import service as versions
from surveillance.reports import service
from surveillance.reports.models import Report
from vigil.kernel.console import actor_of, parts_of, say, show
from vigil.kernel.identity import service as identity

app = typer.Typer(help="Ask for reports and read them.", no_args_is_help=True)


@app.command("make")
def make(
    ctx: typer.Context,
    version: str = typer.Option(..., help="Version, as NAME@LABEL or its id."),
    site: str = typer.Option(..., help="Code of the site."),
    finding: str = typer.Option(..., help="Key of the finding."),
    first: datetime = typer.Option(..., "--from", formats=["%Y-%m-%d"], help="First day."),
    last: datetime = typer.Option(..., "--to", formats=["%Y-%m-%d"], help="Last day."),
) -> None:
    """Ask for a drift report; a worker makes it."""
    parts, actor = parts_of(ctx), actor_of(ctx)
    with parts.database.write() as session:
        row = service.request(
            session,
            actor,
            parts.queue,
            version_id=versions.version_named(session, actor, version).id,
            site_id=identity.site(session, actor, site).id,
            finding_key=finding,
            from_day=first.date(),
            to_day=last.date(),
        )
    show(ctx, [_row(row)])


@app.command("list")
def list_reports(ctx: typer.Context) -> None:
    """List reports, the newest first."""
    with parts_of(ctx).database.read() as session:
        show(ctx, [_row(row) for row in service.reports(session, actor_of(ctx))])


@app.command("save")
def save(ctx: typer.Context, report_id: str, file: Path) -> None:
    """Write a report's document to a file."""
    parts = parts_of(ctx)
    with parts.database.read() as session:
        file.write_bytes(service.document(session, actor_of(ctx), parts.objects, report_id))
    say(f"Written to {file}.")


def _row(row: Report) -> dict[str, object]:
    return {
        "id": row.id,
        "state": row.state.value,
        "finding": row.finding_key,
        "from": row.from_day,
        "to": row.to_day,
        "verdict": row.verdict,
    }
