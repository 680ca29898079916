"""The public register: no sign-in, no cookie, no script needed; plain words and true numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from starlette.responses import Response

from model_registry.deployments import service as deployments
from model_registry.versions.models import Model, ModelVersion
from transparency_cards.cards import service
from transparency_cards.cards.models import Card
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import system_actor
from vigil.kernel.identity.models import Site
from vigil.kernel.web.dependencies import Reading
from vigil.kernel.web.pages import Page, render

router = APIRouter(include_in_schema=False)
PUBLIC = system_actor("register")


@dataclass(frozen=True, kw_only=True)
class RegisterPage(Page):
    template: ClassVar[str] = "cards/register.html"
    cards: Sequence[tuple[Card, str]]


@dataclass(frozen=True, kw_only=True)
class CardPage(Page):
    template: ClassVar[str] = "cards/card.html"
    card: Card
    version: ModelVersion
    sites: Sequence[tuple[Site, str]]


@router.get("/register")
def register(request: Request, session: Reading) -> Response:
    listed = [(card, _title(session, card)) for card in service.published(session)]
    page = RegisterPage(title="Register of AI in this network", cards=listed)
    return render(request, page)


@router.get("/register/{card_id}")
def card(request: Request, session: Reading, card_id: str) -> Response:
    found = service.card(session, card_id)
    version = session.get_one(ModelVersion, found.version_id)
    used = [
        (session.get_one(Site, one.site_id), one.mode.value)
        for one in deployments.of_version(session, PUBLIC, version.id)
    ]
    page = CardPage(title=_title(session, found), card=found, version=version, sites=used)
    return render(request, page)


def _title(session: ReadSession, card: Card) -> str:
    """Return what the supplier calls it, else the model's own name."""
    version = session.get_one(ModelVersion, card.version_id)
    return str(card.content.get("title") or session.get_one(Model, version.model_id).title)
