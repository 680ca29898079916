"""Do a past run again from its pins and compare (design invariant 3)."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from inference.runs import service
from inference.runs.analysis import Analyst
from inference.runs.errors import NotReplayable
from inference.runs.facts import DECISIVE
from inference.runtime.outputs import from_bytes
from inference.runtime.wire import Array, Arrays
from model_registry.deployments import service as deployments
from vigil.kernel.audit import service as audit
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.parts import Parts


@dataclass(frozen=True)
class Replay:
    """What a replay showed.

    Attributes:
        run_id: the run that was done again.
        identical: whether every bit of the raw outputs is the same.
        largest_difference: the largest absolute one; infinite where shapes differ or one is a NaN.
        same_runtime: whether it ran on the runtime that the run pinned.
    """

    run_id: str
    identical: bool
    largest_difference: float
    same_runtime: bool


def replay(parts: Parts, actor: Actor, analyst: Analyst, run_id: str, reason: str) -> Replay:
    """Run the pinned instances through the pinned version and compare with what was kept.

    Raises:
        UnknownRun: there is none, or not for this actor.
        NotReplayable: it never reached the model.
    """
    with parts.database.read() as session:
        run = service.run(session, actor, run_id)
        actor.require(Permission.RUN_REPLAY, run.site_id)
        candidates = service.candidates(session, actor, run)
        thresholds = deployments.thresholds_at(session, run.deployment_id, run.deployment_revision)
    if run.outputs_digest is None:
        raise NotReplayable(f"It ended as {run.outcome}, without outputs of the model.")
    analysis = analyst.analyse(run.version_digest, candidates, thresholds)
    kept = parts.objects.get(run.outputs_digest)
    found = Replay(
        run_id,
        identical=analysis.packed == kept,
        largest_difference=_largest_difference(from_bytes(kept), analysis.outputs),
        same_runtime=_is_same(run.runtime, analysis.runtime),
    )
    with parts.database.write() as session:
        audit.record(
            session, actor, "inference:run:replay", run_id, reason, identical=found.identical
        )
    return found


def _largest_difference(kept: Arrays, made: Arrays) -> float:
    if {n: a.shape for n, a in kept.items()} != {n: a.shape for n, a in made.items()}:
        return float("inf")
    return max((_apart(kept[n].astype(float), made[n].astype(float)) for n in kept), default=0.0)


def _apart(kept: Array, made: Array) -> float:
    """Return how far two arrays are apart: a NaN is as far as can be from all but a NaN."""
    with np.errstate(invalid="ignore"):
        same = (kept == made) | (np.isnan(kept) & np.isnan(made))
        apart = np.nan_to_num(np.where(same, 0.0, np.abs(kept - made)), nan=np.inf)
    return float(apart.max(initial=0.0))


def _is_same(pinned: dict[str, Any], present: dict[str, Any]) -> bool:
    """Whether no fact that both name differs: early runs pinned fewer of them."""
    return all(pinned[n] == present[n] for n in DECISIVE if n in pinned and n in present)
