"""Set the supplier's references from the validation set in a version's package.

Never by itself: a person of the network asks for it, with a reason, and one in force is superseded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model_registry.packages.layout import REFERENCE
from model_registry.versions import service as versions
from surveillance.records import baseline, embedding, vectors
from surveillance.records.embedding import Collected
from surveillance.records.vectors import STREAM, Source
from surveillance.references import parquet
from surveillance.references.errors import NothingOffered, TooFewCases
from surveillance.references.models import Reference, ReferenceSource
from surveillance.references.parquet import Offered, Table
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.errors import Invalid
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.objects import ObjectStore


@dataclass(frozen=True)
class Sets:
    """What a package's validation set holds: cases of findings, and vectors where it has any."""

    findings: Sequence[Offered]
    vectors: Collected | None = None


@dataclass(frozen=True)
class FromPackage:
    """The references that were set, what each left out, and why a finding got none."""

    references: tuple[Reference, ...]
    left_out: Mapping[str, str]


def read(session: ReadSession, actor: Actor, objects: ObjectStore, version_id: str) -> Sets:
    """Return the validation set of each finding. Takes seconds: hold no write session meanwhile.

    Raises:
        NothingOffered: the manifest names none, or no column of it is a finding's.
        UnreadableTable: it is no Parquet file, or too large.
    """
    actor.require(Permission.SURVEILLANCE_RUN)
    version = versions.version(session, actor, version_id)
    manifest = versions.manifest(version)
    if manifest.monitoring.reference is None:
        raise NothingOffered("The manifest names none at monitoring.reference.")
    thresholds = {
        finding.key: finding.threshold
        for output in manifest.output
        for finding in getattr(output, "findings", ())
    }
    package = versions.package(objects, version)
    table = parquet.read(package.read(REFERENCE))
    found = parquet.offered(table, thresholds)
    if not found:
        raise NothingOffered(f"It has no column named {', '.join(thresholds)}.")
    return Sets(found, _vectors(table, vectors.source_of(version.manifest)))


def _vectors(table: Table, source: Source | None) -> Collected | None:
    """Return the column of lists that the embedding names, or the scores of every finding."""
    if source is None:
        return None
    if source.output is not None:
        column = table.get(source.output)
        return Collected.of(source, list(map(_vector, column))) if column else None
    if not table.keys() >= {*source.findings}:
        return None
    rows = zip(*(table[key] for key in source.findings), strict=True)
    return Collected.of(source, [_vector(row) for row in rows])


def _vector(row: object) -> NDArray[np.float64] | None:
    try:
        return np.array(row, dtype=np.float64).reshape(-1)
    except (TypeError, ValueError):
        return None


def set_references(
    session: WriteSession,
    actor: Actor,
    objects: ObjectStore,
    *,
    version_id: str,
    sets: Sets,
    reason: str,
) -> FromPackage:
    """Set a general reference of each finding, and of vectors; what cannot be is named, and why."""
    kept: list[Reference] = []
    left_out: dict[str, str] = {}
    if sets.vectors is not None:
        found, why = embedding.set_reference(
            session,
            actor,
            objects,
            version_id=version_id,
            site_id=None,
            given=sets.vectors,
            source=ReferenceSource.PACKAGE,
            reason=reason,
        )
        kept += found
        left_out |= {STREAM: why} if why else {}
    for one in sets.findings:
        key = one.finding_key
        if one.left_out:
            left_out[key] = f"{one.left_out} rows without a score"
        try:
            kept.append(
                baseline.set_from_cases(
                    session,
                    actor,
                    objects,
                    version_id=version_id,
                    finding_key=key,
                    cases=one.cases,
                    source=ReferenceSource.PACKAGE,
                    reason=reason,
                )
            )
        except (TooFewCases, Invalid) as error:
            left_out[key] = str(error.detail)
    return FromPackage(tuple(kept), left_out)
