"""Set a reference, signed by a person with a reason, and find the one that counts on a day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from surveillance.measures.histogram import Edges, quantile_edges
from surveillance.references import baselines, repository
from surveillance.references.cases import Case, Columns, from_bytes, to_bytes
from surveillance.references.errors import (
    NeedsAPerson,
    NeedsTheNetwork,
    NoReference,
    TooFewCases,
)
from surveillance.references.inputs import Input
from surveillance.references.models import Reference, ReferenceSource, ReferenceStatus
from vigil.kernel.audit import service as audit
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.errors import Fault, Invalid
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.objects import ObjectStore

# With fewer, the reference's own error is wider than any shift of clinical interest.
MIN_CASES = 200


@dataclass(frozen=True)
class Baseline:
    """How often readers overrode the model while people found that right.

    Attributes:
        override_fp: how many of the overrides were of flags, if that is known.
        override_fn: how many were of what the model did not flag.
        shown: how many cases readers could have decided, if that is known.
    """

    decided: int = 0
    overridden: int = 0
    override_fp: int | None = None
    override_fn: int | None = None
    shown: int | None = None

    @property
    def shares(self) -> dict[str, list[int]]:
        """Return what `baselines.shares` has no case for: events, and of how many."""
        ignored = None if self.shown is None else self.shown - self.decided
        found = {
            "override_fp": (self.override_fp, self.decided),
            "override_fn": (self.override_fn, self.decided),
            "ignored": (ignored, self.shown),
        }
        return {name: [k, n] for name, (k, n) in found.items() if k is not None and n}


NO_BASELINE = Baseline()


def keep(
    session: WriteSession,
    actor: Actor,
    objects: ObjectStore,
    *,
    version_id: str,
    site_id: str | None,
    finding_key: str,
    cases: Sequence[Case],
    source: ReferenceSource,
    effective_from: date,
    reason: str,
    baseline: Baseline = NO_BASELINE,
) -> Reference:
    """Keep a new reference; the one in force until now is superseded and stays readable.

    Raises:
        Invalid: a score is no number, or all are alike.
        TooFewCases: fewer than `MIN_CASES`.
        NeedsAPerson: Vigil itself would replace a reference in force.
        NeedsTheNetwork: one site's officer would set it for all.
    """
    before = _before(session, actor, version_id, site_id, finding_key)
    edges = _checked(cases, baseline)
    _supersede(session, before)
    scores = [case.score for case in cases]
    labelled = _labelled(edges, cases)
    row = Reference(
        id=session.new_id("ref"),
        version_id=version_id,
        site_id=site_id,
        finding_key=finding_key,
        edges=list(edges.cuts),
        histogram=edges.count(scores).tolist(),
        n=len(scores),
        flagged=sum(case.flagged for case in cases),
        decided=baseline.decided,
        overridden=baseline.overridden,
        cases_digest=objects.put(to_bytes(cases)),
        source=source,
        effective_from=effective_from,
        set_by=actor.id,
        set_at=session.now(),
        reason=reason,
        supersedes_id=before.id if before else None,
        positives=labelled.get("positives"),
        negatives=labelled.get("negatives"),
        baselines=baselines.shares(cases) | baseline.shares,
        groups=baselines.groups(cases, edges),
    )
    session.add(row)
    session.flush()
    _note(session, actor, row)
    return row


def keep_input(
    session: WriteSession,
    actor: Actor,
    objects: ObjectStore,
    *,
    version_id: str,
    site_id: str | None,
    subject: str,
    given: Input,
    effective_from: date,
    reason: str,
    source: ReferenceSource = ReferenceSource.SITE,
) -> Reference:
    """Keep a reference of a number, or of the runs themselves, which have levels and no edges.

    Raises:
        NeedsAPerson: Vigil itself would replace a reference in force.
        NeedsTheNetwork: one site's officer would set it for all.
    """
    before = _before(session, actor, version_id, site_id, subject)
    _supersede(session, before)
    row = Reference(
        id=session.new_id("ref"),
        version_id=version_id,
        site_id=site_id,
        finding_key=subject,
        edges=list(given.edges.cuts) if given.edges else [],
        histogram=given.edges.count(given.values).tolist() if given.edges else [],
        n=given.n,
        flagged=0,
        cases_digest=objects.put(given.to_bytes()),
        source=source,
        effective_from=effective_from,
        set_by=actor.id,
        set_at=session.now(),
        reason=reason,
        supersedes_id=before.id if before else None,
        baselines=dict(given.baselines),
    )
    session.add(row)
    session.flush()
    _note(session, actor, row)
    return row


def on_day(
    session: ReadSession, version_id: str, site_id: str, finding_key: str, day: date
) -> Reference | None:
    return repository.on_day(session, version_id, site_id, finding_key, day)


def references(
    session: ReadSession, actor: Actor, version_id: str | None = None
) -> Sequence[Reference]:
    actor.require(Permission.SURVEILLANCE_READ)
    return repository.references(session, actor, version_id)


def reference(session: ReadSession, actor: Actor, reference_id: str) -> Reference:
    actor.require(Permission.SURVEILLANCE_READ)
    found = repository.reference(session, reference_id)
    if found is None or (found.site_id is not None and not actor.reads_site(found.site_id)):
        raise NoReference("No reference has this id.")
    return found


def cases(objects: ObjectStore, of: Reference) -> Columns:
    """Return the frozen cases of a reference, as columns."""
    return from_bytes(objects.get(of.cases_digest))


def _before(
    session: WriteSession, actor: Actor, version_id: str, site_id: str | None, subject: str
) -> Reference | None:
    """Return the reference in force that a new one would supersede, if the actor may do so."""
    actor.require(Permission.SURVEILLANCE_RUN, site_id)
    if site_id is None and actor.sites is not None:
        raise NeedsTheNetwork("A reference for every site is set by who may read every site.")
    before = repository.active(session, version_id, site_id, subject)
    if before is not None and actor.is_system:
        raise NeedsAPerson("A person signs for a new reference, with a reason.")
    return before


def _supersede(session: WriteSession, before: Reference | None) -> None:
    if before is not None:
        before.status = ReferenceStatus.SUPERSEDED
        session.add(before)
        session.flush()


def _labelled(edges: Edges, cases: Sequence[Case]) -> dict[str, list[int]]:
    """Return the labelled cases on the same edges, if there are any."""
    if all(case.truth is None for case in cases):
        return {}
    return {
        name: edges.count(case.score for case in cases if case.truth is truth).tolist()
        for name, truth in (("positives", True), ("negatives", False))
    }


def _checked(cases: Sequence[Case], baseline: Baseline) -> Edges:
    """Return the edges that the cases give, if they can be a reference."""
    if len(cases) < MIN_CASES:
        raise TooFewCases(f"{len(cases)} of the {MIN_CASES} cases that a reference needs.")
    if not 0 <= baseline.overridden <= baseline.decided:
        fault = Fault("baseline", "more overrides than decisions", "Give overridden <= decided")
        raise Invalid.because([fault])
    try:
        return quantile_edges([case.score for case in cases])
    except ValueError as error:
        fault = Fault("scores", str(error), "Give the scores of the validation set")
        raise Invalid.because([fault]) from None


def _note(session: WriteSession, actor: Actor, row: Reference) -> None:
    audit.record(
        session,
        actor,
        "surveillance:reference:set",
        row.id,
        row.reason,
        version=row.version_id,
        site=row.site_id,
        finding=row.finding_key,
        n=row.n,
        source=row.source.value,
        supersedes=row.supersedes_id,
    )
