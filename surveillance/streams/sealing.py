"""Keep the daily counts of months that are over packed, and read them from there.

The rows of `aggregate_day` are the truth. A trigger takes the seal back to before the month of any
row that is changed, whoever changes it: what is packed after the seal is not read, and made anew by
the next daily look.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from surveillance.axes import ALL
from surveillance.crosses import service as crosses
from surveillance.records.repository import Scope
from surveillance.streams import repository
from surveillance.streams.packs import packed, unpacked
from surveillance.streams.parts import Part, from_batches
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.identity.actor import Actor, system_actor

VIGIL = system_actor("surveillance")
Place = tuple[str, str]
_DAY = timedelta(days=1)


def seal(session: WriteSession, day: date) -> int:
    """Pack the months that are over by `day`; return how many of all places were packed anew."""
    last = day.replace(day=1) - _DAY
    repository.hold_still(session)
    sealed = repository.seals(session, VIGIL, Scope())
    done = 0
    for place in repository.counted_places(session, VIGIL, Scope()):
        first = sealed[place] + _DAY if place in sealed else None
        if first is None or first <= last:
            done += _seal(session, place, first, last)
    return done


def read(session: ReadSession, actor: Actor, scope: Scope, *, groups: bool) -> Iterator[list[Part]]:
    """Yield the days of each version at each site in scope.

    Packed months are read whole, whatever the first and last day of `scope`.
    """
    known = repository.counted_places(session, actor, scope)
    sealed = repository.seals(session, actor, scope)
    if not groups and scope.version_id is None and known and all(map(sealed.get, known)):
        yield from _at_once(session, actor, scope, {place: sealed[place] for place in known})
        return
    for version_id, site_id in known:
        here = replace(scope, version_id=version_id, site_id=site_id)
        yield _place(session, actor, here, sealed.get((version_id, site_id)), groups=groups)


def _place(
    session: ReadSession, actor: Actor, scope: Scope, sealed: date | None, *, groups: bool
) -> list[Part]:
    found: list[Part] = []
    if sealed is not None:
        for is_group in (False, True) if groups else (False,):
            for _, month, content in repository.packs(session, actor, scope, is_group=is_group):
                found += unpacked(content) if month <= sealed else ()
    axes = (ALL, *crosses.axes(session)) if groups else (ALL,)
    rest = repository.daily(session, actor, _from(scope, sealed), axes)
    return [*found, *from_batches(rest)]


def _at_once(
    session: ReadSession, actor: Actor, scope: Scope, sealed: dict[Place, date]
) -> Iterator[list[Part]]:
    """Read everybody together of all places: the days since the seals are one look by day.

    A place whose seal was set back has more of them; what it is sealed to is left out again.
    """
    rest: dict[Place, list[Part]] = defaultdict(list)
    since = _from(scope, min(sealed.values()))
    for part in from_batches(repository.daily(session, actor, since, (ALL,))):
        place = part.place
        later = int(np.searchsorted(part.ordinals, sealed[place].toordinal(), side="right"))
        rest[place].append(part.rows(later, len(part.ordinals)))
    for version_id in sorted({version for version, _ in sealed}):
        held: dict[Place, list[Part]] = defaultdict(list)
        here = replace(scope, version_id=version_id)
        for place, month, content in repository.packs(session, actor, here, is_group=False):
            held[place] += unpacked(content) if month <= sealed[place] else ()
        for place in sealed:
            if place[0] == version_id:
                yield [*held[place], *rest[place]]


def _from(scope: Scope, sealed: date | None) -> Scope:
    """Return the scope without the days up to a seal."""
    days = [day for day in (scope.from_day, sealed and sealed + _DAY) if day]
    return replace(scope, from_day=max(days, default=None))


def _seal(session: WriteSession, place: Place, first: date | None, last: date) -> int:
    repository.drop_packs(session, place, first)
    here = Scope(*place, None, first, last)
    months: set[date] = set()
    for is_group, axes in ((False, (ALL,)), (True, crosses.axes(session))):
        parts = from_batches(repository.daily(session, VIGIL, here, axes))
        for month, held in _by_month(parts).items():
            repository.add_pack(session, place, month, packed(held), is_group=is_group)
            months.add(month)
    repository.set_seal(session, place, last)
    return len(months)


def _by_month(parts: Iterable[Part]) -> dict[date, list[Part]]:
    found: dict[date, list[Part]] = defaultdict(list)
    for part in parts:
        days = list(map(date.fromordinal, part.ordinals.tolist()))
        starts = [i for i, day in enumerate(days) if not i or day.month != days[i - 1].month]
        for begins, ends in zip(starts, [*starts[1:], len(days)], strict=True):
            found[days[begins].replace(day=1)].append(part.rows(begins, ends))
    return found
