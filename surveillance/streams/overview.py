"""Streams as people see them: with the open alert that tells how high they stand, and filtered.

Pages read what the last daily look kept, as long as it is of today or one of the days before;
without it everybody together is assessed at once, which takes longer than a page should.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from surveillance.alerts import service as alerts
from surveillance.disclosure import works_there
from surveillance.streams import repository, service
from surveillance.streams.assessment import Assessment, Verdict
from surveillance.streams.disclosed import disclosed
from surveillance.streams.snapshots import from_plain, to_plain
from surveillance.streams.view import StreamView
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission

MOST_OPEN = 1000
LATELY = timedelta(days=2)
_LOUDEST = (
    Verdict.ESCALATE,
    Verdict.WATCH,
    Verdict.NOT_JUDGED,
    Verdict.INSUFFICIENT,
    Verdict.QUIET,
)


@dataclass(frozen=True)
class Wanted:
    """Which streams; None asks for all."""

    subject: str | None = None
    kind: str | None = None
    axis: str | None = None
    level: str | None = None
    verdict: str | None = None

    def holds(self, view: StreamView) -> bool:
        found = view.assessment
        pairs = (
            (self.subject, found.subject),
            (self.kind, found.kind.value),
            (self.axis, found.axis),
            (self.level, found.level),
            (self.verdict, view.verdict.value),
        )
        return all(wanted is None or wanted == held for wanted, held in pairs)


def overview(
    session: ReadSession,
    actor: Actor,
    *,
    day: date,
    version_id: str | None = None,
    site_id: str | None = None,
    kept: bool = False,
) -> list[StreamView]:
    """Return the streams that the actor may read, the loudest first.

    With `kept`, what the last daily look found, groups included; else everybody together, now.
    """
    at = (version_id, site_id)
    found = _kept(session, actor, *at, day) if kept else None
    if found is None:
        found = service.assess(session, actor, day=day, version_id=version_id, site_id=site_id)
    held = alerts.alerts(
        session,
        actor,
        states=alerts.OPEN,
        version_id=version_id,
        site_id=site_id,
        limit=MOST_OPEN,
    )
    by_stream = {alert.key: alert for alert in held}
    views = [StreamView(each, by_stream.get(each.key)) for each in found]
    return sorted(views if works_there(actor) else disclosed(views), key=_loudness)


def chosen(views: Iterable[StreamView], wanted: Wanted) -> list[StreamView]:
    return [view for view in views if wanted.holds(view)]


def after(views: Sequence[StreamView], key: Sequence[str] | None) -> Sequence[StreamView]:
    """Return what follows the stream of this key; everything where it is not there any more."""
    if key is None:
        return views
    for index, view in enumerate(views):
        if list(view.assessment.key) == list(key):
            return views[index + 1 :]
    return views


def by_verdict(views: Iterable[StreamView]) -> list[tuple[Verdict, int]]:
    """Return how many streams have each verdict, the loudest first."""
    counted = Counter(view.verdict for view in views)
    return [(verdict, counted[verdict]) for verdict in _LOUDEST if counted[verdict]]


def keep_snapshots(session: WriteSession, found: Iterable[Assessment], day: date) -> None:
    """Keep what the daily look found, for pages."""
    rows: dict[tuple[str, str], list[list[object]]] = {}
    for each in found:
        rows.setdefault((each.version_id, each.site_id), []).append(to_plain(each))
    repository.replace_snapshots(
        session,
        [
            {"version_id": version_id, "site_id": site_id, "day": day, "streams": streams}
            for (version_id, site_id), streams in rows.items()
        ],
    )


def _kept(
    session: ReadSession, actor: Actor, version_id: str | None, site_id: str | None, day: date
) -> list[Assessment] | None:
    """Return what the last look found; None: there was none, or not lately."""
    actor.require(Permission.SURVEILLANCE_READ, site_id)
    rows = repository.snapshots(session, actor, version_id, site_id)
    if not rows or min(row.day for row in rows) < day - LATELY:
        return None
    return [from_plain(row.version_id, row.site_id, each) for row in rows for each in row.streams]


def _loudness(view: StreamView) -> tuple[int, float, tuple[str, ...]]:
    return (_LOUDEST.index(view.verdict), -view.assessment.e_value, view.assessment.key)
