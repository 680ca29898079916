"""A public key of a supplier. It is never deleted: packages that it signed stay in the registry."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field

from vigil.kernel.db import Table, Utc, enum_type


class KeyStatus(StrEnum):
    PROPOSED = "proposed"
    TRUSTED = "trusted"
    REVOKED = "revoked"


class SupplierKey(Table, table=True):
    """An Ed25519 public key (RFC 8032), 32 bytes as hexadecimal digits.

    `key_id` is what a signature names: the first 16 digits of the SHA-256 of the raw key.
    """

    __tablename__ = "supplier_key"
    __table_args__ = (sa.UniqueConstraint("organisation_id", "key_id"),)
    id: str = Field(primary_key=True)
    organisation_id: str = Field(foreign_key="organisation.id", index=True)
    key_id: str
    public_key: str
    label: str
    status: KeyStatus = Field(sa_type=enum_type(KeyStatus, "supplier_key_status"))
    proposed_by: str
    proposed_at: datetime = Field(sa_type=Utc)
    trusted_by: str | None = None
    trusted_at: datetime | None = Field(default=None, sa_type=Utc)
    revoked_by: str | None = None
    revoked_at: datetime | None = Field(default=None, sa_type=Utc)
    revoked_reason: str | None = None
