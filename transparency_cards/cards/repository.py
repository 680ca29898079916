"""Queries for cards. What is published is public, so these start from no actor."""

from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlmodel import col, select

from model_registry.versions.models import Model, ModelVersion
from transparency_cards.cards.models import Card, CardStatus
from vigil.kernel.db import ReadSession


def in_force(session: ReadSession, version_id: str) -> Card | None:
    return session.exec(
        select(Card).where(Card.version_id == version_id, Card.status == CardStatus.PUBLISHED)
    ).first()


def published_for(session: ReadSession, version_ids: Collection[str]) -> frozenset[tuple[str, str]]:
    """Return the version and the digest of each card in force among these versions' cards."""
    statement = select(Card.version_id, Card.version_digest).where(
        col(Card.version_id).in_(version_ids), Card.status == CardStatus.PUBLISHED
    )
    return frozenset(session.exec(statement).all())


def newest(session: ReadSession, version_id: str) -> Card | None:
    """Return the card that was published last, also where it was withdrawn since."""
    statement = select(Card).where(Card.version_id == version_id)
    return session.exec(statement.order_by(col(Card.id).desc()).limit(1)).first()


def published(
    session: ReadSession, *, before: str | None = None, limit: int | None = None
) -> Sequence[Card]:
    """Return the cards in force, the newest first, from the one after `before`."""
    statement = select(Card).where(Card.status == CardStatus.PUBLISHED)
    if before is not None:
        statement = statement.where(Card.id < before)
    return session.exec(statement.order_by(col(Card.id).desc()).limit(limit)).all()


def titles(session: ReadSession, cards: Collection[Card]) -> dict[str, str]:
    """Return what the models are called that cards speak of, by the version's id."""
    statement = (
        sa.select(col(ModelVersion.id), col(Model.title))
        .join(Model, col(Model.id) == col(ModelVersion.model_id))
        .where(col(ModelVersion.id).in_([card.version_id for card in cards]))
    )
    return dict(session.execute(statement).all())


def card(session: ReadSession, card_id: str) -> Card | None:
    return session.get(Card, card_id)
