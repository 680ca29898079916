"""`vigil card`: what the public is told."""

import typer

from model_registry.versions import service as versions
from transparency_cards.cards import service
from vigil.kernel.console import actor_of, parts_of, say, show

app = typer.Typer(help="The transparency card of a version.", no_args_is_help=True)


@app.command("list")
def list_cards(ctx: typer.Context) -> None:
    """Show the cards in force."""
    with parts_of(ctx).database.read() as session:
        found = service.published(session)
    show(
        ctx,
        [
            {
                "card": card.id,
                "title": card.content.get("title"),
                "version": card.version_id,
                "published_at": card.published_at.isoformat(timespec="seconds"),
            }
            for card in found
        ],
    )


@app.command()
def publish(
    ctx: typer.Context,
    version: str = typer.Argument(help="Its id, or MODEL@VERSION."),
    reason: str = typer.Option(...),
) -> None:
    """Publish the card in a version's package."""
    parts, actor = parts_of(ctx), actor_of(ctx)
    with parts.database.write() as session:
        found = versions.version_named(session, actor, version)
        card = service.publish(session, actor, parts.objects, version_id=found.id, reason=reason)
    say("Published in the register.")
    show(ctx, [{"card": card.id, "digest": card.version_digest}])


@app.command()
def withdraw(ctx: typer.Context, card: str, reason: str = typer.Option(...)) -> None:
    """Take a card out of force; no new deployment goes live without one."""
    with parts_of(ctx).database.write() as session:
        service.withdraw(session, actor_of(ctx), card_id=card, reason=reason)
    say("Withdrawn.")
