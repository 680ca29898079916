"""Set the reference of a version's finding, and count the days it holds for on its edges."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from inference.decisions.models import Decision
from surveillance.axes import AXES, EVERYWHERE, UNKNOWN, crossed, parts
from surveillance.crosses import service as crosses
from surveillance.records import repository, service
from surveillance.records.folding import SHOWN
from surveillance.records.models import PredictionRecord
from surveillance.records.repository import Scope
from surveillance.references import service as references
from surveillance.references.cases import Case
from surveillance.references.errors import TooFewCases
from surveillance.references.models import Reference, ReferenceSource
from surveillance.references.service import NO_BASELINE, Baseline
from vigil.kernel.db import WriteSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.objects import ObjectStore

_OVERRIDES = frozenset({Decision.OVERRIDE_FP, Decision.OVERRIDE_FN})


def set_from_cases(
    session: WriteSession,
    actor: Actor,
    objects: ObjectStore,
    *,
    version_id: str,
    finding_key: str,
    cases: Sequence[Case],
    reason: str,
    site_id: str | None = None,
    baseline: Baseline = NO_BASELINE,
    effective_from: date | None = None,
    source: ReferenceSource = ReferenceSource.PACKAGE,
) -> Reference:
    """Set the reference from a validation set; it holds from today, or from the day named."""
    day = effective_from or session.now().date()
    named = (EVERYWHERE, *crosses.of_versions(session, [version_id])[version_id])
    row = references.keep(
        session,
        actor,
        objects,
        version_id=version_id,
        site_id=site_id,
        finding_key=finding_key,
        cases=[_on_crosses(case, named) for case in cases],
        source=source,
        effective_from=day,
        reason=reason,
        baseline=baseline,
    )
    service.rebuild(session, Scope(version_id, site_id, finding_key, day))
    return row


def set_from_records(
    session: WriteSession,
    actor: Actor,
    objects: ObjectStore,
    *,
    version_id: str,
    site_id: str,
    finding_key: str,
    first: int,
    reason: str,
) -> Reference:
    """Set a site's reference from its first cases; it holds from the day after the last of them.

    Raises:
        TooFewCases: the site has fewer than `first` cases with a score.
    """
    actor.require(Permission.SURVEILLANCE_RUN, site_id)
    rows = repository.first(session, actor, Scope(version_id, site_id, finding_key), first)
    if len(rows) < first:
        raise TooFewCases(f"The site has {len(rows)} of the {first} cases asked for.")
    after = date.fromordinal(rows[-1].day.toordinal() + 1)
    row = references.keep(
        session,
        actor,
        objects,
        version_id=version_id,
        site_id=site_id,
        finding_key=finding_key,
        cases=[_case(record) for record in rows],
        source=ReferenceSource.SITE,
        effective_from=after,
        reason=reason,
        baseline=_baseline(rows),
    )
    service.rebuild(session, Scope(version_id, site_id, finding_key, after))
    return row


def _on_crosses(case: Case, named: Sequence[str]) -> Case:
    """Give a case its level on each cross whose parts it knows and that it has none on."""
    wanted = [
        axis for axis in named if axis not in case.levels and case.levels.keys() >= {*parts(axis)}
    ]
    if not wanted:
        return case
    levels = crossed(case.levels, wanted)
    return replace(case, levels={**case.levels, **{axis: levels[axis] for axis in wanted}})


def _case(record: PredictionRecord) -> Case:
    levels = {**dict.fromkeys(AXES, UNKNOWN), **record.attributes}
    return Case(float(record.score or 0.0), record.flagged is True, levels, record.truth)


def _baseline(rows: Sequence[PredictionRecord]) -> Baseline:
    decided = [row.decision for row in rows if row.mode in SHOWN and row.decision is not None]
    return Baseline(
        len(decided),
        sum(decision in _OVERRIDES for decision in decided),
        override_fp=decided.count(Decision.OVERRIDE_FP),
        override_fn=decided.count(Decision.OVERRIDE_FN),
        shown=sum(row.mode in SHOWN for row in rows),
    )
