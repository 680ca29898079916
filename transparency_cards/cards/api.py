"""Cards over HTTP: published by staff, read by anybody."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from transparency_cards.cards import service
from transparency_cards.cards.models import Card
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.body import Body
from vigil.kernel.web.dependencies import PartsDep, Reading, Writing, allowed
from vigil.kernel.web.page import CursorDep, link_next
from vigil.kernel.web.route import ApiRoute

router = APIRouter(prefix="/api/v1/cards", tags=["cards"], route_class=ApiRoute)
Publisher = Annotated[Actor, Depends(allowed(Permission.CARD_PUBLISH))]


class Publication(Body):
    version_id: str
    reason: str


class Withdrawal(Body):
    reason: str


@router.get("")
def list_cards(
    request: Request, response: Response, session: Reading, cursor: CursorDep
) -> Sequence[Card]:
    """List the cards in force; the Link header leads on. Public: they are the register."""
    found = service.published(session, before=cursor.after, limit=cursor.limit + 1)
    items, next_cursor = cursor.cut(found, lambda card: card.id)
    link_next(request, response, next_cursor)
    return items


@router.get("/{card_id}")
def show_card(session: Reading, card_id: str) -> Card:
    """Show a card in force. Public."""
    return service.card(session, card_id)


@router.post("", status_code=201)
def publish(
    session: Writing, parts: PartsDep, actor: Publisher, body: Publication, response: Response
) -> Card:
    """Publish the card that the supplier put into a version's package."""
    card = service.publish(
        session, actor, parts.objects, version_id=body.version_id, reason=body.reason
    )
    response.headers["Location"] = f"{router.prefix}/{card.id}"
    return card


@router.post("/{card_id}/withdraw", status_code=204)
def withdraw(session: Writing, actor: Publisher, card_id: str, body: Withdrawal) -> None:
    """Take a card out of force."""
    service.withdraw(session, actor, card_id=card_id, reason=body.reason)
