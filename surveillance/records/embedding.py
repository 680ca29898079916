"""Set what a model's vectors are held against: the directions of its first, or the supplier's.

The basis (mean, directions, scales) is kept under its digest, and a reference of its own beside
those of the numbers that it gives. All hold from the day after they were set: each record stands
on the directions of its day, and none is looked at again on others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import numpy as np

from inference.runs import repository as runs
from model_registry.versions import service as versions
from surveillance.measures.histogram import number_edges
from surveillance.measures.principal import Basis, Vectors, fit
from surveillance.records import repository, vectors
from surveillance.records.models import FEATURE
from surveillance.records.repository import Scope
from surveillance.records.vectors import SUBJECT, Source
from surveillance.references import service as references
from surveillance.references.inputs import Input
from surveillance.references.models import Reference, ReferenceSource
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.objects import ObjectStore

# With fewer, directions are those of chance, and each rank's own error is beyond its tolerance.
MIN_VECTORS: Final = 5000
_TELLING: Final = 0.3  # the least part of a direction that a finding is named for


@dataclass(frozen=True)
class Collected:
    """The vectors of a reference; those that are no finite numbers were left out."""

    source: Source
    values: Vectors

    @classmethod
    def of(cls, source: Source, many: Sequence[Vectors | None]) -> "Collected":
        """Keep the vectors that are of the most frequent length, and finite."""
        held = [one for one in many if one is not None and np.isfinite(one).all()]
        lengths = [len(one) for one in held]
        usual = max(set(lengths), key=lengths.count) if lengths else 0
        kept = [one for one in held if len(one) == usual]
        return cls(source, np.array(kept).reshape(len(kept), usual))


def collect(
    session: ReadSession,
    actor: Actor,
    objects: ObjectStore,
    *,
    version_id: str,
    site_id: str,
    first: int,
) -> Collected | None:
    """Read the vectors of a site's first runs; None of a model that has none.

    Takes a second or two where they are embeddings, which are read from the runs' outputs.
    """
    actor.require(Permission.SURVEILLANCE_RUN, site_id)
    source = vectors.source_of(versions.version(session, actor, version_id).manifest)
    if source is None:
        return None
    if source.output is None:
        return Collected.of(source, _scores(session, actor, source, version_id, site_id, first))
    found = runs.first_outputs(session, actor, version_id=version_id, site_id=site_id, limit=first)
    return Collected.of(source, [vectors.of_outputs(objects, d, source.output) for d in found])


def _scores(
    session: ReadSession, actor: Actor, source: Source, version_id: str, site_id: str, first: int
) -> list[Vectors]:
    rows = repository.first_runs(session, actor, Scope(version_id, site_id), first)
    held = repository.scores_of(session, [row.run_pseudonym for row in rows])
    return [
        np.array([scores.get(key) for key in source.findings], dtype=np.float64)
        for scores in held.values()
    ]


def set_reference(
    session: WriteSession,
    actor: Actor,
    objects: ObjectStore,
    *,
    version_id: str,
    site_id: str | None,
    given: Collected,
    source: ReferenceSource,
    reason: str,
) -> tuple[tuple[Reference, ...], str | None]:
    """Freeze the directions of vectors; return the references, or none and why.

    Raises:
        NeedsAPerson: Vigil itself would replace a reference in force.
        NeedsTheNetwork: one site's officer would set it for all.
    """
    n = len(given.values)
    if n < MIN_VECTORS:
        return (), f"{n:,} of the {MIN_VECTORS:,} vectors needed: {MIN_VECTORS - n:,} are missing"
    try:
        basis = fit(given.values, standardised=not given.source.is_embedding)
    except ValueError as error:
        return (), str(error)
    projected = basis.project(given.values)
    numbers: dict[str, Input] = {SUBJECT: _of_basis(given, basis)}
    for name, values in zip(vectors.names(len(basis.scales)), projected.T, strict=True):
        numbers[f"{FEATURE}{name}"] = Input(n, values.tolist(), number_edges(values.tolist()))
    kept = tuple(
        references.keep_input(
            session,
            actor,
            objects,
            version_id=version_id,
            site_id=site_id,
            subject=subject,
            given=each,
            effective_from=session.now().date() + timedelta(days=1),
            reason=reason,
            source=source,
        )
        for subject, each in numbers.items()
    )
    return kept, None


def _of_basis(given: Collected, basis: Basis) -> Input:
    """Return the basis as a reference: its bytes, and what people are told of its directions."""
    source = given.source
    what = (
        f"its embedding {source.output}, {basis.length} numbers"
        if source.is_embedding
        else f"the scores of its {basis.length} findings"
    )
    told: dict[str, Any] = {
        "verb": "sees" if source.is_embedding else "says",
        "what": what,
        "directions": [_called(source, row) for row in basis.directions],
        "spread": basis.spread.tolist(),
    }
    return Input(len(given.values), baselines=told, content=basis.to_bytes())


def _called(source: Source, direction: Vectors) -> str:
    """Name the findings that a direction is made of; of an embedding they have no names."""
    if source.is_embedding:
        return ""
    order = np.argsort(-np.abs(direction), kind="stable")[:3]
    return ", ".join(source.findings[at] for at in order if abs(direction[at]) >= _TELLING)
