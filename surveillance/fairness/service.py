"""Compare the groups that a version serves: every gap of it, judged together.

Chance findings are reckoned over all gaps of the version at once; what is asked for is narrowed
only afterwards, so that nobody finds a gap by asking for less.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from model_registry.packages.documents import read_card
from model_registry.packages.layout import CARD
from model_registry.safety.configuration import effective_thresholds
from model_registry.versions import contents
from model_registry.versions import service as versions
from model_registry.versions.models import ModelVersion
from surveillance import disclosure
from surveillance.axes import ALL
from surveillance.crosses import service as crosses
from surveillance.disclosure import works_there
from surveillance.fairness import (
    claimed,
    hidden,
    history,
    mix,
    pairing,
    patients,
    repeats,
    repository,
)
from surveillance.fairness.cells import Cell, sides
from surveillance.fairness.contrasts import Contrast, Gap, judge
from surveillance.fairness.counting import SITE, Counted, Group, counted
from surveillance.fairness.design import Design
from surveillance.fairness.hidden import Behind, Key
from surveillance.fairness.history import Course, Explained
from surveillance.fairness.kinds import Against, Method, Verdict
from surveillance.fairness.mix import Mix
from surveillance.fairness.pairing import Sides
from surveillance.fairness.patients import Columns
from surveillance.fairness.suppression import Withheld
from surveillance.local_tests import claims as claim_lines
from surveillance.records.models import WHOLE_RUN, Basis
from surveillance.records.repository import Scope
from surveillance.truth import service as truth
from vigil.kernel.db import ReadSession
from vigil.kernel.errors import Fault, Invalid, NotFound
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.objects import ObjectStore

MONTHS = 12
# Beyond, whole patients are sampled, always the same ones.
MOST_RECORDS = 60_000
# Enough to tell how often patients come again, and what the mix of cases does.
SAMPLE = 8_000
_LONGEST = 120  # months
_LOUD = frozenset({Verdict.GAP, Verdict.POSSIBLE})
Hidden = Mapping[Key, Behind]


@dataclass(frozen=True)
class Period:
    """Whole days, and the first day of each month in them."""

    from_day: date
    to_day: date
    starts: tuple[date, ...]


@dataclass(frozen=True)
class Found:
    """A gap as it may be shown: of a withheld one neither numbers nor verdict.

    Attributes:
        mix: what it is made of; of a hidden one, what it would be where like is compared.
        behind: the adjusted p of what the mix hides; None where it hides nothing.
    """

    gap: Gap
    withheld: bool
    course: Course | None = None
    mix: Mix | None = None
    behind: float | None = None
    explained: Sequence[Explained] = ()


@dataclass(frozen=True)
class Fairness:
    """All that is said of a version.

    Attributes:
        found: the loudest first.
        looks: how many gaps were judged together.
        alone: axes on which every case is of one level: nothing to compare.
        overall: the figures of everybody together, by finding.
        labelled: how many labelled cases the figures are of, of all `cases`.
        sampled: there were more records than are read at once, so that mixes, and with the records
            all figures, are those of a sample.
    """

    version: ModelVersion
    site_id: str | None
    period: Period
    method: Method
    found: Sequence[Found]
    looks: int
    alone: Sequence[str]
    overall: Mapping[str, Sides]
    labelled: int
    cases: int
    sampled: bool = False

    def of(self, verdict: Verdict) -> list[Found]:
        return [each for each in self.found if each.gap.verdict is verdict and not each.withheld]

    @property
    def withheld(self) -> int:
        return sum(each.withheld for each in self.found)


def fairness(
    session: ReadSession,
    actor: Actor,
    objects: ObjectStore,
    *,
    version_id: str,
    site_id: str | None = None,
    finding_key: str | None = None,
    from_day: date | None = None,
    to_day: date | None = None,
    method: Method = Method.COUNTS,
    is_for_all: bool = False,
) -> Fairness:
    """Compare the groups of a version, at one site or at all that the actor may read.

    With `is_for_all`, what is withheld from people from elsewhere is withheld: it is written down,
    and who will read it is not known.

    Raises:
        Invalid: the period is upside down or too long, or no week of it is over.
        UnknownVersion: the actor may not see such a version.
    """
    actor.require(Permission.SURVEILLANCE_READ, site_id)
    version = versions.version(session, actor, version_id)
    when = period(session, from_day, to_day, whole_weeks=not works_there(actor))
    everywhere = _count(session, actor, version_id, when)
    here = everywhere.at(None if site_id is None else frozenset({site_id}))
    cells = here.by(lambda place: place.group)
    most = MOST_RECORDS if method is Method.RECORDS else SAMPLE
    tables, sampled = _tables(session, actor, version_id, site_id, when, most)
    design = repeats.design(tables, is_all=not sampled)
    own = (
        [each for table in tables for each in patients.contrasts(table)]
        if method is Method.RECORDS
        else pairing.contrasts(cells, design)
    )
    half = len(when.starts) // 2
    over_time = history.changes(here, half, design) if half else []
    judged = judge([*own, *_of_claims(session, objects, version, cells, design), *over_time])
    behind = hidden.behind(judged, tables, design)
    gaps = [replace(g, verdict=Verdict.HIDDEN) if g.key in behind else g for g in judged]
    is_staff = works_there(actor) and not is_for_all
    sites = None if site_id is None else frozenset({site_id})
    withheld = Withheld(everywhere, sites, is_staff=is_staff)
    parts = history.by_part(here)
    context = _Context(here, parts, half, design, tables, behind)
    asked = [gap for gap in gaps if finding_key in {None, gap.contrast.finding_key}]
    found = [
        *(Found(gap, withheld=True) for gap in asked if withheld.withholds(gap.contrast)),
        *context.found([gap for gap in asked if not withheld.withholds(gap.contrast)]),
    ]
    return Fairness(
        version=version,
        site_id=site_id,
        period=when,
        method=method,
        found=sorted(found, key=_loudness),
        looks=sum(gap.p is not None for gap in gaps),
        alone=[axis for axis in pairing.alone(cells) if axis != SITE],
        overall={g.finding_key: sides(cell) for g, cell in cells.items() if g.axis == ALL},
        labelled=_labelled(cells),
        cases=round(sum(c["n"] for g, c in cells.items() if _is_total(g))),
        sampled=sampled,
    )


def period(
    session: ReadSession, from_day: date | None, to_day: date | None, *, whole_weeks: bool = False
) -> Period:
    """Return the period asked for; by default the last twelve months, this one included.

    Whole weeks that are over are for people from elsewhere: two looks a day apart could else be
    subtracted from each other.

    Raises:
        Invalid: it is upside down, too long, or no week of it is over.
    """
    last = to_day or session.now().date()
    first = from_day or _months_before(last, MONTHS - 1)
    if first > last:
        raise Invalid.because([Fault("from", "after the last day", "Give an earlier day")])
    if whole_weeks:
        first, last = disclosure.whole_weeks(first, last, session.now().date())
    starts = [first]
    while (following := _months_before(starts[-1], -1)) <= last:
        starts.append(following)
    if len(starts) > _LONGEST:
        raise Invalid.because([Fault("from", "too long ago", f"Ask for {_LONGEST} months")])
    return Period(first, last, tuple(starts))


def _count(session: ReadSession, actor: Actor, version_id: str, when: Period) -> Counted:
    scope = Scope(version_id, None, None, when.from_day, when.to_day)
    rows = repository.monthly(session, actor, scope, when.starts)
    truths = truth.series(
        session, actor, scope, basis=Basis.EXAM, axes=(ALL, *crosses.axes(session, version_id))
    )
    return counted(rows, truths, when.starts)


def _tables(
    session: ReadSession,
    actor: Actor,
    version_id: str,
    site_id: str | None,
    when: Period,
    most: int,
) -> tuple[list[Columns], bool]:
    """Return the records, or those of about as many patients as have `most`; and which it was."""
    scope = Scope(version_id, site_id, None, when.from_day, when.to_day)
    share = most / max(1, repository.count(session, actor, scope))
    rows = repository.records(session, actor, scope, min(1.0, share))
    return patients.columns(rows, crosses.axes(session, version_id)), share < 1


def _of_claims(
    session: ReadSession,
    objects: ObjectStore,
    version: ModelVersion,
    cells: Mapping[Group, Cell],
    design: Design,
) -> list[Contrast]:
    """Hold groups against the card's claims; nothing where its package is not to be had."""
    try:
        card = contents.contents_of(session, objects, version).documents.get(CARD)
    except NotFound:
        return []
    if card is None:
        return []
    claims = claim_lines.read(read_card(card), versions.manifest(version).findings)
    return claimed.contrasts(cells, claims, effective_thresholds(version, {}), design)


