"""Organisations, their sites, and the people and programs that act for them."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field

from vigil.kernel.db import Json, Table, Utc, enum_type
from vigil.kernel.identity.roles import Role


class OrganisationKind(StrEnum):
    SUPPLIER = "supplier"
    PROVIDER = "provider"
    NETWORK = "network"


class Organisation(Table, table=True):
    """A legal body, named by its ODS code (NHS Organisation Data Service) or a local one."""

    __tablename__ = "organisation"
    id: str = Field(primary_key=True)
    ods_code: str = Field(unique=True)
    name: str
    kind: OrganisationKind = Field(sa_type=enum_type(OrganisationKind, "organisation_kind"))
    created_at: datetime = Field(sa_type=Utc)


class Site(Table, table=True):
    """A place where studies are made and read, within a provider organisation."""

    __tablename__ = "site"
    id: str = Field(primary_key=True)
    organisation_id: str = Field(foreign_key="organisation.id", index=True)
    ods_code: str = Field(unique=True)
    name: str
    created_at: datetime = Field(sa_type=Utc)


class User(Table, table=True):
    """A person. A clinical safety officer carries a professional registration (DCB0129 2.3)."""

    __tablename__ = "user_account"
    id: str = Field(primary_key=True)
    organisation_id: str = Field(foreign_key="organisation.id", index=True)
    email: str = Field(unique=True)
    name: str
    password_hash: str
    professional_body: str | None = None
    registration_number: str | None = None
    active: bool = True
    created_at: datetime = Field(sa_type=Utc)


class RoleGrant(Table, table=True):
    __tablename__ = "role_grant"
    __table_args__ = (sa.UniqueConstraint("user_id", "role", "site_id"),)
    id: str = Field(primary_key=True)
    user_id: str = Field(foreign_key="user_account.id", index=True)
    role: Role = Field(sa_type=enum_type(Role, "role_grant_role"))
    site_id: str | None = Field(default=None, foreign_key="site.id")
    granted_at: datetime = Field(sa_type=Utc)


class WebSession(Table, table=True):
    """A signed-in browser. The cookie holds a random token; this row holds only its digest."""

    __tablename__ = "web_session"
    id: str = Field(primary_key=True)
    user_id: str = Field(foreign_key="user_account.id", index=True)
    csrf_token: str
    created_at: datetime = Field(sa_type=Utc)
    expires_at: datetime = Field(sa_type=Utc)


class ApiToken(Table, table=True):
    """A program's key: 32 random bytes, of which only the SHA-256 is kept."""

    __tablename__ = "api_token"
    id: str = Field(primary_key=True)
    user_id: str = Field(foreign_key="user_account.id", index=True)
    name: str
    digest: str = Field(unique=True)
    scopes: list[str] = Field(sa_type=Json)
    created_at: datetime = Field(sa_type=Utc)
    expires_at: datetime = Field(sa_type=Utc)
    revoked_at: datetime | None = Field(default=None, sa_type=Utc)


class PasswordAttempt(Table, table=True):
    """A password that was said and was not right, or is being looked at: for counting only.

    `key` says for whom it counts and names nobody (`vigil.kernel.identity.attempts`).
    """

    __tablename__ = "password_attempt"
    __table_args__ = (sa.Index("ix_password_attempt_key_at", "key", "at"),)
    id: str = Field(primary_key=True)
    key: str
    at: datetime = Field(sa_type=Utc, index=True)
