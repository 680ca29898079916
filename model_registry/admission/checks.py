"""The automatic checks of a version: what each is called, what it asks, how it knows.

None of them raises for what is wrong with a package; a fault is a verdict with its evidence.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from model_registry.admission.runner import GoldenRunner
from model_registry.packages import checks
from model_registry.packages.archive import ModelPackage
from model_registry.packages.arrays import Array
from model_registry.packages.golden import GoldenCase
from model_registry.packages.interface import interface_faults
from model_registry.packages.structure import Structure, read_structure
from vigil.kernel.errors import Fault, Unavailable, VigilError
from vigil.kernel.objects import ObjectStore, sha256

MAX_EVIDENCE = 4000
NAMES: Final = (
    "archive",
    "manifest",
    "documents",
    "structure",
    "interface",
    "golden",
    "determinism",
)


@dataclass(frozen=True)
class Verdict:
    """What one check found, and how long it took."""

    name: str
    passed: bool
    evidence: str
    seconds: float


class Examination:
    """One version's way through the checks. Those that need a former one say so and fail."""

    def __init__(self, objects: ObjectStore, digest: str, runner: GoldenRunner) -> None:
        self._objects = objects
        self._digest = digest
        self._runner = runner
        self._first_outputs: dict[str, Mapping[str, Array]] = {}

    def verdicts(self) -> Iterator[Verdict]:
        failed = False
        for name in NAMES:
            check: Callable[[], str] = getattr(self, f"_{name}")
            started = time.monotonic()
            passed, evidence = (
                (False, "not reached: a check before failed")
                if failed and name not in {"manifest", "documents", "structure"}
                else _ask(check)
            )
            failed = failed or not passed
            seconds = round(time.monotonic() - started, 3)
            yield Verdict(name, passed, evidence[:MAX_EVIDENCE], seconds)

    @cached_property
    def _package(self) -> ModelPackage:
        return ModelPackage.from_zip(self._objects.get(self._digest))

    @cached_property
    def _graph(self) -> Structure:
        return read_structure(self._package.model)

    def _archive(self) -> str:
        data = self._objects.get(self._digest)
        if sha256(data) != self._digest:
            raise _Failed("The stored bytes do not have the version's digest.")
        return f"{len(self._package.files)} files, {len(data)} bytes, SHA-256 {self._digest}"

    def _manifest(self) -> str:
        _refuse(checks.manifest_faults(self._package))
        return f"{len(self._package.manifest.findings)} findings, conditions are valid CEL"

    def _documents(self) -> str:
        _refuse(checks.document_faults(self._package))
        return "The card and the safety case say what they must"

    def _structure(self) -> str:
        graph = self._graph
        return (
            f"opset {graph.opset}, {graph.nodes} nodes, {graph.tensor_bytes} bytes of weights, "
            f"self-contained, operators {', '.join(graph.operators)}"
        )

    def _interface(self) -> str:
        _refuse(interface_faults(self._package.manifest, self._graph))
        _refuse(checks.golden_faults(self._package))
        return "Declared inputs, outputs and findings are those of the graph"

    def _golden(self) -> str:
        worst = 0.0
        for case in self._package.golden:
            outputs = self._run(case)
            self._first_outputs[case.name] = outputs
            for name, expected in case.expected.items():
                worst = max(worst, _distance(case, name, expected, outputs.get(name)))
        return f"{len(self._package.golden)} cases reproduced, largest difference {worst:.3g}"

    def _determinism(self) -> str:
        for case in self._package.golden:
            again = self._run(case)
            for name, first in self._first_outputs[case.name].items():
                if not np.array_equal(first, again[name], equal_nan=True):
                    raise _Failed(f"Case {case.name}, output {name}: a second run gave other bits.")
        return "A second run gave the same bits"

    def _run(self, case: GoldenCase) -> Mapping[str, Array]:
        tensors = dict(case.inputs)
        if case.dicom:
            tensors = self._runner.prepare(self._package, case.dicom)
        return self._runner.run(self._package, tensors)


class _Failed(Exception):
    """The check's answer is no; the text is its evidence."""


def _ask(check: Callable[[], str]) -> tuple[bool, str]:
    try:
        return True, check()
    except _Failed as failed:
        return False, str(failed)
    except Unavailable:
        # The installation is at fault, not the package: the worker tries again.
        raise
    except VigilError as error:
        return False, error.detail


def _refuse(faults: list[Fault]) -> None:
    if faults:
        raise _Failed("; ".join(str(fault) for fault in faults))


def _distance(case: GoldenCase, name: str, expected: Array, given: Array | None) -> float:
    place = f"Case {case.name}, output {name}"
    if given is None:
        raise _Failed(f"{place}: the model gave none.")
    if np.shape(given) != np.shape(expected):
        raise _Failed(f"{place}: shape {np.shape(given)}, expected {np.shape(expected)}.")
    difference = np.abs(given.astype(np.float64) - expected.astype(np.float64))
    largest = float(difference.max(initial=0.0))
    # Not `largest > tolerance`: what is not a number must fail too.
    if not largest <= case.tolerance:
        raise _Failed(f"{place}: differs by {largest:.3g}, tolerance {case.tolerance:g}.")
    return largest
