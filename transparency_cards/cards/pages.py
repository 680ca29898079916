"""The public register: no sign-in, no cookie, no script needed; plain words and true numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from starlette.responses import Response

from model_registry.deployments import service as deployments
from model_registry.versions.models import ModelVersion
from transparency_cards.cards import service
from transparency_cards.cards.models import Card
from vigil.kernel.identity.actor import system_actor
from vigil.kernel.identity.models import Site
from vigil.kernel.web.dependencies import Reading
from vigil.kernel.web.pages import Page, render

router = APIRouter(include_in_schema=False)
PUBLIC = system_actor("register")


@dataclass(frozen=True, kw_only=True)
class RegisterPage(Page):
    template: ClassVar[str] = "cards/register.html"
    cards: Sequence[Card]


@dataclass(frozen=True, kw_only=True)
class CardPage(Page):
    template: ClassVar[str] = "cards/card.html"
    card: Card
    version: ModelVersion
    sites: Sequence[tuple[Site, str]]


@router.get("/register")
def register(request: Request, session: Reading) -> Response:
    page = RegisterPage(title="Register of AI in this network", cards=service.published(session))
    return render(request, page)


@router.get("/register/{card_id}")
def card(request: Request, session: Reading, card_id: str) -> Response:
    found = service.card(session, card_id)
    version = session.get_one(ModelVersion, found.version_id)
    used = [
        (session.get_one(Site, one.site_id), one.mode.value)
        for one in deployments.of_version(session, PUBLIC, version.id)
    ]
    page = CardPage(
        title=str(found.content.get("title") or "Card"), card=found, version=version, sites=used
    )
    return render(request, page)
