"""`vigil surveillance simulate`, `expect` and `backfill`: try the engine before it watches."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import typer

from model_registry.versions import service as versions
from surveillance.simulation import backfilling, document, service, sheet, supposing, trial
from surveillance.simulation.question import Question, Tolerances
from surveillance.streams.kinds import StreamKind
from vigil.kernel.console import actor_of, parts_of, say, show
from vigil.kernel.identity import service as identity

app = typer.Typer(help="Try the engine before it watches.", no_args_is_help=True)
_DAY = ["%Y-%m-%d"]
_SHARED = "How many streams share the false alarms."
_AMONG = typer.Option(1, min=1, help=f"{_SHARED} Those of the table count at least.")


@app.command("simulate")
def simulate(
    ctx: typer.Context,
    table: Path = typer.Argument(exists=True, dir_okay=False, help="Parquet or CSV."),
    reference: Path | None = typer.Option(None, exists=True, dir_okay=False, help="Its own table."),
    reference_rows: int | None = typer.Option(None, help="So many first rows are the reference."),
    threshold: float | None = typer.Option(None, help="Scores from here on are flagged."),
    start: datetime | None = typer.Option(None, "--from", formats=_DAY, help="First day to watch."),
    axis: list[str] = typer.Option([], help="A further column to divide the cases by."),
    tolerance: float = typer.Option(0.1, help="Tolerated shift of scores, in sd."),
    flag_factor: float = typer.Option(1.05, help="Tolerated factor of the flag rate."),
    override_factor: float = typer.Option(1.25, help="Tolerated factor of the override rate."),
    miss_factor: float = typer.Option(1.25, help="Tolerated factor of missed positives."),
    false_alarm_factor: float = typer.Option(1.25, help="Tolerated factor of false alarms."),
    ppv_factor: float = typer.Option(1.25, help="Tolerated factor of the predictive value."),
    calibration: float = typer.Option(0.02, help="Tolerated gap of truth and claims."),
    among: int = _AMONG,
    grid: bool = typer.Option(True, help="False alarms and delays over a grid of tolerances."),
    replicates: int = typer.Option(200, min=20, max=2000, help="Years to play."),
    seed: int = typer.Option(0, min=0, help="The same seed gives the same numbers."),
    out: Path | None = typer.Option(None, help="Where to write the whole result, as JSON."),
    html: Path | None = typer.Option(None, help="Where to write it as one page."),
) -> None:
    """Run the engine over a table: what it would have said, and when. Needs no server."""
    question = Question(
        threshold=threshold,
        reference_rows=reference_rows,
        from_day=start.date() if start else None,
        axes=tuple(axis),
        tolerances=Tolerances(
            shift=tolerance,
            flag_factor=flag_factor,
            override_factor=override_factor,
            miss_factor=miss_factor,
            false_alarm_factor=false_alarm_factor,
            ppv_factor=ppv_factor,
            calibration=calibration,
        ),
        among=among,
        grid=grid,
        replicates=replicates,
        seed=seed,
    )
    found = document.of(trial.run(table, question, today=_today(), reference=reference, told=say))
    _write(found, table.name, out, html)
    show(ctx, [_row(one) for one in found["streams"]])
    for line in _unjudged(found):
        say(line)
    for reason, rows in found["accounts"]["of"].items():
        say(f"{rows:>12,} rows: {reason}")
    for note in found["accounts"]["notes"]:
        say(note)
    for outlook in found["outlooks"]:
        say(f"\n{outlook['finding']}, {outlook['site']}, {outlook['version']}: what to expect")
        say(f"Played on {outlook['played_on']}.")
        _tell(outlook["expected"])


@app.command("expect")
def expect(
    ctx: typer.Context,
    volume: list[float] = typer.Option([80.0], min=1, help="Cases a day; may be repeated."),
    prevalence: float | None = typer.Option(None, min=0.001, max=0.9, help="Share of positives."),
    label_lag: float = typer.Option(0.0, min=0, help="Days that labels take."),
    day_effect: float | None = typer.Option(
        None, min=0, max=1, help="How much days differ, in sd; default: not at all, and by 0.1."
    ),
    weekend: float = typer.Option(1.0, min=0, max=1, help="A weekend day's share of a weekday's."),
    reference_rows: int = typer.Option(5000, min=200, help="Cases of the reference."),
    among: int = typer.Option(3, min=1, help=_SHARED),
    replicates: int = typer.Option(200, min=20, max=2000, help="Years to play."),
    seed: int = typer.Option(0, min=0, help="The same seed gives the same numbers."),
) -> None:
    """Say what to expect of the engine at a volume: how soon it finds what, how often it errs."""
    effects = (0.0, 0.1) if day_effect is None else (day_effect,)
    rows = []
    for cases in volume:
        for effect in effects:
            found = supposing.suppose(
                supposing.Site(cases, prevalence, effect, weekend, reference_rows),
                among=among,
                replicates=replicates,
                seed=seed,
            )
            rows += [
                {"cases_a_day": cases, "day_effect_sd": effect, **row}
                for row in document.flat(found, label_lag)
            ]
    show(ctx, rows)


@app.command("backfill")
def backfill(
    ctx: typer.Context,
    version: str = typer.Argument(help="Version, as NAME@LABEL or its id."),
    site: str = typer.Option(..., help="Code of the site."),
    start: datetime | None = typer.Option(None, "--from", formats=_DAY, help="A year ago."),
    end: datetime | None = typer.Option(None, "--to", formats=_DAY, help="Yesterday."),
    among: int | None = typer.Option(None, min=1, help="How many streams share the false alarms."),
    out: Path | None = typer.Option(None, help="Where to write the whole result, as JSON."),
    html: Path | None = typer.Option(None, help="Where to write it as one page."),
) -> None:
    """Say what the engine would have said of a history, day by day. Raises nothing."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.read() as session:
        last = end.date() if end else date.fromordinal(session.now().date().toordinal() - 1)
        first = start.date() if start else date.fromordinal(last.toordinal() - 364)
        service.check_days(first, last)
        at = identity.site(session, actor, site)
        of = versions.version_named(session, actor, version)
        shared = among or max(1, backfilling.live(session, session.now().date()))
        seen = []
        for day in backfilling.every_day(first, last):
            seen += backfilling.look(
                session, actor, version_id=of.id, site_id=at.id, day=day, among=shared
            )
    found = backfilling.gathered(
        seen, version_id=of.id, site_id=at.id, days=(first, last), among=shared
    )
    _write(found, f"{version} at {site}", out, html)
    show(ctx, [_row(one) for one in found["streams"]])
    for line in _unjudged(found):
        say(line)
    say(f"{len(found['streams'])} streams, {first} to {last}; nothing was raised.")


