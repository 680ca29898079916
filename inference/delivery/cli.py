"""`vigil queue`: what could not be delivered, and what a person decides about it."""

from typing import Annotated

import typer

from inference.delivery import service
from inference.delivery.models import Cause, Delivery, DeliveryState
from vigil.kernel.console import actor_of, parts_of, say, show
from vigil.kernel.errors import Fault, Invalid

app = typer.Typer(help="Deliveries that wait or failed.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(help="id of the delivery")]
Reason = Annotated[str, typer.Option("--reason", help="why; kept in the audit")]


@app.command("list")
def list_deliveries(
    ctx: typer.Context,
    state: Annotated[DeliveryState, typer.Option(help="which ones")] = DeliveryState.DEAD,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 100,
) -> None:
    """List deliveries in one state, newest first."""
    with parts_of(ctx).database.read() as session:
        found = service.deliveries(session, actor_of(ctx), state=state, limit=limit)
        show(ctx, [_row(delivery) for delivery in found])


@app.command()
def status(ctx: typer.Context) -> None:
    """Count what has not arrived, by state and cause, with the oldest."""
    with parts_of(ctx).database.read() as session:
        rows = service.backlog(session, actor_of(ctx))
    show(
        ctx,
        [
            {"state": r.state, "cause": r.cause, "count": r.count, "oldest_at": r.oldest_at}
            for r in rows
        ],
    )


@app.command()
def retry(
    ctx: typer.Context,
    reason: Reason,
    delivery_id: Annotated[str | None, typer.Argument(help="id of one delivery")] = None,
    cause: Annotated[Cause | None, typer.Option(help="all that died of this")] = None,
    node: Annotated[str | None, typer.Option(help="all for this node id")] = None,
) -> None:
    """Put dead deliveries back: one, or all of one cause or destination."""
    if (delivery_id is None) == (cause is None and node is None):
        fault = Fault("delivery_id", "name one delivery, or a cause or node", "Not both, not none")
        raise Invalid.because([fault])
    parts, actor = parts_of(ctx), actor_of(ctx)
    with parts.database.write() as session:
        if delivery_id is not None:
            again = [
                service.retry(session, actor, parts.queue, delivery_id=delivery_id, reason=reason)
            ]
        else:
            again = service.retry_all(
                session, actor, parts.queue, reason=reason, cause=cause, node_id=node
            )
        show(ctx, [_row(delivery) for delivery in again])
    say(f"{len(again)} put back.")


@app.command()
def discard(ctx: typer.Context, delivery_id: Id, reason: Reason) -> None:
    """Give a delivery up."""
    with parts_of(ctx).database.write() as session:
        given_up = service.discard(session, actor_of(ctx), delivery_id=delivery_id, reason=reason)
        show(ctx, [_row(given_up)])


def _row(delivery: Delivery) -> dict[str, object]:
    return {
        "id": delivery.id,
        "run": delivery.run_id,
        "node": delivery.node_id,
        "state": delivery.state.value,
        "attempts": delivery.attempts,
        "failure": delivery.failure and delivery.failure.value,
        "cause": delivery.cause and delivery.cause.value,
        "error": delivery.last_error,
        "next_attempt_at": delivery.next_attempt_at,
    }
