"""The public register: no sign-in, no cookie, no script needed; plain words and true numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from starlette.responses import Response

from model_registry.deployments import service as deployments
from model_registry.versions.models import ModelVersion
from transparency_cards.cards import repository, service
from transparency_cards.cards.models import Card
from vigil.kernel.identity.actor import system_actor
from vigil.kernel.identity.models import Site
from vigil.kernel.web.dependencies import Reading
from vigil.kernel.web.page import CursorDep, next_url
from vigil.kernel.web.pages import Page, render

router = APIRouter(include_in_schema=False)
PUBLIC = system_actor("register")


@dataclass(frozen=True, kw_only=True)
class RegisterPage(Page):
    template: ClassVar[str] = "cards/register.html"
    cards: Sequence[tuple[Card, str]]
    next_url: str | None


@dataclass(frozen=True, kw_only=True)
class CardPage(Page):
    template: ClassVar[str] = "cards/card.html"
    card: Card
    version: ModelVersion
    sites: Sequence[tuple[Site, str]]


@router.get("/register")
def register(request: Request, session: Reading, cursor: CursorDep) -> Response:
    found = service.published(session, before=cursor.after, limit=cursor.limit + 1)
    shown, following = cursor.cut(found, lambda card: card.id)
    titles = repository.titles(session, shown)
    page = RegisterPage(
        title="Register of AI in this network",
        cards=[(card, _called(card, titles[card.version_id])) for card in shown],
        next_url=next_url(request, following) if following else None,
    )
    return render(request, page)


@router.get("/register/{card_id}")
def card(request: Request, session: Reading, card_id: str) -> Response:
    found = service.card(session, card_id)
    version = session.get_one(ModelVersion, found.version_id)
    used = [
        (session.get_one(Site, one.site_id), one.mode.value)
        for one in deployments.of_version(session, PUBLIC, version.id)
    ]
    title = _called(found, repository.titles(session, [found])[found.version_id])
    page = CardPage(title=title, card=found, version=version, sites=used)
    return render(request, page)


def _called(card: Card, model: str) -> str:
    """Return what the supplier calls it, else the model's own name."""
    return str(card.content.get("title") or model)
