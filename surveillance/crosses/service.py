"""Which crosses of axes are counted, and how the network names another.

A package names its own in the manifest; the network names those that are counted of every version.
A record counts on the crosses of its day; `records.crossing` counts those from before on them too.
"""

from collections.abc import Iterable, Mapping, Sequence

from model_registry.packages.monitoring import MOST_CROSSES, cross_faults
from surveillance.axes import AXES, EVERYWHERE, cross_of
from surveillance.crosses import repository
from surveillance.crosses.errors import (
    AlreadyEnded,
    NeedsTheNetwork,
    TooManyCrosses,
    UnknownCross,
)
from surveillance.crosses.models import NamedCross
from vigil.kernel.audit import service as audit
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.errors import Fault, Invalid
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission


def axes(session: ReadSession, version_id: str | None = None) -> tuple[str, ...]:
    """Return every axis that is counted of a version, or of any, the crosses last."""
    if version_id is not None:
        return (*AXES, *sorted({*of_versions(session, [version_id])[version_id]} - {EVERYWHERE}))
    named = {cross for each in repository.of_packages(session) for cross in _of_package(each)}
    return (*AXES, *sorted({*named, *repository.in_force(session)} - {EVERYWHERE}))


def of_versions(session: ReadSession, version_ids: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """Return the crosses that each version counts beside the one that all do."""
    found = {}
    for version_id in sorted(set(version_ids)):
        everywhere, package = repository.of_version(session, version_id)
        found[version_id] = tuple(dict.fromkeys((*everywhere, *_of_package(package))))
    return found


def crosses(session: ReadSession, actor: Actor) -> Sequence[NamedCross]:
    """Return every cross that the network ever named."""
    actor.require(Permission.SURVEILLANCE_READ)
    return repository.crosses(session)


def name(
    session: WriteSession, actor: Actor, *, name: str, axes: Sequence[str], reason: str
) -> NamedCross:
    """Count a cross of every version from now on.

    Raises:
        Invalid: no such axis, too few or too many of them, or counted already.
        TooManyCrosses: the network has as many as it may.
        NeedsTheNetwork: the actor answers for one site only.
    """
    _may(actor)
    faults = cross_faults({name: axes}, "crosses")
    held = repository.in_force(session)
    if not faults and cross_of(axes) in held:
        faults = [Fault(f"crosses.{name}", "is counted already", "Leave it out")]
    if faults:
        raise Invalid.because(faults)
    if len(held) >= MOST_CROSSES:
        raise TooManyCrosses(f"{MOST_CROSSES} are counted: end one that nobody looks at.")
    row = NamedCross(
        id=session.new_id("crs"),
        name=name,
        axis=cross_of(axes),
        reason=reason,
        made_by=actor.id,
        made_at=session.now(),
    )
    session.add(row)
    session.flush()
    audit.record(session, actor, "surveillance:cross:name", row.id, reason, axis=row.axis)
    return row


def end(session: WriteSession, actor: Actor, cross_id: str, reason: str) -> NamedCross:
    """Count a cross no longer; what was counted stays.

    Raises:
        UnknownCross: there is none.
        AlreadyEnded: it was ended before.
    """
    _may(actor)
    row = repository.cross(session, cross_id)
    if row is None:
        raise UnknownCross("No cross has this id.")
    if row.ended_at is not None:
        raise AlreadyEnded("The cross was ended before.")
    row.ended_by, row.ended_at, row.ended_reason = actor.id, session.now(), reason
    session.add(row)
    session.flush()
    audit.record(session, actor, "surveillance:cross:end", row.id, reason, axis=row.axis)
    return row


def _of_package(named: repository.Named) -> list[str]:
    return [cross_of(axes) for axes in named.values()]


def _may(actor: Actor) -> None:
    actor.require(Permission.SURVEILLANCE_RUN)
    if actor.sites is not None:
        raise NeedsTheNetwork("A cross is counted everywhere, and named by who may read all sites.")
