"""`vigil key`: the keys that suppliers sign packages with."""

from pathlib import Path
from typing import Annotated, Any

import typer

from model_registry.keys import service
from model_registry.keys.models import SupplierKey
from vigil.kernel.console import actor_of, parts_of, say, show

app = typer.Typer(help="Propose, trust and revoke suppliers' signing keys.", no_args_is_help=True)

RowId = Annotated[str, typer.Argument(help="id of the key, such as key_…")]
Reason = Annotated[str, typer.Option(help="why, for the audit")]
PublicKey = Annotated[
    Path, typer.Argument(help="file with the public key, PEM or hexadecimal", exists=True)
]


@app.command("list")
def list_keys(ctx: typer.Context) -> None:
    """List the keys that you may see, the newest first."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.read() as session:
        show(ctx, [_row(key) for key in service.keys(session, actor)])


@app.command()
def propose(
    ctx: typer.Context,
    public_key: PublicKey,
    label: Annotated[str, typer.Option(help="your name for the key")],
    reason: Reason,
    supplier: Annotated[str | None, typer.Option(help="code of the supplier; yours")] = None,
) -> None:
    """Propose the public half of a key made with `vigil package keygen`."""
    actor = actor_of(ctx)
    text = public_key.read_bytes()[:2000].decode("ascii", "replace")
    with parts_of(ctx).database.write() as session:
        key = service.propose(
            session, actor, public_key=text, label=label, reason=reason, supplier=supplier
        )
    show(ctx, [_row(key)])
    say("Now somebody of the network has to trust it: tell them the public key another way.")


@app.command()
def trust(ctx: typer.Context, key: RowId, reason: Reason) -> None:
    """Trust a key after you compared it with the supplier another way."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.write() as session:
        show(ctx, [_row(service.trust(session, actor, row_id=key, reason=reason))])


@app.command()
def revoke(ctx: typer.Context, key: RowId, reason: Reason) -> None:
    """Revoke a key, for good; what it signed before says so."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.write() as session:
        show(ctx, [_row(service.revoke(session, actor, row_id=key, reason=reason))])


def _row(key: SupplierKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "key_id": key.key_id,
        "label": key.label,
        "status": key.status.value,
        "public_key": key.public_key,
        "proposed_at": key.proposed_at.isoformat(timespec="seconds"),
    }