def _row(stream: dict[str, Any]) -> dict[str, Any]:
    return {
        "finding": stream["subject"],
        "stream": stream["kind"],
        "group": "all" if stream["axis"] == "all" else f"{stream['axis']} {stream['level']}",
        "verdict": stream["verdict"],
        "first_watch": stream["first_watch"],
        "first_escalation": stream["first_escalation"],
        "cases": stream["n"],
        "sentence": stream["first_escalation_sentence"] or stream["sentence"],
    }


def _unjudged(found: dict[str, Any]) -> list[str]:
    """Say of every group and stream without a verdict why it has none."""
    groups = [
        f"{sheet.about({**one, 'subject': one['finding']})}: not judged, {one['fault']}"
        for one in found.get("groups") or ()
        if one["fault"]
    ]
    streams = [
        f"{one['subject']}, {one['kind']}: {one['fault'] or one['shortage']}"
        for one in found["streams"]
        if one["fault"] or one["shortage"]
    ]
    return [*groups, *streams]


def _tell(expected: list[dict[str, Any]]) -> None:
    for one in expected:
        size = sheet.tolerance(one["kind"], one["tolerance"])
        say(f"- {StreamKind(one['kind']).value}, {size}: {one['false_alarms_sentence']}")
        for delay in one["delays"]:
            say(f"    {delay['sentence']}")


def _write(found: dict[str, Any], title: str, out: Path | None, html: Path | None) -> None:
    if out is not None:
        out.write_text(json.dumps(found, indent=1))
    if html is not None:
        html.write_text(sheet.render(found, title))


def _today() -> date:
    return datetime.now(UTC).date()
