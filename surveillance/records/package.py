"""Set the supplier's references from the validation set in a version's package.

Never by itself: a person of the network asks for it, with a reason, and one in force is superseded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from model_registry.packages.layout import REFERENCE
from model_registry.versions import service as versions
from surveillance.records import baseline
from surveillance.references import parquet
from surveillance.references.errors import NothingOffered, TooFewCases
from surveillance.references.models import Reference, ReferenceSource
from surveillance.references.parquet import Offered
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.errors import Invalid
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.objects import ObjectStore


@dataclass(frozen=True)
class FromPackage:
    """The references that were set, what each left out, and why a finding got none."""

    references: tuple[Reference, ...]
    left_out: Mapping[str, str]


def read(
    session: ReadSession, actor: Actor, objects: ObjectStore, version_id: str
) -> list[Offered]:
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
    found = parquet.offered(parquet.read(package.read(REFERENCE)), thresholds)
    if not found:
        raise NothingOffered(f"It has no column named {', '.join(thresholds)}.")
    return found


def set_references(
    session: WriteSession,
    actor: Actor,
    objects: ObjectStore,
    *,
    version_id: str,
    sets: Sequence[Offered],
    reason: str,
) -> FromPackage:
    """Set a general reference of each finding; those that cannot be are named with the reason."""
    kept, left_out = [], {}
    for one in sets:
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
