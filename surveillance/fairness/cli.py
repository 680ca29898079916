"""`vigil surveillance fairness`: whether a version serves every group alike."""

from datetime import datetime

import typer

from model_registry.versions import service as versions
from surveillance.fairness import rows, service
from surveillance.fairness.kinds import Method, Verdict
from vigil.kernel.console import actor_of, parts_of, say, show
from vigil.kernel.identity import service as identity

app = typer.Typer(help="Compare the groups that a version serves.", no_args_is_help=True)
_DAYS = ["%Y-%m-%d"]
_COLUMNS = ("finding_key", "measure", "axis", "level", "n", "gap", "low", "high", "p_adjusted")


@app.command("fairness")
def fairness(
    ctx: typer.Context,
    version: str = typer.Option(..., help="Version, as NAME@LABEL or its id."),
    site: str | None = typer.Option(None, help="Code of a site; default: all that you may read."),
    finding: str | None = typer.Option(None, help="Key of a finding; default: all."),
    from_day: datetime | None = typer.Option(None, "--from", formats=_DAYS, help="First day."),
    to_day: datetime | None = typer.Option(None, "--to", formats=_DAYS, help="Last day."),
    method: Method = typer.Option(Method.COUNTS, help="From daily counts, or from the records."),
    verdict: list[Verdict] | None = typer.Option(None, help="Only these; default: all."),
) -> None:
    """Compare groups on sensitivity, false alarms, area, calibration, flags and failures."""
    parts, actor = parts_of(ctx), actor_of(ctx)
    with parts.database.read() as session:
        found = service.fairness(
            session,
            actor,
            parts.objects,
            version_id=versions.version_named(session, actor, version).id,
            site_id=identity.site(session, actor, site).id if site else None,
            finding_key=finding,
            from_day=from_day.date() if from_day else None,
            to_day=to_day.date() if to_day else None,
            method=method,
        )
    told = [rows.of(found.version, each) for each in found.found]
    kept = [row for row in told if not verdict or row.verdict in verdict]
    show(
        ctx,
        [
            {"verdict": row.verdict.value if row.verdict else "withheld"}
            | {name: getattr(row, name) for name in _COLUMNS}
            | {"sentence": row.sentence}
            for row in kept
        ],
    )
    say(f"{found.looks} gaps judged together, {len(found.of(Verdict.GAP))} found.")
