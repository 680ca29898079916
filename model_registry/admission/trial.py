"""The checks that run the model: loaded, measured, held against its golden cases, run again.

Every run is in the locked-down child of the runtime. One process serves the measuring; another,
fresh one shows that nothing of the first had a part in its numbers; batches get one of their own.
"""

import hashlib
import math
import statistics
import time
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from model_registry.admission import batches
from model_registry.admission.errors import OverBudget
from model_registry.admission.runner import GoldenRunner, LoadedModel, Loading, Measured
from model_registry.admission.verdict import Failed, Found
from model_registry.packages.archive import ModelPackage
from model_registry.packages.arrays import Array
from model_registry.packages.golden import GoldenCase
from model_registry.packages.structure import Structure
from vigil.kernel.errors import Unavailable, VigilError

# Enough for a 95th percentile that one slow run cannot make; each case is run thrice at least.
RUNS: Final = 20
REPEATS: Final = 3
# A slow model is run often enough in the first; what takes longer than the second is refused.
ENOUGH_SECONDS: Final = 60.0
MOST_SECONDS: Final = 900.0
_P95: Final = 0.95


@dataclass
class _Case:
    """A golden case with its tensors, and what the runs of it gave."""

    golden: GoldenCase
    inputs: dict[str, Array]
    first: Measured | None = None
    digests: list[str] = field(default_factory=list)

    @property
    def outputs(self) -> dict[str, Array]:
        return dict(self.first.outputs) if self.first else {}


class Trial:
    """One package's model at work. Its checks are asked in order: each needs those before."""

    def __init__(self, runner: GoldenRunner) -> None:
        self._runner = runner
        self._model: LoadedModel | None = None
        self._cases: list[_Case] = []

    def prepare(self, package: ModelPackage) -> None:
        """Read the golden cases; those given as DICOM are preprocessed as in production."""
        self._package = package
        self._cases = [_Case(case, self._tensors(case)) for case in package.golden]

    def load(self) -> Found:
        self._model = self._runner.load(self._package)
        loading = self._model.loading
        runtime = ", ".join(f"{name} {value}" for name, value in sorted(loading.facts.items()))
        return Found(
            f"loaded in {loading.seconds:.2f} s{_memory(loading.memory_mb)}; {runtime}",
            {"load_seconds": loading.seconds, "load_memory_mb": loading.memory_mb}
            | dict(loading.facts),
        )

    def resources(self) -> Found:
        """Run the cases over and over, and hold the time and the memory against the budget."""
        model = self._loaded
        measured = self._measure(model)
        self.close()
        return _within_budget(self._package, model.loading, measured, len(self._cases))

    def golden(self) -> Found:
        worst = 0.0
        for case in self._cases:
            for name, expected in case.golden.expected.items():
                worst = max(worst, distance(case.golden, name, expected, case.outputs.get(name)))
        return Found(
            f"{len(self._cases)} cases reproduced, largest difference {worst:.3g}",
            {"cases": len(self._cases), "largest_difference": worst},
        )

    def determinism(self) -> Found:
        for case in self._cases:
            if len(set(case.digests)) > 1:
                raise Failed(f"Case {case.golden.name}: repeated runs gave other bits.")
        fresh = self._runner.load(self._package)
        started = time.monotonic()
        try:
            for case in self._cases:
                _mind_the_time(started)
                if _bits(_run(fresh, case)) != case.digests[0]:
                    raise Failed(f"Case {case.golden.name}: a fresh process gave other bits.")
        finally:
            fresh.close()
        repeats = min(len(case.digests) for case in self._cases)
        return Found(
            f"{repeats} runs of each case in one process and one in a fresh process gave the "
            "same bits",
            {"repeats": repeats, "processes": 2},
        )

    def batch(self, graph: Structure) -> Found:
        """Run cases stacked, and hold each against itself alone."""
        names = [tensor.name for tensor in self._package.manifest.input.tensors]
        fixed = batches.why_fixed(graph, names)
        if fixed:
            return Found(f"not applicable: {fixed}; Vigil feeds one case at a time")
        alone = [batches.Alone(c.golden, c.inputs, c.outputs) for c in self._cases]
        group = batches.alike(alone)
        model = self._runner.load(self._package, cases=len(group) + 1)
        try:
            worst = batches.compare(model, group)
        except OverBudget as over:
            return Found(
                f"not applicable: a batch of {len(group) + 1} does not fit here ({over.detail}); "
                "Vigil feeds one case at a time"
            )
        finally:
            model.close()
        return Found(
            f"{len(group)} cases, stacked with another before and behind, gave what each gives "
            f"alone; largest difference {worst:.3g}",
            {"cases": len(group), "largest_difference": worst},
        )

    def close(self) -> None:
        if self._model is not None:
            self._model.close()
            self._model = None

    @property
    def _loaded(self) -> LoadedModel:
        if self._model is None:
            raise RuntimeError("the model is run after it is loaded")
        return self._model

    def _tensors(self, case: GoldenCase) -> dict[str, Array]:
        if not case.dicom:
            return dict(case.inputs)
        try:
            return self._runner.prepare(self._package, case.dicom)
        except Unavailable:
            raise
        except VigilError as error:
            raise Failed(f"Case {case.name}: {error.detail}") from None

    def _measure(self, model: LoadedModel) -> list[Measured]:
        measured: list[Measured] = []
        started = time.monotonic()
        repeats = max(REPEATS, math.ceil(RUNS / len(self._cases)))
        for turn in range(repeats):
            for case in self._cases:
                _mind_the_time(started)
                run = _run(model, case)
                case.first = case.first or run
                case.digests.append(_bits(run))
                measured.append(run)
            if turn > 0 and time.monotonic() - started > ENOUGH_SECONDS:
                break
        return measured


