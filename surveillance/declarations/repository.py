"""Queries for choices: those of a site are for who may read it, general ones for everybody."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select

from model_registry.versions.models import ModelVersion
from surveillance.declarations.models import StreamChoice
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor


def choice(session: ReadSession, actor: Actor, choice_id: str) -> StreamChoice | None:
    statement = select(StreamChoice).where(StreamChoice.id == choice_id, *_readable(actor))
    return session.exec(statement).first()


def choices(
    session: ReadSession, actor: Actor, version_id: str | None = None
) -> Sequence[StreamChoice]:
    """Return choices with those that hold no longer, the latest first."""
    statement = select(StreamChoice).where(*_readable(actor)).order_by(col(StreamChoice.id).desc())
    if version_id is not None:
        of = col(StreamChoice.version_id)
        statement = statement.where(sa.or_(of.is_(None), of == version_id))
    return session.exec(statement).all()


def in_force(session: ReadSession) -> Sequence[StreamChoice]:
    """Return every choice that holds now: what is watched is the same whoever asks."""
    statement = select(StreamChoice).where(col(StreamChoice.ended_at).is_(None))
    return session.exec(statement.order_by(StreamChoice.id)).all()


def in_force_at(session: ReadSession, at: datetime) -> Sequence[StreamChoice]:
    """Return every choice that held at an instant, whatever was chosen since."""
    ended = col(StreamChoice.ended_at)
    statement = select(StreamChoice).where(
        col(StreamChoice.made_at) <= at, sa.or_(ended.is_(None), ended > at)
    )
    return session.exec(statement.order_by(StreamChoice.id)).all()


def asked_for(session: ReadSession, version_ids: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    """Return what the package of each version names under `monitoring.streams`."""
    statement = sa.select(col(ModelVersion.id), col(ModelVersion.manifest)).where(
        col(ModelVersion.id).in_(version_ids)
    )
    return {row.id: _named(row.manifest) for row in session.execute(statement)}


def _named(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple((manifest.get("monitoring") or {}).get("streams") or ())


def _readable(actor: Actor) -> list[Any]:
    """Return the conditions that keep choices to what the actor may read."""
    if actor.sites is None:
        return []
    at = col(StreamChoice.site_id)
    return [sa.or_(at.is_(None), at.in_(sorted(actor.sites)))]
