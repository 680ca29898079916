"""`vigil surveillance`: judge the streams, read them, and set what they are held against."""

from datetime import date, datetime
from pathlib import Path

import typer

from model_registry.versions import service as versions
from surveillance.records import baseline, package
from surveillance.references.cases import read_csv
from surveillance.references.service import Baseline
from surveillance.streams.evaluation import evaluate
from surveillance.streams.overview import overview
from surveillance.streams.sentences import sentence
from surveillance.tolerances import cli as tolerances_cli
from surveillance.truth import cli as truth_cli
from vigil.kernel.console import actor_of, parts_of, say, show
from vigil.kernel.identity import service as identity

app = typer.Typer(help="Watch scores, flags and overrides.", no_args_is_help=True)
app.add_typer(truth_cli.app, name="truth")
app.add_typer(tolerances_cli.app, name="tolerance")
_DAY = typer.Option(None, "--day", formats=["%Y-%m-%d"], help="The last day that counts; today.")
_SITE = typer.Option(None, "--site", help="Code of a site; default: wherever it has no own.")


@app.command("run")
def run(ctx: typer.Context, day: datetime | None = _DAY) -> None:
    """Judge every stream and raise the alerts that are due."""
    parts = parts_of(ctx)
    with parts.database.write() as session:
        when = _day(day, session.now())
        judged, raised = evaluate(session, actor_of(ctx), parts.events, day=when)
    rows = [
        {
            "stream": each.assessment.kind.value,
            "site": each.assessment.site_id,
            "version": each.assessment.version_id,
            "verdict": each.verdict.value,
            "sentence": sentence(each.assessment),
        }
        for each in judged
    ]
    show(ctx, rows)
    say(f"{len(judged)} streams, {len(raised)} new alerts.")


@app.command("streams")
def streams(ctx: typer.Context, day: datetime | None = _DAY) -> None:
    """List the streams, the loudest first, without raising anything."""
    with parts_of(ctx).database.read() as session:
        views = overview(session, actor_of(ctx), day=_day(day, session.now()))
    rows = [
        {
            "stream": view.assessment.kind.value,
            "site": view.assessment.site_id,
            "version": view.assessment.version_id,
            "verdict": view.verdict.value,
            "sentence": view.sentence,
        }
        for view in views
    ]
    show(ctx, rows)


@app.command("reference")
def reference(
    ctx: typer.Context,
    scores: Path = typer.Argument(help="CSV of the validation set, with a header."),
    version: str = typer.Option(..., help="Version, as NAME@LABEL or its id."),
    finding: str = typer.Option(..., help="Key of the finding."),
    threshold: float = typer.Option(..., help="Scores from here on are flagged."),
    reason: str = typer.Option(..., help="Why this is the reference."),
    column: str = typer.Option("score", help="The column of the score."),
    site: str | None = _SITE,
    decided: int = typer.Option(0, help="Decided cases behind the override baseline."),
    overridden: int = typer.Option(0, help="How many of them were overridden."),
    effective: datetime | None = typer.Option(None, "--from", formats=["%Y-%m-%d"]),
) -> None:
    """Set a reference from a table of scores. One in force is superseded, never changed."""
    parts, actor = parts_of(ctx), actor_of(ctx)
    cases = read_csv(scores.read_text(), threshold, column)
    with parts.database.write() as session:
        row = baseline.set_from_cases(
            session,
            actor,
            parts.objects,
            version_id=versions.version_named(session, actor, version).id,
            site_id=identity.site(session, actor, site).id if site else None,
            finding_key=finding,
            cases=cases,
            baseline=Baseline(decided, overridden),
            effective_from=effective.date() if effective else None,
            reason=reason,
        )
    show(ctx, [{"id": row.id, "n": row.n, "flag_rate": row.flag_rate, "from": row.effective_from}])


@app.command("reference-package")
def reference_package(
    ctx: typer.Context,
    version: str = typer.Argument(help="Version, as NAME@LABEL or its id."),
    reason: str = typer.Option(..., help="Why this is the reference."),
) -> None:
    """Set the supplier's references from the validation set in the version's package."""
    parts, actor = parts_of(ctx), actor_of(ctx)
    with parts.database.read() as session:
        version_id = versions.version_named(session, actor, version).id
        sets = package.read(session, actor, parts.objects, version_id)
    with parts.database.write() as session:
        found = package.set_references(
            session, actor, parts.objects, version_id=version_id, sets=sets, reason=reason
        )
        rows = [{"id": row.id, "finding": row.finding_key, "n": row.n} for row in found.references]
    show(ctx, rows)
    for key, why in found.left_out.items():
        say(f"{key}: {why}")


def _day(asked: datetime | None, now: datetime) -> date:
    return (asked or now).date()
