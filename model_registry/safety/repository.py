"""Queries for sign-offs.

A supplier reads its own cases, everybody else all of them: the report is made available to whoever
receives the product (DCB0129 3.5.3). An acceptance is read by its site.
"""

from collections.abc import Collection, Sequence

from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from model_registry.safety.models import Acceptance, AcceptanceKind, SafetyCase, SignOffStatus
from model_registry.versions.models import ModelVersion
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.repository import within_sites

_STANDING = (SignOffStatus.DRAFT, SignOffStatus.SIGNED)


def cases(
    session: ReadSession,
    actor: Actor,
    *,
    version_id: str | None = None,
    after: str | None = None,
    limit: int | None = None,
) -> Sequence[SafetyCase]:
    """Return cases, newest first, from the one after `after`."""
    statement = _readable_cases(actor).order_by(col(SafetyCase.id).desc()).limit(limit)
    if version_id is not None:
        statement = statement.where(SafetyCase.version_id == version_id)
    if after is not None:
        statement = statement.where(col(SafetyCase.id) < after)
    return session.exec(statement).all()


def case(session: ReadSession, actor: Actor, case_id: str) -> SafetyCase | None:
    return session.exec(_readable_cases(actor).where(SafetyCase.id == case_id)).first()


def acceptances(
    session: ReadSession,
    actor: Actor,
    *,
    version_id: str | None = None,
    site_id: str | None = None,
    after: str | None = None,
    limit: int | None = None,
) -> Sequence[Acceptance]:
    """Return acceptances, newest first, from the one after `after`."""
    statement = within_sites(select(Acceptance), actor, Acceptance.site_id)
    if version_id is not None:
        statement = statement.where(Acceptance.version_id == version_id)
    if site_id is not None:
        statement = statement.where(Acceptance.site_id == site_id)
    if after is not None:
        statement = statement.where(col(Acceptance.id) < after)
    return session.exec(statement.order_by(col(Acceptance.id).desc()).limit(limit)).all()


def acceptance(session: ReadSession, actor: Actor, acceptance_id: str) -> Acceptance | None:
    statement = within_sites(select(Acceptance), actor, Acceptance.site_id)
    return session.exec(statement.where(Acceptance.id == acceptance_id)).first()


def signed_case(session: ReadSession, version_digest: str) -> SafetyCase | None:
    """Return the one signed case for exactly these bytes."""
    return session.exec(
        select(SafetyCase).where(
            SafetyCase.version_digest == version_digest, SafetyCase.status == SignOffStatus.SIGNED
        )
    ).first()


def signed_acceptance(
    session: ReadSession, *, kind: AcceptanceKind, site_id: str, configuration_digest: str
) -> Acceptance | None:
    """Return the one signed judgement of this site on exactly this configuration."""
    return session.exec(
        select(Acceptance).where(
            Acceptance.kind == kind,
            Acceptance.site_id == site_id,
            Acceptance.configuration_digest == configuration_digest,
            Acceptance.status == SignOffStatus.SIGNED,
        )
    ).first()


def newest_of_vigil(
    session: ReadSession, *, site_id: str, configuration_digest: str
) -> Acceptance | None:
    """Return what the newest test that Vigil ran of this configuration came to, signed or not."""
    statement = select(Acceptance).where(
        Acceptance.kind == AcceptanceKind.LOCAL_TEST,
        Acceptance.site_id == site_id,
        Acceptance.configuration_digest == configuration_digest,
        col(Acceptance.local_test_id).is_not(None),
    )
    return session.exec(statement.order_by(col(Acceptance.id).desc()).limit(1)).first()


def signed_case_digests(session: ReadSession, digests: Collection[str]) -> frozenset[str]:
    """Return which of these versions' digests have a signed case."""
    statement = select(SafetyCase.version_digest).where(
        col(SafetyCase.version_digest).in_(digests), SafetyCase.status == SignOffStatus.SIGNED
    )
    return frozenset(session.exec(statement).all())


