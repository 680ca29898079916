"""Queries for organisations, sites and accounts, each within what the actor may read."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlmodel import col, select

from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import ApiToken, Organisation, RoleGrant, Site, User, WebSession

Statement = TypeVar("Statement", bound=sa.Select[*tuple[Any, ...]])


def within_sites(statement: Statement, actor: Actor, site_column: Any) -> Statement:
    """Narrow a query to the sites that the actor may read: where every site-bound query starts."""
    if actor.sites is None:
        return statement
    return statement.where(col(site_column).in_(sorted(actor.sites)))


def sites(session: ReadSession, actor: Actor) -> Sequence[Site]:
    return session.exec(within_sites(select(Site).order_by(Site.ods_code), actor, Site.id)).all()


def site_by_code(session: ReadSession, actor: Actor, ods_code: str) -> Site | None:
    statement = select(Site).where(Site.ods_code == ods_code)
    return session.exec(within_sites(statement, actor, Site.id)).first()


def site_ids_of(session: ReadSession, organisation_id: str) -> frozenset[str]:
    statement = select(Site.id).where(Site.organisation_id == organisation_id)
    return frozenset(session.exec(statement).all())


def organisation(session: ReadSession, organisation_id: str) -> Organisation | None:
    return session.get(Organisation, organisation_id)


def organisation_by_code(session: ReadSession, ods_code: str) -> Organisation | None:
    return session.exec(select(Organisation).where(Organisation.ods_code == ods_code)).first()


def organisations(session: ReadSession) -> Sequence[Organisation]:
    return session.exec(select(Organisation).order_by(Organisation.ods_code)).all()


def user(session: ReadSession, user_id: str) -> User | None:
    return session.get(User, user_id)


def user_by_email(session: ReadSession, email: str) -> User | None:
    return session.exec(select(User).where(User.email == email.strip().lower())).first()


def users(session: ReadSession) -> Sequence[User]:
    return session.exec(select(User).order_by(User.email)).all()


def members_among(
    session: ReadSession, organisation_id: str, user_ids: Iterable[str]
) -> frozenset[str]:
    """Return which of these people belong to an organisation."""
    statement = select(User.id).where(
        User.organisation_id == organisation_id, col(User.id).in_(sorted(set(user_ids)))
    )
    return frozenset(session.exec(statement).all())


def active_users(session: ReadSession, user_ids: Iterable[str]) -> Sequence[User]:
    """Return those of these people whose accounts are open."""
    statement = select(User).where(
        col(User.id).in_(sorted(set(user_ids))), col(User.active).is_(True)
    )
    return session.exec(statement).all()


def grants_of(session: ReadSession, user_id: str) -> Sequence[RoleGrant]:
    return session.exec(select(RoleGrant).where(RoleGrant.user_id == user_id)).all()


def web_session(session: ReadSession, digest: str) -> WebSession | None:
    return session.get(WebSession, digest)


def api_token_by_digest(session: ReadSession, digest: str) -> ApiToken | None:
    return session.exec(select(ApiToken).where(ApiToken.digest == digest)).first()


def api_token(session: ReadSession, token_id: str) -> ApiToken | None:
    return session.get(ApiToken, token_id)


def tokens_of(session: ReadSession, user_id: str) -> Sequence[ApiToken]:
    statement = select(ApiToken).where(ApiToken.user_id == user_id)
    return session.exec(statement.order_by(col(ApiToken.created_at).desc())).all()
