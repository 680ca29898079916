"""`vigil report`: ask for a report, schedule it, list them, save one."""

from datetime import datetime
from pathlib import Path

import typer

from model_registry.versions import service as versions
from surveillance.reports import schedules, service
from surveillance.reports.models import EVERY_FINDING, Cadence, Report, ReportSchedule
from vigil.kernel.console import actor_of, parts_of, say, show
from vigil.kernel.identity import service as identity

app = typer.Typer(help="Ask for reports and read them.", no_args_is_help=True)
_VERSION = typer.Option(..., help="Version, as NAME@LABEL or its id.")
_SITE = typer.Option(..., help="Code of the site.")
_FINDING = typer.Option(EVERY_FINDING, help="Key of the finding; default: every finding.")


@app.command("make")
def make(
    ctx: typer.Context,
    version: str = _VERSION,
    site: str = _SITE,
    finding: str = _FINDING,
    first: datetime = typer.Option(..., "--from", formats=["%Y-%m-%d"], help="First day."),
    last: datetime = typer.Option(..., "--to", formats=["%Y-%m-%d"], help="Last day."),
) -> None:
    """Ask for a report; a worker makes it."""
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
def save(
    ctx: typer.Context,
    report_id: str,
    file: Path,
    figures: bool = typer.Option(False, help="Save its figures (JSON) instead."),
) -> None:
    """Write a report's document to a file."""
    parts = parts_of(ctx)
    read = service.figures if figures else service.document
    with parts.database.read() as session:
        file.write_bytes(read(session, actor_of(ctx), parts.objects, report_id))
    say(f"Written to {file}.")


@app.command("retry")
def retry(
    ctx: typer.Context, report_id: str, reason: str = typer.Option(..., help="Why, for the audit.")
) -> None:
    """Ask once more for a report that failed."""
    parts = parts_of(ctx)
    with parts.database.write() as session:
        row = service.retry(session, actor_of(ctx), parts.queue, report_id=report_id, reason=reason)
    show(ctx, [_row(row)])


@app.command("schedule")
def schedule(
    ctx: typer.Context,
    version: str = _VERSION,
    site: str = _SITE,
    finding: str = _FINDING,
    cadence: Cadence = typer.Option(..., help="For every whole week, or month."),
    reason: str = typer.Option(..., help="Why, for the audit."),
) -> None:
    """Have a report made of every week or month to come."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.write() as session:
        row = schedules.add(
            session,
            actor,
            version_id=versions.version_named(session, actor, version).id,
            site_id=identity.site(session, actor, site).id,
            finding_key=finding,
            cadence=cadence,
            reason=reason,
        )
    show(ctx, [_schedule_row(row)])


@app.command("schedules")
def list_schedules(ctx: typer.Context) -> None:
    """List the schedules that run."""
    with parts_of(ctx).database.read() as session:
        rows = schedules.schedules(session, actor_of(ctx), running_only=True)
        show(ctx, [_schedule_row(row) for row in rows])


@app.command("unschedule")
def unschedule(
    ctx: typer.Context,
    schedule_id: str,
    reason: str = typer.Option(..., help="Why, for the audit."),
) -> None:
    """End a schedule; the reports that it made stay."""
    with parts_of(ctx).database.write() as session:
        row = schedules.end(session, actor_of(ctx), schedule_id=schedule_id, reason=reason)
    show(ctx, [_schedule_row(row)])


def _row(row: Report) -> dict[str, object]:
    return {
        "id": row.id,
        "state": row.state.value,
        "phase": row.phase,
        "percent": row.percent,
        "finding": row.finding_key,
        "from": row.from_day,
        "to": row.to_day,
        "verdict": row.verdict,
    }


def _schedule_row(row: ReportSchedule) -> dict[str, object]:
    return {
        "id": row.id,
        "cadence": row.cadence,
        "finding": row.finding_key,
        "version": row.version_id,
        "site": row.site_id,
        "from": row.from_day,
        "ended": row.ended_at,
    }
