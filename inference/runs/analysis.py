"""What a run does with a study's pinned instances: select, guard, preprocess, infer, interpret.

Free of the database, so that a replay is the very same function over the very same pins.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from inference.preprocessing.errors import CannotPreprocess
from inference.preprocessing.tensors import make_inputs
from inference.runs import image_statistics
from inference.runs.facts import present_facts
from inference.runs.image_statistics import Statistics
from inference.runs.models import Outcome
from inference.runs.selection import Candidate, select
from inference.runs.shelf import Shelf
from inference.runtime.errors import ModelFailed, NoResult
from inference.runtime.golden import goldens
from inference.runtime.interpret import Score, scores
from inference.runtime.outputs import to_bytes
from inference.runtime.pool import Runtimes
from inference.runtime.wire import Arrays
from model_registry.packages.archive import ModelPackage
from vigil.kernel.objects import ObjectStore


@dataclass(frozen=True)
class Analysis:
    """How an analysis ended.

    Attributes:
        outcome: SUCCEEDED, NO_RESULT, SKIPPED or FAILED.
        reason: why there is no result; None where there is one.
        scores: what the model says, for each instance it was given.
        outputs: the model's raw outputs as `SOPInstanceUID/name`.
        runtime: the facts of the process that ran it.
        image_statistics: what the images looked like as they were fed; None where none was.
    """

    outcome: Outcome
    reason: str | None = None
    scores: tuple[tuple[Candidate, Score], ...] = ()
    outputs: Arrays = field(default_factory=dict)
    runtime: dict[str, Any] = field(default_factory=dict)
    image_statistics: dict[str, float | None] | None = None

    @property
    def packed(self) -> bytes:
        """The raw outputs in their one form: equal numbers, equal bytes."""
        return to_bytes(self.outputs)


class Analyst:
    """Analyses studies by packages, in the model processes of one worker."""

    def __init__(self, objects: ObjectStore, runtimes: Runtimes) -> None:
        self._objects = objects
        self._runtimes = runtimes
        self._shelf = Shelf(objects)

    def analyse(
        self,
        version_digest: str,
        candidates: Sequence[Candidate],
        thresholds: Mapping[str, float],
    ) -> Analysis:
        """Run a version on the instances that its package wants.

        What the model or an image is to blame for is an outcome; what may pass, such as a disk
        that does not answer, is raised.
        """
        package = self._shelf.package(version_digest)
        selection = select(package.manifest.input, candidates)
        if not selection.chosen:
            return Analysis(Outcome.SKIPPED, selection.reason)
        outputs: Arrays = {}
        found: list[tuple[Candidate, Score]] = []
        runtime: dict[str, Any] = {}
        seen: list[Statistics] = []
        for place, candidate in enumerate(selection.chosen, start=1):
            try:
                given, runtime = self._predict(version_digest, package, candidate, seen)
                uid = candidate.sop_instance_uid
                outputs |= {f"{uid}/{name}": array for name, array in given.items()}
                said = scores(given, package.manifest.output, thresholds)
            except NoResult as error:
                looks = image_statistics.averaged(seen)
                return Analysis(Outcome.NO_RESULT, error.detail, (), outputs, runtime, looks)
            except (ModelFailed, CannotPreprocess) as error:
                # A study of which one image failed is not analysed: half of it would mislead.
                which = f"image {place} of {len(selection.chosen)}"
                return Analysis(Outcome.FAILED, f"{which}: {error.detail}")
            found += [(candidate, score) for score in said]
        looks = image_statistics.averaged(seen)
        return Analysis(Outcome.SUCCEEDED, None, tuple(found), outputs, runtime, looks)

    def _predict(
        self,
        version_digest: str,
        package: ModelPackage,
        candidate: Candidate,
        seen: list[Statistics],
    ) -> tuple[Arrays, dict[str, Any]]:
        data = self._objects.get(candidate.digest)
        declared, attributes = package.manifest.input, candidate.attributes
        inputs = make_inputs(data, declared, attributes)
        seen.append(image_statistics.of_inputs(inputs, declared.tensors, attributes))
        prediction = self._runtimes.predict(
            version_digest,
            lambda: package.model,
            inputs,
            package.manifest.resources,
            lambda: goldens(package),
        )
        return prediction.outputs, present_facts() | prediction.facts
