"""`vigil run`: what ran, and the proof that it can be done again."""

import math

import typer

from inference.runs import repository, service
from inference.runs.analysis import Analyst
from inference.runs.models import Outcome
from inference.runs.replay import replay as replay_run
from inference.runtime.pool import Runtimes
from inference.runtime.settings import RuntimeSettings
from vigil.kernel.console import CHECK_FAILED, actor_of, parts_of, say, show
from vigil.kernel.identity.roles import Permission
from vigil.kernel.settings import load

app = typer.Typer(help="What ran on what, and what came out.", no_args_is_help=True)


@app.command("list")
def list_runs(
    ctx: typer.Context,
    study: str | None = typer.Option(None, help="Only of this study."),
    outcome: Outcome | None = typer.Option(None),
    limit: int = typer.Option(50, min=1, max=1000),
) -> None:
    """Show the newest runs first."""
    actor = actor_of(ctx)
    actor.require(Permission.STUDY_READ)
    with parts_of(ctx).database.read() as session:
        found = repository.runs(session, actor, study_id=study, outcome=outcome, limit=limit)
    show(
        ctx,
        [
            {
                "run": run.id,
                "study": run.study_id,
                "mode": run.mode.value,
                "outcome": run.outcome.value if run.outcome else run.state.value,
                "reason": run.reason,
                "planned_at": run.planned_at.isoformat(timespec="seconds"),
            }
            for run in found
        ],
    )


@app.command("show")
def show_run(ctx: typer.Context, run_id: str) -> None:
    """Show what a run found."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.read() as session:
        run = service.run(session, actor, run_id)
        found = repository.findings(session, run_id)
    say(f"{run.outcome or run.state}: {run.reason or 'with a result'}")
    show(
        ctx,
        [
            {
                "finding": one.key,
                "score": one.score,
                "threshold": one.threshold,
                "flagged": one.flagged,
                "instance": one.sop_instance_uid,
            }
            for one in found
        ],
    )


@app.command()
def replay(
    ctx: typer.Context,
    run_id: str,
    reason: str = typer.Option("checked by hand", help="Kept in the audit."),
) -> None:
    """Do a run again from its pins; exit code 3 where the outputs are not the same bits."""
    runtimes = Runtimes(load(RuntimeSettings))
    parts = parts_of(ctx)
    try:
        analyst = Analyst(parts.objects, runtimes)
        found = replay_run(parts, actor_of(ctx), analyst, run_id, reason)
    finally:
        runtimes.close()
    show(
        ctx,
        [
            {
                "run": found.run_id,
                "identical": found.identical,
                # JSON has no word for it.
                "largest_difference": "infinite"
                if math.isinf(found.largest_difference)
                else found.largest_difference,
                "same_runtime": found.same_runtime,
            }
        ],
    )
    if not found.identical:
        raise typer.Exit(CHECK_FAILED)
