"""Read the daily counts as streams: verdicts, the override summary, and what a supplier may see."""

from dataclasses import dataclass
from datetime import date

from surveillance.axes import ALL
from surveillance.disclosure import is_small, whole_weeks, works_there
from surveillance.measures.intervals import Interval, wilson
from surveillance.records import repository as records
from surveillance.records.models import WHOLE_RUN
from surveillance.records.repository import Scope
from surveillance.streams import places
from surveillance.streams.assessment import Assessment
from surveillance.streams.families import EVERYBODY, GROUPS
from surveillance.streams.held import InForce
from surveillance.streams.series import SHOWN, Series
from vigil.kernel.db import ReadSession
from vigil.kernel.errors import Fault, Invalid
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission


@dataclass(frozen=True)
class OverrideSummary:
    """How often readers overrode a version, with every denominator on the way.

    `shown` counts results meant for a reader (canary, live); that one was opened is not known.
    """

    eligible: int
    analysed: int
    shown: int
    decided: int
    override_fp: int
    override_fn: int
    rate: Interval | None


def assess(
    session: ReadSession,
    actor: Actor,
    *,
    day: date,
    version_id: str | None = None,
    site_id: str | None = None,
    groups: bool = False,
) -> list[Assessment]:
    """Assess every stream up to and including `day`; those of groups only if asked for.

    Raises:
        Invalid: the day has not come yet: days without a study would be taken for silence.
    """
    actor.require(Permission.SURVEILLANCE_READ, site_id)
    if day > session.now().date():
        raise Invalid.because([Fault("day", "not come yet", "Ask for today or an earlier day")])
    scope = Scope(version_id, site_id)
    families = (*EVERYBODY, *GROUPS) if groups else EVERYBODY
    return [found for assess in families for found in assess(session, actor, day=day, scope=scope)]


def override_summary(
    session: ReadSession,
    actor: Actor,
    *,
    version_id: str,
    site_id: str,
    from_day: date,
    to_day: date,
) -> OverrideSummary | None:
    """Count runs, results shown, decisions and overrides of a version at a site.

    None: they are too few to be told to somebody who does not work there.
    """
    actor.require(Permission.SURVEILLANCE_READ, site_id)
    scope = Scope(version_id, site_id, None, from_day, to_day)
    rows = [r for r in records.aggregates(session, actor, scope, (ALL,)) if r.mode in SHOWN]
    runs = [row for row in rows if row.finding_key == WHOLE_RUN]
    findings = [row for row in rows if row.finding_key != WHOLE_RUN]
    decided = sum(row.decided for row in findings)
    fp, fn = sum(row.override_fp for row in findings), sum(row.override_fn for row in findings)
    not_analysed = sum(r.skipped + r.failed + r.no_result + r.cancelled for r in runs)
    eligible = sum(row.n for row in runs)
    if not works_there(actor) and is_small(eligible, decided, not_analysed):
        return None
    return OverrideSummary(
        eligible=eligible,
        analysed=eligible - not_analysed,
        shown=sum(row.shown for row in findings),
        decided=decided,
        override_fp=fp,
        override_fn=fn,
        rate=wilson(fp + fn, decided) if decided else None,
    )


def counted_days(session: ReadSession, actor: Actor, first: date, last: date) -> tuple[date, date]:
    """Return the days that somebody may be told sums of: whole weeks for people from elsewhere.

    Raises:
        Invalid: no week of them is over.
    """
    if works_there(actor):
        return first, last
    return whole_weeks(first, last, session.now().date())


def series(
    session: ReadSession,
    actor: Actor,
    *,
    version_id: str,
    site_id: str,
    from_day: date,
    finding_key: str | None = None,
) -> list[Series]:
    """Return the daily counts of a version's findings at a site, on the edges now in force."""
    actor.require(Permission.SURVEILLANCE_READ, site_id)
    scope = Scope(version_id, site_id, finding_key, from_day)
    today = session.now().date()
    held = InForce.on(session, today)
    found = [one for turn in places.in_turn(session, actor, scope, (ALL,)) for one in turn]
    references = {one.stream: held.reference(*one.stream) for one in found}
    return [
        one
        for one in found
        if (reference := references[one.stream]) is not None and reference.id == one.reference_id
    ]
