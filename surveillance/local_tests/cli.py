"""`vigil acceptance-test`: plan, label, run and read a site's own test of a version."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from model_registry.packages.document import read_yaml
from model_registry.safety.configuration import thresholds_of
from model_registry.versions import service as versions
from surveillance.local_tests import judging, repository, service
from surveillance.local_tests.models import LocalTest
from surveillance.local_tests.needs import Need
from vigil.kernel.console import CHECK_FAILED, actor_of, parts_of, say, show
from vigil.kernel.identity import service as identity

app = typer.Typer(help="Test a version on a site's own labelled studies.", no_args_is_help=True)
_WHY = typer.Option(..., help="Why, for the audit.")


@app.command("plan")
def plan(
    ctx: typer.Context,
    version: str = typer.Argument(help="Version id, or MODEL@VERSION."),
    rule: Path = typer.Argument(exists=True, dir_okay=False, help="The pass rule, as YAML."),
    *,
    site: str = typer.Option(..., help="ODS code of the site."),
    title: str = typer.Option(..., help="What this test is called."),
    threshold: list[str] = typer.Option([], help="The site's own: FINDING=VALUE, repeatable."),
    dry_run: bool = typer.Option(False, help="Only say how many cases the rule needs."),
    reason: str = _WHY,
) -> None:
    """Fix the pass rule. It says how many cases that needs; nothing of it can change later."""
    parts, actor = parts_of(ctx), actor_of(ctx)
    asked = service.read_rule(read_yaml(rule.read_bytes(), rule.name))
    own = thresholds_of(threshold)
    with parts.database.read() as session:
        at = versions.version_named(session, actor, version).id
        where = identity.site(session, actor, site).id
        needed = judging.needs_of(
            session,
            actor,
            parts.objects,
            version_id=at,
            site_id=where,
            rule=asked,
            thresholds=own,
        )
    if dry_run:
        show(ctx, _need_rows(needed))
        return
    for need in needed:
        say(f"{need.finding}, {need.metric}: {need.sentence}")
    with parts.database.write() as session:
        row = service.plan(
            session,
            actor,
            version_id=at,
            site_id=where,
            title=title,
            rule=asked,
            thresholds=own or None,
            reason=reason,
        )
    show(ctx, [_row(row)])


@app.command("labels")
def labels(
    ctx: typer.Context,
    test_id: str,
    table: Path = typer.Argument(exists=True, dir_okay=False, help="CSV: a UID and the findings."),
    reason: str = _WHY,
) -> None:
    """Give a test its labels. Exit code 3 where a cell could not be used; the others count."""
    actor, content = actor_of(ctx), table.read_bytes()
    with parts_of(ctx).database.write() as session:
        came = service.add_labels(session, actor, test_id=test_id, content=content, reason=reason)
    show(ctx, [came.as_json()])
    for fault in came.faults:
        say(f"  {fault}")
    for uid in came.unknown_uids:
        say(f"  not received at this site: {uid}")
    if came.refused or came.unknown:
        raise typer.Exit(CHECK_FAILED)


@app.command("run")
def run(ctx: typer.Context, test_id: str, reason: str = _WHY) -> None:
    """Close the labels and have a worker run every case."""
    parts, actor = parts_of(ctx), actor_of(ctx)
    with parts.database.write() as session:
        row = service.start(session, actor, parts.queue, test_id=test_id, reason=reason)
    show(ctx, [_row(row)])


@app.command("show")
def show_test(
    ctx: typer.Context,
    test_id: str,
    save: Path | None = typer.Option(None, help="Write the result document to this file."),
) -> None:
    """Show how far a test is, and its verdict; save the document that is signed."""
    parts, actor = parts_of(ctx), actor_of(ctx)
    with parts.database.read() as session:
        row = service.local_test(session, actor, test_id)
        progress = repository.progress(session, actor, [row.id])[row.id]
        if save is not None:
            save.write_bytes(service.document(session, actor, parts.objects, test_id))
    show(ctx, [_row(row) | progress._asdict() | {"note": row.note or row.reference_note}])


@app.command("list")
def list_tests(ctx: typer.Context) -> None:
    """List tests, the newest first."""
    with parts_of(ctx).database.read() as session:
        show(ctx, [_row(row) for row in service.local_tests(session, actor_of(ctx))])


@app.command("cases")
def cases(ctx: typer.Context, test_id: str) -> None:
    """List every case of a test with its label and its score."""
    with parts_of(ctx).database.read() as session:
        rows = service.cases(session, actor_of(ctx), test_id, after=None, limit=None)
        shown = ("id", "study_id", "instance_id", "finding_key", "label", "outcome", "score")
        show(
            ctx,
            [
                {name: getattr(row, name) for name in (*shown, "flagged", "reason")} | row.levels
                for row in rows
            ],
        )


def _row(row: LocalTest) -> dict[str, Any]:
    return {
        "id": row.id,
        "title": row.title,
        "state": row.state.value,
        "verdict": row.verdict.value if row.verdict else None,
        "site": row.site_id,
        "version": row.version_id,
        "rule": row.rule_digest[:12],
        "acceptance": row.acceptance_id,
        "planned_at": row.planned_at,
    }


def _need_rows(needed: Sequence[Need]) -> list[dict[str, Any]]:
    shown = ("finding", "metric", "bar", "expected", "source", "cases", "kind", "chance")
    return [{name: getattr(need, name) for name in shown} for need in needed]