def passed_acceptances(
    session: ReadSession, configurations: Collection[str]
) -> frozenset[tuple[AcceptanceKind, str, str]]:
    """Return the kind, site and configuration of each signed acceptance that passed."""
    statement = select(Acceptance.kind, Acceptance.site_id, Acceptance.configuration_digest).where(
        col(Acceptance.configuration_digest).in_(configurations),
        Acceptance.status == SignOffStatus.SIGNED,
        col(Acceptance.passed).is_(True),
    )
    rows = session.exec(statement).all()
    return frozenset((AcceptanceKind(kind), site, digest) for kind, site, digest in rows)


def cases_gone_stale(session: ReadSession, digests: Collection[str]) -> Sequence[SafetyCase]:
    """Return the cases of these versions that were signed, and are stale now."""
    statement = select(SafetyCase).where(
        col(SafetyCase.version_digest).in_(digests),
        SafetyCase.status == SignOffStatus.STALE,
        col(SafetyCase.signed_at).is_not(None),
    )
    return session.exec(statement).all()


def acceptances_gone_stale(
    session: ReadSession, configurations: Collection[str]
) -> Sequence[Acceptance]:
    """Return the judgements on these configurations that were signed, and are stale now."""
    statement = select(Acceptance).where(
        col(Acceptance.configuration_digest).in_(configurations),
        Acceptance.status == SignOffStatus.STALE,
        col(Acceptance.signed_at).is_not(None),
    )
    return session.exec(statement).all()


def newest_case(session: ReadSession, version_digest: str) -> SafetyCase | None:
    """Return the signed case for exactly these bytes, else the newest that is not signed."""
    statement = select(SafetyCase).where(SafetyCase.version_digest == version_digest)
    signed_first = col(SafetyCase.status) == SignOffStatus.SIGNED
    return session.exec(
        statement.order_by(signed_first.desc(), col(SafetyCase.id).desc()).limit(1)
    ).first()


def newest_acceptance(
    session: ReadSession, *, kind: AcceptanceKind, site_id: str, configuration_digest: str
) -> Acceptance | None:
    """Return the signed judgement on this configuration, else the newest that is not signed."""
    statement = select(Acceptance).where(
        Acceptance.kind == kind,
        Acceptance.site_id == site_id,
        Acceptance.configuration_digest == configuration_digest,
    )
    signed_first = col(Acceptance.status) == SignOffStatus.SIGNED
    return session.exec(
        statement.order_by(signed_first.desc(), col(Acceptance.id).desc()).limit(1)
    ).first()


def standing_cases(
    session: ReadSession, *, version_id: str | None, model_id: str | None
) -> Sequence[SafetyCase]:
    """Return the cases that a change touches, whoever made it: they are not shown to anybody."""
    statement = select(SafetyCase).where(col(SafetyCase.status).in_(_STANDING))
    if version_id is not None:
        statement = statement.where(SafetyCase.version_id == version_id)
    if model_id is not None:
        statement = statement.where(col(SafetyCase.version_id).in_(_versions_of(model_id)))
    return session.exec(statement).all()


def standing_acceptances(
    session: ReadSession,
    *,
    version_id: str | None,
    model_id: str | None,
    site_id: str | None,
    configuration_digest: str | None,
) -> Sequence[Acceptance]:
    """Return the acceptances that a change touches, at every site that it touches."""
    statement = select(Acceptance).where(col(Acceptance.status).in_(_STANDING))
    if version_id is not None:
        statement = statement.where(Acceptance.version_id == version_id)
    if model_id is not None:
        statement = statement.where(col(Acceptance.version_id).in_(_versions_of(model_id)))
    if site_id is not None:
        statement = statement.where(Acceptance.site_id == site_id)
    if configuration_digest is not None:
        statement = statement.where(Acceptance.configuration_digest == configuration_digest)
    return session.exec(statement).all()


def _readable_cases(actor: Actor) -> SelectOfScalar[SafetyCase]:
    statement = select(SafetyCase)
    if actor.supplier_id is not None:
        return statement.where(SafetyCase.organisation_id == actor.supplier_id)
    return statement


def _versions_of(model_id: str) -> SelectOfScalar[str]:
    return select(ModelVersion.id).where(ModelVersion.model_id == model_id)
