"""List models, and say what was live where on any day, who switched it and why."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from model_registry.catalogue import repository
from model_registry.catalogue.models import Filters, Happening, Kind, Line, Standing
from model_registry.deployments.models import DeploymentPeriod
from model_registry.deployments.shown import periods_to
from model_registry.versions import service as versions
from model_registry.versions.aliases import alias_to
from model_registry.versions.models import Model, ModelAlias, VersionChange, VersionStatus
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import Organisation
from vigil.kernel.identity.roles import Permission

PAGE = 50


@dataclass(frozen=True)
class Span:
    """Which part of a model's history is wanted; None asks nothing."""

    site_id: str | None = None
    first: datetime | None = None
    last: datetime | None = None


def lines(
    session: ReadSession,
    actor: Actor,
    filters: Filters,
    *,
    before: str | None = None,
    limit: int = PAGE,
) -> list[Line]:
    """Return models, the newest first, each with its newest version and where it is live."""
    actor.require(Permission.REGISTRY_READ)
    found = [
        Line(*row) for row in repository.lines(session, actor, filters, before=before, limit=limit)
    ]
    ids = [line.model.id for line in found]
    live = repository.live_sites(session, actor, ids)
    named: dict[str, list[tuple[str, str]]] = {}
    for model_id, name, label in repository.aliases(session, ids):
        named.setdefault(model_id, []).append((name, label))
    return [
        replace(
            line,
            aliases=tuple(named.get(line.model.id, ())),
            live_sites=live.get(line.model.id, 0),
        )
        for line in found
    ]


def suppliers(session: ReadSession, actor: Actor) -> Sequence[Organisation]:
    """Return whose models the actor may read."""
    actor.require(Permission.REGISTRY_READ)
    return repository.suppliers(session, actor)


def labels(session: ReadSession, model: Model) -> dict[str, str]:
    """Return the labels of a model's versions by id."""
    return repository.labels(session, model.id)


def standing(
    session: ReadSession,
    actor: Actor,
    *,
    model_id: str,
    at: datetime | None = None,
    site_id: str | None = None,
) -> Standing:
    """Say how a model stood at an instant, or stands now."""
    model = versions.model(session, actor, model_id)
    instant = at or session.now()
    aliases = [
        one for one in repository.alias_rows(session, model.id, instant) if _stood(one, instant)
    ]
    latest: dict[str, VersionStatus] = {}
    for change in repository.status_changes(session, model.id, last=instant):
        latest.setdefault(change.version_id, change.status)
    return Standing(
        at=instant,
        periods=periods_to(
            actor, repository.periods_at(session, actor, model.id, instant, site_id)
        ),
        aliases=sorted((alias_to(actor, one) for one in aliases), key=lambda one: one.name),
        statuses=sorted(latest.items(), reverse=True),
    )


def history(
    session: ReadSession,
    actor: Actor,
    *,
    model_id: str,
    span: Span,
    before: tuple[datetime, str] | None = None,
    limit: int = PAGE,
) -> list[Happening]:
    """Return what was done to a model, the newest first; `before` is the last one already given.

    With a site only what was done there is told: statuses and aliases are every site's.
    """
    model = versions.model(session, actor, model_id)
    if before is not None and (span.last is None or before[0] < span.last):
        span = replace(span, last=before[0])
    # More than asked for, because those of the same instant may have been given already.
    wanted = limit + (0 if before is None else PAGE)
    found = list(_of_deployments(session, actor, model, span, wanted))
    if span.site_id is None:
        found += _of_statuses(session, actor, model, span, wanted)
        found += _of_aliases(session, actor, model, span)
    found.sort(key=_newest, reverse=True)
    if before is not None:
        found = [one for one in found if _newest(one) < before]
    return _with_labels(session, found[:limit])


def _of_deployments(
    session: ReadSession, actor: Actor, model: Model, span: Span, limit: int
) -> Iterator[Happening]:
    found = repository.periods(
        session,
        actor,
        model.id,
        site_id=span.site_id,
        first=span.first,
        last=span.last,
        limit=limit,
    )
    for period in periods_to(actor, found):
        yield Happening(
            at=period.from_at,
            id=period.id,
            kind=Kind.DEPLOYMENT,
            what=_mode(period),
            version_id=period.version_id,
            site_id=period.site_id,
            by=period.by,
            by_label=period.by_label or "",
            reason=period.reason,
            until=period.to_at,
        )


def _of_statuses(
    session: ReadSession, actor: Actor, model: Model, span: Span, limit: int
) -> Iterator[Happening]:
    found = repository.status_changes(
        session, model.id, first=span.first, last=span.last, limit=limit
    )
    for change in versions.changes_to(session, actor, found):
        yield _happened(change)


def _happened(change: VersionChange) -> Happening:
    return Happening(
        at=change.at,
        id=change.id,
        kind=Kind.STATUS,
        what=change.status.value,
        version_id=change.version_id,
        site_id=None,
        by=change.by,
        by_label=change.by_label,
        reason=change.reason,
    )


def _of_aliases(
    session: ReadSession, actor: Actor, model: Model, span: Span
) -> Iterator[Happening]:
    for alias in repository.alias_rows(session, model.id, span.last):
        for one in _set_and_ended(alias_to(actor, alias)):
            after_first = span.first is None or one.at >= span.first
            if after_first and (span.last is None or one.at <= span.last):
                yield one


def _set_and_ended(alias: ModelAlias) -> Iterator[Happening]:
    begun = Happening(
        at=alias.set_at,
        id=alias.id,
        kind=Kind.ALIAS,
        what=f"{alias.name} set",
        version_id=alias.version_id,
        site_id=None,
        by=alias.set_by,
        by_label=alias.set_by_label,
        reason=alias.reason,
        until=alias.ended_at,
    )
    yield begun
    if alias.ended_at is not None:
        yield replace(
            begun,
            at=alias.ended_at,
            id=f"{alias.id}.end",
            what=f"{alias.name} ended",
            by=alias.ended_by or "",
            by_label=alias.ended_by_label or "",
            reason=alias.end_reason or "",
            until=None,
        )


def _with_labels(session: ReadSession, found: Iterable[Happening]) -> list[Happening]:
    listed = list(found)
    unknown = {one.by for one in listed if not one.by_label}
    roles = repository.roles(session, unknown) if unknown else {}
    return [
        one if one.by_label else replace(one, by_label=_label(one.by, roles.get(one.by, [])))
        for one in listed
    ]


def _label(by: str, roles: Sequence[str]) -> str:
    return f"{by} ({', '.join(sorted(set(roles)))})" if roles else by


def _mode(period: DeploymentPeriod) -> str:
    is_shared = period.mode.value == "canary"
    return f"{period.mode.value} ({period.share} %)" if is_shared else period.mode.value


def _newest(one: Happening) -> tuple[datetime, str]:
    return one.at, one.id


def _stood(alias: ModelAlias, at: datetime) -> bool:
    return alias.ended_at is None or alias.ended_at > at
