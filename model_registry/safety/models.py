"""The signed documents on which a release rests, each bound to the digest of what was judged."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field

from vigil.kernel.db import Table, Utc, enum_type

_SIGNED = sa.text("status = 'signed'")


class SignOffStatus(StrEnum):
    DRAFT = "draft"
    SIGNED = "signed"
    STALE = "stale"


class AcceptanceKind(StrEnum):
    DCB0160 = "dcb0160"
    LOCAL_TEST = "local_test"


class SafetyCase(Table, table=True):
    """A supplier's clinical safety case report (DCB0129 3.5) for exactly one version."""

    __tablename__ = "safety_case"
    __table_args__ = (
        sa.Index(
            "uq_safety_case_signed",
            "version_digest",
            unique=True,
            sqlite_where=_SIGNED,
            postgresql_where=_SIGNED,
        ),
        sa.Index(None, "version_digest"),
    )
    id: str = Field(primary_key=True)
    organisation_id: str = Field(foreign_key="organisation.id", index=True)
    version_id: str = Field(foreign_key="model_version.id", index=True)
    version_digest: str
    content_digest: str
    title: str
    status: SignOffStatus = Field(sa_type=enum_type(SignOffStatus, "safety_case_status"))
    submitted_by: str
    submitted_at: datetime = Field(sa_type=Utc)
    signed_by: str | None = Field(default=None, foreign_key="user_account.id")
    signed_at: datetime | None = Field(default=None, sa_type=Utc)
    stale_reason: str | None = None
    stale_at: datetime | None = Field(default=None, sa_type=Utc)


class Acceptance(Table, table=True):
    """A site's own judgement of one version in one configuration (DCB0160).

    Attributes:
        accepts_plan: the site accepts, too, what the version's change plan will change. None on
            judgements from before there were plans, which accepted none.
        local_test_id: the test that Vigil ran; None: the document was made outside Vigil.
    """

    __tablename__ = "acceptance"
    __table_args__ = (
        sa.Index(
            "uq_acceptance_signed",
            "site_id",
            "kind",
            "configuration_digest",
            unique=True,
            sqlite_where=_SIGNED,
            postgresql_where=_SIGNED,
        ),
        sa.Index(None, "configuration_digest", "site_id", "kind"),
    )
    id: str = Field(primary_key=True)
    kind: AcceptanceKind = Field(sa_type=enum_type(AcceptanceKind, "acceptance_kind"))
    version_id: str = Field(foreign_key="model_version.id", index=True)
    version_digest: str
    site_id: str = Field(foreign_key="site.id", index=True)
    configuration_digest: str
    content_digest: str
    passed: bool
    status: SignOffStatus = Field(sa_type=enum_type(SignOffStatus, "acceptance_status"))
    submitted_by: str
    submitted_at: datetime = Field(sa_type=Utc)
    signed_by: str | None = Field(default=None, foreign_key="user_account.id")
    signed_at: datetime | None = Field(default=None, sa_type=Utc)
    stale_reason: str | None = None
    stale_at: datetime | None = Field(default=None, sa_type=Utc)
    accepts_plan: bool | None = None
    local_test_id: str | None = None
