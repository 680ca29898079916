"""Queries for cards. What is published is public, so these start from no actor."""

from collections.abc import Sequence

from sqlmodel import col, select

from transparency_cards.cards.models import Card, CardStatus
from vigil.kernel.db import ReadSession


def in_force(session: ReadSession, version_id: str) -> Card | None:
    return session.exec(
        select(Card).where(Card.version_id == version_id, Card.status == CardStatus.PUBLISHED)
    ).first()


def published(session: ReadSession) -> Sequence[Card]:
    statement = select(Card).where(Card.status == CardStatus.PUBLISHED)
    return session.exec(statement.order_by(col(Card.published_at).desc())).all()


def card(session: ReadSession, card_id: str) -> Card | None:
    return session.get(Card, card_id)
