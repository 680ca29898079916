"""What is watched of a version at a site, and how the network changes that.

The core is watched whatever a package says: a supplier does not choose whether failures are seen.
Of the rest a package picks; one that picks nothing has all of it watched. The network may add any
stream and mute any, with a reason; the choice for the version at the site goes before that for the
version, that before the site's, and that before the general one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from model_registry.packages.monitoring import CHOSEN, CORE, STREAMS
from model_registry.versions import service as versions
from surveillance.declarations import repository
from surveillance.declarations.errors import AlreadyEnded, NotForASite, UnknownChoice
from surveillance.declarations.models import Choice, StreamChoice
from vigil.kernel.audit import service as audit
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.errors import Fault, Invalid, NotFound
from vigil.kernel.identity import repository as identity
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission

_DAY = timedelta(days=1)


class Origin(StrEnum):
    """Why a stream is watched, or would be if it were not muted."""

    CORE = "core"
    PACKAGE = "package"
    DEFAULT = "default"
    NETWORK = "network"
    NOT_ASKED = "not asked for"


@dataclass(frozen=True)
class Declared:
    """One stream of the catalogue, for a version at a site."""

    name: str
    what: str
    origin: Origin
    choice: StreamChoice | None = None

    @property
    def is_muted(self) -> bool:
        return self.choice is not None and self.choice.choice is Choice.MUTE

    @property
    def is_watched(self) -> bool:
        return self.origin is not Origin.NOT_ASKED and not self.is_muted


@dataclass
class Watched:
    """What is watched of any version at any site, from two queries. Good for one transaction."""

    asked_for: Mapping[str, tuple[str, ...]]
    choices: Mapping[tuple[str | None, str | None], Mapping[str, StreamChoice]]
    _known: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)

    def of(self, version_id: str, site_id: str) -> frozenset[str]:
        """Return the names of the streams that are watched."""
        place = (version_id, site_id)
        if place not in self._known:
            found = self.declared(version_id, site_id)
            self._known[place] = frozenset(each.name for each in found if each.is_watched)
        return self._known[place]

    def muting(self, name: str, version_id: str, site_id: str) -> StreamChoice | None:
        """Return the choice that mutes a stream, if one does."""
        found = self._choice(name, (version_id, site_id))
        return found if found is not None and found.choice is Choice.MUTE else None

    def declared(self, version_id: str, site_id: str) -> tuple[Declared, ...]:
        """Return every stream of the catalogue, with why it is watched or not."""
        asked = frozenset(self.asked_for.get(version_id, ())) & frozenset(STREAMS)
        return tuple(
            self._declared(name, what, asked, (version_id, site_id))
            for name, what in STREAMS.items()
        )

    def _declared(
        self, name: str, what: str, asked: frozenset[str], place: tuple[str, str]
    ) -> Declared:
        chosen = self._choice(name, place)
        origin = _origin(name, asked)
        if origin is Origin.NOT_ASKED and chosen is not None and chosen.choice is Choice.ADD:
            origin = Origin.NETWORK
        return Declared(name, what, origin, chosen)

    def _choice(self, name: str, place: tuple[str, str]) -> StreamChoice | None:
        version_id, site_id = place
        scopes = ((version_id, site_id), (version_id, None), (None, site_id), (None, None))
        held = (self.choices.get(scope, {}).get(name) for scope in scopes)
        return next((each for each in held if each is not None), None)


def watched(
    session: ReadSession, version_ids: Iterable[str], day: date, *, even_muted: bool = False
) -> Watched:
    """Read what was watched of versions at the end of a day, for a look at many streams.

    With `even_muted` everything is: what is muted, or not asked for, can still be followed.
    """
    return (
        Watched({}, {})
        if even_muted
        else watched_at(session, version_ids, datetime.combine(day + _DAY, time(), UTC))
    )


def watched_at(session: ReadSession, version_ids: Iterable[str], at: datetime) -> Watched:
    """Read what was watched at an instant: what was chosen later changes nothing of it."""
    by_scope: dict[tuple[str | None, str | None], dict[str, StreamChoice]] = {}
    for each in repository.in_force_at(session, at):
        by_scope.setdefault((each.version_id, each.site_id), {})[each.name] = each
    return Watched(repository.asked_for(session, sorted(set(version_ids))), by_scope)


def declared(
    session: ReadSession, actor: Actor, *, version_id: str, site_id: str
) -> tuple[Declared, ...]:
    """Return every stream of the catalogue for a version at a site."""
    actor.require(Permission.SURVEILLANCE_READ, site_id)
    return watched_at(session, [version_id], session.now()).declared(version_id, site_id)


def choices(
    session: ReadSession, actor: Actor, version_id: str | None = None
) -> Sequence[StreamChoice]:
    actor.require(Permission.SURVEILLANCE_READ)
    return repository.choices(session, actor, version_id)


def choose(
    session: WriteSession,
    actor: Actor,
    *,
    name: str,
    choice: Choice,
    reason: str,
    version_id: str | None = None,
    site_id: str | None = None,
) -> StreamChoice:
    """Add or mute a stream; a choice of the same scope that holds until now is ended by it.

    Raises:
        Invalid: no stream has this name.
        NotFound: the version or the site is not there, or not for this actor.
        NotForASite: the officer of one site chooses for all.
    """
    _may(actor, site_id)
    if name not in STREAMS:
        fault = Fault("name", f"no stream is called {name}", "Use a name of docs/streams.md")
        raise Invalid.because([fault])
    _known(session, actor, version_id, site_id)
    for held in repository.in_force(session):
        if (held.version_id, held.site_id, held.name) == (version_id, site_id, name):
            _end(session, actor, held, reason)
    row = StreamChoice(
        id=session.new_id("sch"),
        version_id=version_id,
        site_id=site_id,
        name=name,
        choice=choice,
        reason=reason,
        made_by=actor.id,
        made_at=session.now(),
    )
    session.add(row)
    session.flush()
    facts = {"name": name, "version": version_id, "site": site_id}
    tag = f"surveillance:stream_choice:{choice.value}"
    audit.record(session, actor, tag, row.id, reason, **facts)
    return row


def withdraw(session: WriteSession, actor: Actor, choice_id: str, reason: str) -> StreamChoice:
    """End a choice: what the package and the more general choices say holds again.

    Raises:
        UnknownChoice: there is none, or not for this actor.
        AlreadyEnded: it holds no longer.
    """
    actor.require(Permission.SURVEILLANCE_RUN)
    row = repository.choice(session, actor, choice_id)
    if row is None:
        raise UnknownChoice("No choice has this id.")
    _may(actor, row.site_id)
    if row.ended_at is not None:
        raise AlreadyEnded("The choice was ended before.")
    _end(session, actor, row, reason)
    audit.record(session, actor, "surveillance:stream_choice:end", row.id, reason, name=row.name)
    return row


def _origin(name: str, asked: frozenset[str]) -> Origin:
    if name in CORE:
        return Origin.CORE
    if name in asked:
        return Origin.PACKAGE
    return Origin.NOT_ASKED if asked & CHOSEN.keys() else Origin.DEFAULT


def _may(actor: Actor, site_id: str | None) -> None:
    actor.require(Permission.SURVEILLANCE_RUN, site_id)
    if site_id is None and actor.sites is not None:
        raise NotForASite("A choice for every site is made by who may read every site.")


def _known(session: ReadSession, actor: Actor, version_id: str | None, site_id: str | None) -> None:
    if version_id is not None:
        versions.version(session, actor, version_id)
    if site_id is not None and all(site.id != site_id for site in identity.sites(session, actor)):
        raise NotFound("No site has this id.")


def _end(session: WriteSession, actor: Actor, row: StreamChoice, reason: str) -> None:
    row.ended_by, row.ended_at, row.ended_reason = actor.id, session.now(), reason
    session.add(row)
    session.flush()
