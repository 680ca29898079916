"""`vigil site readiness|evidence|due`, `vigil node echo`: is a site ready, and why not."""

from datetime import datetime
from pathlib import Path

import typer

from inference.readiness import checking, service
from inference.readiness.items import ItemKey
from inference.readiness.service import Document
from vigil.kernel.console import CHECK_FAILED, actor_of, parts_of, show
from vigil.kernel.identity import service as identity

site_app = typer.Typer(help="Places where studies are made and read.", no_args_is_help=True)
node_app = typer.Typer(help="Ask DICOM peers.", no_args_is_help=True)


@site_app.command("readiness")
def readiness(
    ctx: typer.Context,
    site: str | None = typer.Argument(None, help="ODS code of a site; default: every site."),
    model: str | None = typer.Option(None, help="Id of a model; default: every model."),
) -> None:
    """Show who is ready for what; with a site and a model, each item."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.read() as session:
        ids = [identity.site(session, actor, site).id] if site else None
        facts = service.facts(session, actor, site_ids=ids, model_id=model)
        cells = [cell for one in facts.sites for cell in facts.cells(one)]
    rows: list[dict[str, object]]
    if site and model:
        rows = [
            {"item": one.item.key.value, "state": one.state.value, "note": one.note,
             "expires_on": one.expires_on, "who": one.item.who}
            for cell in cells for one in cell.standings
        ]  # fmt: skip
    else:
        rows = [
            {"site": cell.site.ods_code, "model": cell.offer.name, "version": cell.version,
             "mode": cell.mode.value if cell.mode else None, "ready": cell.is_ready,
             "lacking": ",".join(item.key.value for item in cell.lacking)}
            for cell in cells
        ]  # fmt: skip
    show(ctx, rows)


@site_app.command("evidence")
def add_evidence(
    ctx: typer.Context,
    item: ItemKey = typer.Argument(help="Which item it is for."),
    *,
    site: str | None = typer.Option(None, help="ODS code of the site."),
    model: str | None = typer.Option(None, help="Id of the model."),
    reference: str = typer.Option(..., help="What the document is called, or its number."),
    owner: str = typer.Option(..., help="The role that answers for it."),
    valid_from: datetime = typer.Option(..., formats=["%Y-%m-%d"]),
    expires_on: datetime | None = typer.Option(None, formats=["%Y-%m-%d"]),
    document: Path | None = typer.Option(None, exists=True, dir_okay=False),
    reason: str = typer.Option(..., help="Kept in the audit."),
) -> None:
    """Record a document or a reference, in the place of what was there."""
    parts, actor = parts_of(ctx), actor_of(ctx)
    handed_in = Document(document.name, document.read_bytes()) if document else None
    with parts.database.write() as session:
        made = service.record(
            session,
            actor,
            parts.objects,
            item=item,
            site_id=identity.site(session, actor, site).id if site else None,
            model_id=model,
            reference=reference,
            owner=owner,
            valid_from=valid_from.date(),
            expires_on=expires_on.date() if expires_on else None,
            document=handed_in,
            reason=reason,
        )
        row = {"id": made.id, "item": made.item, "expires_on": made.expires_on}
    show(ctx, [row])


@site_app.command("due")
def list_due(ctx: typer.Context, days: int = typer.Option(30, min=0, max=3660)) -> None:
    """List what ends within so many days, or has ended."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.read() as session:
        rows = [
            {"item": one.item.key.value, "site": one.site.ods_code if one.site else None,
             "model": one.model.name if one.model else None,
             "expires_on": one.evidence.expires_on, "expired": one.is_expired}
            for one in service.due(session, actor, days)
        ]  # fmt: skip
    show(ctx, rows)


@node_app.callback()
def group() -> None:
    """Keep `echo` a command's name: typer would leave it out where it is the only one."""


@node_app.command()
def echo(ctx: typer.Context, node_id: str = typer.Argument(help="Id of the node.")) -> None:
    """Send a C-ECHO to a node and keep how it went; exit code 3 where it did not answer."""
    proof = checking.check_now(parts_of(ctx), actor_of(ctx), node_id)
    show(
        ctx,
        [{"node": proof.node_id, "ok": proof.ok, "said": proof.said, "seconds": proof.seconds}],
    )
    if not proof.ok:
        raise typer.Exit(CHECK_FAILED)
