"""`vigil webhook`: tell other programs what happens in the registry."""

import typer

from model_registry.webhooks import service
from model_registry.webhooks.models import Webhook, WebhookDelivery
from model_registry.webhooks.settings import hosts_of
from vigil.kernel.console import actor_of, parts_of, say, show

app = typer.Typer(help="Tell other programs what happens here.", no_args_is_help=True)
_REASON = typer.Option(..., help="Kept in the audit.")


@app.command("add")
def add(
    ctx: typer.Context,
    url: str = typer.Argument(help="Where to send to."),
    *,
    topic: list[str] = typer.Option(..., help="Such as version.approved or deployment.*"),
    organisation: str | None = typer.Option(None, help="Whose it is; default: your own."),
    description: str = typer.Option("", help="What it is for."),
    reason: str = _REASON,
) -> None:
    """Add a webhook and print its secret, this once."""
    parts, actor = parts_of(ctx), actor_of(ctx)
    with parts.database.write() as session:
        webhook, secret = service.add(
            session,
            actor,
            parts.keys,
            hosts_of(parts.settings),
            url=url,
            topics=topic,
            description=description,
            reason=reason,
            organisation=organisation,
        )
        row = {"id": webhook.id, "url": webhook.url, "secret": secret}
    show(ctx, [row])


@app.command("list")
def list_webhooks(ctx: typer.Context) -> None:
    """List the webhooks of your organisation."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.read() as session:
        rows = [_row(one) for one in service.webhooks(session, actor)]
    show(ctx, rows)


@app.command("remove")
def remove(ctx: typer.Context, webhook_id: str, reason: str = _REASON) -> None:
    """End a webhook: nothing more is sent."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.write() as session:
        service.end(session, actor, webhook_id=webhook_id, reason=reason)
    say(f"Ended {webhook_id}.")


@app.command("rotate")
def rotate(ctx: typer.Context, webhook_id: str, reason: str = _REASON) -> None:
    """Print a new secret, this once; the one before it signs too for a day."""
    parts, actor = parts_of(ctx), actor_of(ctx)
    with parts.database.write() as session:
        webhook, secret = service.rotate(
            session, actor, parts.keys, webhook_id=webhook_id, reason=reason
        )
        row = {"id": webhook.id, "secret": secret, "both_until": webhook.previous_until}
    show(ctx, [row])


@app.command("test")
def test(ctx: typer.Context, webhook_id: str) -> None:
    """Have a worker send a message that tells of nothing."""
    parts, actor = parts_of(ctx), actor_of(ctx)
    with parts.database.write() as session:
        message = service.ping(session, actor, parts.queue, webhook_id=webhook_id)
        row = _message(message)
    show(ctx, [row])


@app.command("deliveries")
def deliveries(
    ctx: typer.Context, webhook_id: str, limit: int = typer.Option(50, min=1, max=1000)
) -> None:
    """List the messages of a webhook, newest first."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.read() as session:
        found = service.deliveries(session, actor, webhook_id=webhook_id, limit=limit)
        rows = [_message(one) for one in found]
    show(ctx, rows)


@app.command("redeliver")
def redeliver(ctx: typer.Context, delivery_id: str, reason: str = _REASON) -> None:
    """Send a message once more, with a day of attempts."""
    parts, actor = parts_of(ctx), actor_of(ctx)
    with parts.database.write() as session:
        service.redeliver(session, actor, parts.queue, delivery_id=delivery_id, reason=reason)
    say(f"Put back {delivery_id}.")


@app.command("redeliver-dead")
def redeliver_dead(ctx: typer.Context, webhook_id: str, reason: str = _REASON) -> None:
    """Send all that was given up of a webhook once more, oldest first."""
    parts, actor = parts_of(ctx), actor_of(ctx)
    with parts.database.write() as session:
        count = service.redeliver_dead(
            session, actor, parts.queue, webhook_id=webhook_id, reason=reason
        )
    say(f"Put back {count} messages.")


def _row(webhook: Webhook) -> dict[str, object]:
    return {
        "id": webhook.id,
        "url": webhook.url,
        "topics": ",".join(webhook.topics),
        "active": webhook.active,
        "description": webhook.description,
    }


def _message(message: WebhookDelivery) -> dict[str, object]:
    return {
        "id": message.id,
        "topic": message.topic,
        "state": message.state.value,
        "attempts": message.attempts,
        "last_status": message.last_status,
        "last_error": message.last_error,
        "next_attempt_at": message.next_attempt_at,
    }