@dataclass(frozen=True)
class _Context:
    """What a gap's course and causes are read from."""

    counts: Counted
    parts: history.Parts
    half: int
    design: Design
    tables: Sequence[Columns]
    behind: Hidden

    def found(self, gaps: Sequence[Gap]) -> list[Found]:
        courses = history.courses(gaps, self.parts, self.design)
        return [self._found(gap, course) for gap, course in zip(gaps, courses, strict=True)]

    def _found(self, gap: Gap, course: Course) -> Found:
        is_loud = gap.verdict in _LOUD
        if gap.interval is None or gap.contrast.against is Against.CLAIM:
            return Found(gap, withheld=False)
        if gap.contrast.against is Against.EARLIER:
            told = history.explained(gap, self.counts, self.half) if is_loud else []
            return Found(gap, withheld=False, explained=told)
        if gap.key in self.behind:
            told_of = self.behind[gap.key]
            return Found(gap, False, course, told_of.mix, told_of.adjusted)
        return Found(gap, withheld=False, course=course, mix=self._mix(gap) if is_loud else None)

    def _mix(self, gap: Gap) -> Mix | None:
        for table in self.tables:
            if table.finding_key == gap.contrast.finding_key:
                return mix.of_gap(table, gap, mix.freedom_of(gap, self.design))
        return None


def _loudness(found: Found) -> tuple[object, ...]:
    gap = found.gap
    order = list(Verdict).index(gap.verdict)
    size = abs(gap.interval.estimate) if gap.interval else 0.0
    return found.withheld, order, gap.p if gap.p is not None else 1.0, -size


def _labelled(cells: Mapping[Group, Cell]) -> int:
    return sum(c.positives + c.negatives for group, c in cells.items() if _is_total(group))


def _is_total(group: Group) -> bool:
    return group.axis == ALL and group.finding_key != WHOLE_RUN


def _months_before(day: date, months: int) -> date:
    """Return the first day of a month so many before that of a day."""
    whole = day.year * 12 + day.month - 1 - months
    return date(whole // 12, whole % 12 + 1, 1)
