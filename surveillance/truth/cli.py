"""`vigil surveillance truth`: send labels and groups, and see what came of every line."""

from pathlib import Path

import typer

from surveillance.axes import TOLD_AXES
from surveillance.truth import service
from surveillance.truth.intake import Taken
from surveillance.truth.judging import FINDING, LABEL_DAY, PRESENT
from surveillance.truth.lines import UID, read_csv
from surveillance.truth.verdicts import REMEDIES
from vigil.kernel.console import CHECK_FAILED, actor_of, parts_of, say, show
from vigil.kernel.identity import service as identity

app = typer.Typer(help="Tell what turned out to be so, study by study.", no_args_is_help=True)
_TABLE = typer.Argument(exists=True, dir_okay=False, help="CSV with a header, one line a study.")
_SITE = typer.Option(..., "--site", help="ODS code of the site.")
_SOURCE = typer.Option(..., "--source", help="Where this comes from, such as a registry.")
_WHY = typer.Option(..., "--reason", help="Why, for the audit.")


@app.command("add")
def add(
    ctx: typer.Context,
    table: Path = _TABLE,
    site: str = _SITE,
    source: str = _SOURCE,
    reason: str = _WHY,
) -> None:
    """Send labels: study_instance_uid, finding, present (1, 0, withdrawn), label_day if known."""
    parts, actor = parts_of(ctx), actor_of(ctx)
    lines = read_csv(table.read_bytes(), (UID, FINDING, PRESENT), (LABEL_DAY,))
    with parts.database.write() as session:
        taken = service.add_labels(
            session,
            actor,
            parts.keys,
            site_id=identity.site(session, actor, site).id,
            source=source,
            lines=lines,
            reason=reason,
        )
    _tell(ctx, taken)


@app.command("groups")
def groups(
    ctx: typer.Context,
    table: Path = _TABLE,
    site: str = _SITE,
    source: str = _SOURCE,
    reason: str = _WHY,
) -> None:
    """Send groups: study_instance_uid and any of ethnicity, imd and setting."""
    parts, actor = parts_of(ctx), actor_of(ctx)
    lines = read_csv(table.read_bytes(), (UID,), TOLD_AXES)
    with parts.database.write() as session:
        taken = service.add_groups(
            session,
            actor,
            parts.keys,
            site_id=identity.site(session, actor, site).id,
            source=source,
            lines=lines,
            reason=reason,
        )
    _tell(ctx, taken)


@app.command("list")
def list_batches(ctx: typer.Context) -> None:
    """List what was sent, the latest first."""
    with parts_of(ctx).database.read() as session:
        rows = [
            {
                "id": batch.id,
                "kind": batch.kind,
                "site": batch.site_id,
                "source": batch.source,
                "rows": batch.rows,
                "verdicts": batch.verdicts,
                "at": batch.sent_at,
            }
            for batch in service.batches(session, actor_of(ctx))
        ]
    show(ctx, rows)


def _tell(ctx: typer.Context, taken: Taken) -> None:
    counts = [{"verdict": name, "lines": n} for name, n in taken.batch.verdicts.items()]
    show(ctx, counts)
    for line, one in taken.refused.items():
        say(f"line {line}: {one.value}. {REMEDIES[one]}.")
    again = ", sent before" if taken.again else ""
    say(f"{taken.batch.rows} lines, batch {taken.batch.id}{again}.")
    if taken.refused:
        raise typer.Exit(CHECK_FAILED)
