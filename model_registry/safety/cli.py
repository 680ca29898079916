"""`vigil safety`: hand in a safety case, sign it, accept a version at a site."""

from pathlib import Path
from typing import Any

import typer

from model_registry.safety import repository, service
from model_registry.safety.configuration import thresholds_of
from model_registry.safety.models import Acceptance, AcceptanceKind, SafetyCase
from model_registry.versions import service as versions
from vigil.kernel.console import actor_of, parts_of, show
from vigil.kernel.identity import service as identity

app = typer.Typer(help="Sign safety cases and acceptances.", no_args_is_help=True)
_WHY = typer.Option(..., help="Why, for the audit.")


@app.command("submit")
def submit(
    ctx: typer.Context,
    version: str = typer.Argument(help="Version id, or MODEL@VERSION."),
    document: Path = typer.Argument(exists=True, dir_okay=False),
    title: str = typer.Option(..., help="Title of the document."),
    reason: str = _WHY,
) -> None:
    """Hand in the DCB0129 safety case of a version, to be signed."""
    parts, actor = parts_of(ctx), actor_of(ctx)
    with parts.database.write() as session:
        case = service.submit_case(
            session,
            actor,
            parts.objects,
            version_id=versions.version_named(session, actor, version).id,
            title=title,
            content=document.read_bytes(),
            reason=reason,
        )
    show(ctx, [_row(case)])


@app.command("sign")
def sign(ctx: typer.Context, case_id: str, reason: str = _WHY) -> None:
    """Sign a safety case, as a clinical safety officer."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.write() as session:
        case = service.sign_case(session, actor, case_id=case_id, reason=reason)
    show(ctx, [_row(case)])


@app.command("accept")
def accept(
    ctx: typer.Context,
    version: str = typer.Argument(help="Version id, or MODEL@VERSION."),
    document: Path = typer.Argument(exists=True, dir_okay=False),
    *,
    site: str = typer.Option(..., help="ODS code of the site."),
    kind: AcceptanceKind = typer.Option(..., help="Which of the two judgements."),
    failed: bool = typer.Option(False, "--failed", help="The judgement is that it failed."),
    threshold: list[str] = typer.Option([], help="The site's own: FINDING=VALUE, repeatable."),
    accepts_plan: bool = typer.Option(
        False, "--accepts-plan", help="The changes that the version's plan announces, too."
    ),
    reason: str = _WHY,
) -> None:
    """Hand in and sign a site's judgement, as the site's clinical safety officer."""
    parts, actor = parts_of(ctx), actor_of(ctx)
    with parts.database.write() as session:
        draft = service.draft_acceptance(
            session,
            actor,
            parts.objects,
            kind=kind,
            version_id=versions.version_named(session, actor, version).id,
            site_id=identity.site(session, actor, site).id,
            thresholds=thresholds_of(threshold),
            content=document.read_bytes(),
            passed=not failed,
            reason=reason,
            accepts_plan=accepts_plan,
        )
        signed = service.sign_acceptance(
            session, actor, parts.events, acceptance_id=draft.id, reason=reason
        )
    show(ctx, [_row(signed)])


@app.command("list")
def list_sign_offs(ctx: typer.Context) -> None:
    """List safety cases and acceptances that you may read."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.read() as session:
        rows = [_row(case) for case in repository.cases(session, actor)]
        rows += [_row(acceptance) for acceptance in repository.acceptances(session, actor)]
    show(ctx, rows)


def _row(sign_off: SafetyCase | Acceptance) -> dict[str, Any]:
    judged: dict[str, Any] = {"kind": "dcb0129", "site": None, "passed": None, "tested_by": None}
    if isinstance(sign_off, Acceptance):
        judged = {
            "kind": sign_off.kind.value,
            "site": sign_off.site_id,
            "passed": sign_off.passed,
            "tested_by": _tested_by(sign_off),
        }
    return {
        "id": sign_off.id,
        **judged,
        "version": sign_off.version_id,
        "status": sign_off.status.value,
        "signed_by": sign_off.signed_by,
        "signed_at": sign_off.signed_at,
        "stale_reason": sign_off.stale_reason,
    }


def _tested_by(acceptance: Acceptance) -> str | None:
    if acceptance.kind is not AcceptanceKind.LOCAL_TEST:
        return None
    return "Vigil" if acceptance.local_test_id else "hand"
