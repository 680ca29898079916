"""What a model's output is as a whole: one vector of a run, kept as the few numbers it comes to.

The vector is the output that the manifest declares an embedding, averaged over the run's images;
of a model without one, the scores of its findings, where they are three or more. Surveillance
keeps no vector: only its length, and where it stands on the directions of the reference that holds
on the run's day. They are numbers of the run like any other, counted and rebuilt as those are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from inference.runs.models import Outcome, Run
from inference.runtime import outputs
from model_registry.versions import service as versions
from surveillance.measures.principal import Basis, Vectors
from surveillance.records.facts import FindingFacts, RunFacts
from surveillance.records.models import FEATURE
from surveillance.records.numbers import Numbers
from surveillance.references import service as references
from surveillance.references.models import Reference
from vigil.kernel.db import ReadSession
from vigil.kernel.errors import NotFound
from vigil.kernel.identity.actor import Actor
from vigil.kernel.objects import ObjectStore

STREAM: Final = "embedding"
SUBJECT: Final = f"{FEATURE}{STREAM}"
NORM: Final = f"{STREAM}_norm"
DISTANCE: Final = f"{STREAM}_distance"
LEAST_FINDINGS: Final = 3


@dataclass(frozen=True)
class Source:
    """What the vector is: the output of a name, or without one the scores of these findings."""

    output: str | None
    findings: tuple[str, ...]

    @property
    def is_embedding(self) -> bool:
        return self.output is not None


def source_of(manifest: Mapping[str, Any]) -> Source | None:
    """Return what a model's vector is; None where it has an embedding no more than three scores."""
    declared = manifest.get("output") or ()
    keys = tuple(str(one["key"]) for each in declared for one in each.get("findings") or ())
    named = next((str(each["name"]) for each in declared if each.get("kind") == "embedding"), None)
    return Source(named, keys) if named is not None or len(keys) >= LEAST_FINDINGS else None


def names(directions: int) -> list[str]:
    """Return the names of the numbers, in the order of `Basis.project`."""
    return [*(f"{STREAM}_{place + 1}" for place in range(directions)), NORM, DISTANCE]


def is_of_vector(name: str) -> bool:
    """Whether a number of runs is one of their vector's: it has its reference with the others."""
    return name.startswith(f"{STREAM}_")


def numbers(vector: Vectors | None, basis: Basis | None) -> Numbers:
    """Return what is kept of a vector; of a wrong length it is no number, without one missing."""
    kept = [NORM] if basis is None else names(len(basis.scales))
    if vector is None:
        return dict.fromkeys(kept)
    if basis is None:
        with np.errstate(over="ignore", invalid="ignore"):
            return {NORM: float(np.sqrt((vector**2).sum()))}
    if vector.shape != basis.mean.shape:
        return dict.fromkeys(kept, float("nan"))
    return dict(zip(kept, basis.project(vector[None])[0].tolist(), strict=True))


def of_scores(source: Source, findings: Sequence[FindingFacts]) -> Vectors:
    """Return the scores in the order of the manifest; one that is not there is no number."""
    held = {finding.key: finding.score for finding in findings}
    scores = [held.get(key) for key in source.findings]
    return np.array([np.nan if score is None else score for score in scores], dtype=np.float64)


def of_outputs(objects: ObjectStore, digest: str | None, output: str) -> Vectors | None:
    """Return the mean of an output over a run's images; no number where their lengths differ."""
    if digest is None:
        return None
    try:
        found = outputs.vectors(objects.get(digest), output)
    except NotFound:
        return None
    if not found:
        return None
    if len({len(each) for each in found}) > 1:
        return np.full(len(found[0]), np.nan)
    with np.errstate(over="ignore", invalid="ignore"):
        mean: Vectors = np.mean([each.astype(np.float64) for each in found], axis=0)
    return mean


@dataclass
class Projector:
    """Reads a run's vector and says where it stands.

    What a version's vector is and the bases are kept: neither ever changes.
    """

    objects: ObjectStore
    _sources: dict[str, Source | None] = field(default_factory=dict)
    _bases: dict[str, Basis] = field(default_factory=dict)

    def of_run(self, session: ReadSession, actor: Actor, run: Run, facts: RunFacts) -> Numbers:
        """Return the numbers of a run that answered; none of a model that has no vector."""
        source = self._source(session, actor, run.version_id)
        if source is None or facts.outcome not in {Outcome.SUCCEEDED, Outcome.NO_RESULT}:
            return {}
        if source.output is not None:
            vector = of_outputs(self.objects, run.outputs_digest, source.output)
        elif facts.findings:
            vector = of_scores(source, facts.findings)
        else:
            return {}
        place = (facts.version_id, facts.site_id)
        reference = references.on_day(session, *place, SUBJECT, facts.day)
        return numbers(vector, self._basis(reference))

    def _source(self, session: ReadSession, actor: Actor, version_id: str) -> Source | None:
        if version_id not in self._sources:
            manifest = versions.version(session, actor, version_id).manifest
            self._sources[version_id] = source_of(manifest)
        return self._sources[version_id]

    def _basis(self, reference: Reference | None) -> Basis | None:
        if reference is None:
            return None
        digest = reference.cases_digest
        if digest not in self._bases:
            self._bases[digest] = Basis.from_bytes(self.objects.get(digest))
        return self._bases[digest]
