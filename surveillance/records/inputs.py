"""Set what the inputs of a version are held against at a site: its first runs.

One deed sets the reference of the runs themselves (levels of each axis, shares left out and failed)
and of every number of theirs; all hold from the day after the last of the runs.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from inference.runs.models import Outcome
from surveillance.measures.histogram import number_edges
from surveillance.records import embedding, repository, service
from surveillance.records.embedding import Collected
from surveillance.records.models import FEATURE, WHOLE_RUN, PredictionRecord
from surveillance.records.repository import Scope
from surveillance.records.vectors import STREAM, is_of_vector
from surveillance.references import service as references
from surveillance.references.errors import TooFewCases
from surveillance.references.inputs import Input
from surveillance.references.models import Reference, ReferenceSource
from vigil.kernel.db import WriteSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.objects import ObjectStore

_NO_RESULT = frozenset({Outcome.FAILED, Outcome.NO_RESULT})


@dataclass(frozen=True)
class Inputs:
    """The references that were set, and why each number that has none got none."""

    references: tuple[Reference, ...]
    left_out: Mapping[str, str]


def set_from_records(
    session: WriteSession,
    actor: Actor,
    objects: ObjectStore,
    *,
    version_id: str,
    site_id: str,
    first: int,
    reason: str,
    vectors: Collected | None = None,
) -> Inputs:
    """Set a site's references of inputs from its first runs, and of their vectors.

    Raises:
        TooFewCases: the site has fewer runs than `first`, or `first` is fewer than a reference has.
    """
    actor.require(Permission.SURVEILLANCE_RUN, site_id)
    if first < references.MIN_CASES:
        raise TooFewCases(f"{first} of the {references.MIN_CASES} cases that a reference needs.")
    rows = repository.first_runs(session, actor, Scope(version_id, site_id), first)
    if len(rows) < first:
        raise TooFewCases(f"The site has {len(rows)} of the {first} runs asked for.")
    after = date.fromordinal(rows[-1].day.toordinal() + 1)
    given, left_out = _numbers(rows)
    kept = tuple(
        references.keep_input(
            session,
            actor,
            objects,
            version_id=version_id,
            site_id=site_id,
            subject=subject,
            given=each,
            effective_from=after,
            reason=reason,
        )
        for subject, each in {WHOLE_RUN: _runs(rows), **given}.items()
    )
    service.rebuild(session, Scope(version_id, site_id, None, after))
    if vectors is not None:
        of_vectors, why = embedding.set_reference(
            session,
            actor,
            objects,
            version_id=version_id,
            site_id=site_id,
            given=vectors,
            source=ReferenceSource.SITE,
            reason=reason,
        )
        kept += of_vectors
        left_out |= {STREAM: why} if why else {}
    return Inputs(kept, left_out)


def _runs(rows: Sequence[PredictionRecord]) -> Input:
    axes = dict.fromkeys(axis for row in rows for axis in row.attributes)
    levels = {axis: dict(Counter(row.attributes.get(axis) for row in rows)) for axis in axes}
    n = len(rows)
    skipped = sum(row.outcome is Outcome.SKIPPED for row in rows)
    failed = sum(row.outcome in _NO_RESULT for row in rows)
    shares = {"skipped": [skipped, n], "failed": [failed, n]}
    known = {axis: {k: v for k, v in had.items() if k is not None} for axis, had in levels.items()}
    return Input(n, baselines={"levels": known, **shares})


def _numbers(rows: Sequence[PredictionRecord]) -> tuple[dict[str, Input], dict[str, str]]:
    values: dict[str, list[float | None]] = {}
    for row in rows:
        for name, value in (row.features or {}).items():
            values.setdefault(name, []).append(value)
    given, left_out = {}, {}
    for name, each in sorted(values.items()):
        if is_of_vector(name):
            continue
        known = [value for value in each if value is not None and math.isfinite(value)]
        if len(known) < references.MIN_CASES:
            left_out[name] = f"{len(known)} of the {references.MIN_CASES} values needed"
        else:
            given[f"{FEATURE}{name}"] = Input(len(each), each, number_edges(known))
    return given, left_out