def distance(case: GoldenCase, name: str, expected: Array, given: Array | None) -> float:
    """Return how far an output is from what is expected.

    Raises:
        Failed: further than the case's tolerance, of another shape, or not there.
    """
    place = f"Case {case.name}, output {name}"
    if given is None:
        raise Failed(f"{place}: the model gave none.")
    if np.shape(given) != np.shape(expected):
        raise Failed(f"{place}: shape {np.shape(given)}, expected {np.shape(expected)}.")
    difference = np.abs(given.astype(np.float64) - expected.astype(np.float64))
    largest = float(difference.max(initial=0.0))
    # Not `largest > tolerance`: what is not a number must fail too.
    if not largest <= case.tolerance:
        raise Failed(f"{place}: differs by {largest:.3g}, tolerance {case.tolerance:g}.")
    return largest


def _mind_the_time(started: float) -> None:
    """End a measuring that a model may want to draw out."""
    if time.monotonic() - started > MOST_SECONDS:
        raise Failed(
            f"the golden cases take longer than {MOST_SECONDS:.0f} s: give fewer, or a faster model"
        )


def _run(model: LoadedModel, case: _Case) -> Measured:
    try:
        return model.run(case.inputs)
    except OverBudget as over:
        raise Failed(f"Case {case.golden.name}: {over.detail}") from None


def _within_budget(
    package: ModelPackage, loading: Loading, runs: list[Measured], cases: int
) -> Found:
    budget = package.manifest.resources
    seconds = sorted(run.seconds for run in runs)
    p95 = seconds[math.ceil(_P95 * len(seconds)) - 1]
    peaks = [run.memory_mb for run in runs if run.memory_mb is not None]
    peak = max(peaks, default=None)
    evidence = (
        f"{len(runs)} runs of {cases} cases: median {statistics.median(seconds):.3f} s, "
        f"95th percentile {p95:.3f} s, longest {seconds[-1]:.3f} s of {budget.max_seconds:g} s; "
        f"loaded in {loading.seconds:.2f} s; "
        + ("memory not measured on this system" if peak is None else f"most memory {peak:.0f} MB")
        + f" of {budget.max_memory_mb} MB"
    )
    if loading.granted_mb < budget.max_memory_mb:
        evidence += f" (this installation gives {loading.granted_mb} MB)"
    if p95 > budget.max_seconds or (peak is not None and peak > budget.max_memory_mb):
        raise Failed(f"beyond manifest.yaml:resources: {evidence}")
    facts = {
        "runs": len(runs),
        "median_seconds": round(statistics.median(seconds), 4),
        "p95_seconds": round(p95, 4),
        "longest_seconds": round(seconds[-1], 4),
        "max_seconds": budget.max_seconds,
        "load_seconds": loading.seconds,
        "peak_memory_mb": peak,
        "max_memory_mb": budget.max_memory_mb,
    }
    return Found(evidence, facts)


def _bits(run: Measured) -> str:
    """Name the bits of the outputs: equal names, equal bits."""
    digest = hashlib.sha256()
    for name, array in sorted(run.outputs.items()):
        digest.update(f"{name}\0{array.dtype}\0{array.shape}\0".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _memory(megabytes: float | None) -> str:
    return "" if megabytes is None else f" with {megabytes:.0f} MB"
