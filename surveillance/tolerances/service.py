"""Set what is tolerated, signed by a person of the network, and find what holds of a stream."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from model_registry.versions import service as versions
from surveillance.tolerances import repository
from surveillance.tolerances.amounts import AMOUNTS
from surveillance.tolerances.errors import NeedsTheNetwork
from surveillance.tolerances.models import StreamTolerance
from vigil.kernel.audit import service as audit
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.errors import Fault, Invalid, NotFound
from vigil.kernel.identity import repository as identity
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission

Name = tuple[str | None, str | None, str | None]


@dataclass(frozen=True)
class Tolerances:
    """What holds on a day: of all that was set for a stream, the most particular, then the latest.

    A site's own goes before a version's, and that before a finding's.
    """

    by_kind: Mapping[str, Mapping[Name, float]] = field(default_factory=dict)

    def of(self, kind: str, version_id: str, site_id: str, subject: str) -> float:
        held = self.by_kind.get(kind, {})
        for at in (site_id, None):
            for version in (version_id, None):
                for about in (subject, None):
                    if (version, at, about) in held:
                        return held[version, at, about]
        return AMOUNTS[kind].default


@dataclass(frozen=True)
class Proposal:
    """What a supplier asks for in its package. It holds only if the network sets it."""

    kind: str
    amount: float
    in_force: float | None


def set_tolerance(
    session: WriteSession,
    actor: Actor,
    *,
    kind: str,
    amount: float,
    reason: str,
    version_id: str | None = None,
    site_id: str | None = None,
    subject: str | None = None,
    from_day: date | None = None,
) -> StreamTolerance:
    """Set what is tolerated from a day on; what held until then stays readable.

    Raises:
        Invalid: no such kind, or the amount is outside what the kind allows.
        NeedsTheNetwork: the actor answers for one site only.
    """
    actor.require(Permission.SURVEILLANCE_RUN)
    if actor.sites is not None:
        raise NeedsTheNetwork("What is tolerated is set by who may read every site.")
    _check(kind, amount)
    if version_id is not None:
        versions.version(session, actor, version_id)
    if site_id is not None:
        _known_site(session, actor, site_id)
    row = StreamTolerance(
        id=session.new_id("tol"),
        kind=kind,
        version_id=version_id,
        site_id=site_id,
        subject=subject,
        amount=amount,
        from_day=from_day or session.now().date(),
        set_by=actor.id,
        set_at=session.now(),
        reason=reason,
    )
    session.add(row)
    session.flush()
    about: dict[str, Any] = {"version": version_id, "site": site_id, "finding": subject}
    tag = "surveillance:tolerance:set"
    audit.record(session, actor, tag, row.id, reason, kind=kind, amount=amount, **about)
    return row


def in_force(session: ReadSession, day: date) -> Tolerances:
    by_kind: dict[str, dict[Name, float]] = {}
    for row in repository.until(session, day):
        name = (row.version_id, row.site_id, row.subject)
        by_kind.setdefault(row.kind, {}).setdefault(name, row.amount)
    return Tolerances(by_kind)


def tolerances(
    session: ReadSession, actor: Actor, *, before: str | None = None, limit: int = 100
) -> Sequence[StreamTolerance]:
    actor.require(Permission.SURVEILLANCE_READ)
    return repository.tolerances(session, actor, before=before, limit=limit)


def proposals(session: ReadSession, actor: Actor, version_id: str) -> list[Proposal]:
    """Return what a version's package proposes; a name that is no kind of stream has no effect."""
    actor.require(Permission.SURVEILLANCE_READ)
    version = versions.version(session, actor, version_id)
    asked = version.manifest.get("monitoring", {}).get("tolerances", {})
    held = in_force(session, session.now().date())
    return [
        Proposal(kind, amount, held.of(kind, version_id, "", "") if kind in AMOUNTS else None)
        for kind, amount in sorted(asked.items())
    ]


def _known_site(session: ReadSession, actor: Actor, site_id: str) -> None:
    if all(site.id != site_id for site in identity.sites(session, actor)):
        raise NotFound("No site has this id.")


def _check(kind: str, amount: float) -> None:
    if kind not in AMOUNTS:
        fault = Fault("kind", "no kind with a tolerance", f"One of {', '.join(sorted(AMOUNTS))}")
        raise Invalid.because([fault])
    allowed = AMOUNTS[kind]
    if not allowed.least < amount <= allowed.most:
        remedy = f"Above {allowed.least:g}, up to {allowed.most:g}: {allowed.unit.value}"
        raise Invalid.because([Fault("amount", f"{amount:g} is no tolerance", remedy)])
