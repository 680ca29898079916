"""The automatic checks of a version: what each is called, which others it needs, what it asks.

None of them raises for what is wrong with a package; a fault is a verdict with its evidence. What
can be told from the files alone is asked in any case, so that a supplier reads every fault at once;
the model is run only when all of that is in order, the supplier's signature included.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Final

from model_registry.admission.completeness import completeness_found
from model_registry.admission.models import Status
from model_registry.admission.runner import GoldenRunner
from model_registry.admission.signatures import signature_found
from model_registry.admission.trial import Trial
from model_registry.admission.verdict import Failed, Found, Verdict, refuse
from model_registry.keys.service import KnownKey
from model_registry.packages import checks
from model_registry.packages.archive import ModelPackage
from model_registry.packages.device import device_evidence
from model_registry.packages.interface import golden_shape_faults, interface_faults
from model_registry.packages.structure import Structure
from vigil.kernel.errors import Unavailable, VigilError
from vigil.kernel.objects import ObjectStore, sha256

MAX_EVIDENCE = 4000
_STATIC: Final = ("manifest", "documents", "licence", "device", "signature", "structure")
# Each check, in order, with those that must have passed before it.
NEEDS: Final[dict[str, tuple[str, ...]]] = {
    "archive": (),
    "manifest": ("archive",),
    "documents": ("manifest",),
    "licence": ("manifest",),
    "device": ("manifest",),
    "signature": ("archive",),
    "structure": ("archive",),
    "interface": ("manifest", "structure"),
    "loading": (*_STATIC, "interface"),
    "resources": ("loading",),
    "golden": ("resources",),
    "determinism": ("resources",),
    "batch": ("golden",),
}
NAMES: Final = tuple(NEEDS)


class Examination:
    """One version's way through the checks."""

    def __init__(
        self, objects: ObjectStore, digest: str, runner: GoldenRunner, keys: Sequence[KnownKey]
    ) -> None:
        self._objects = objects
        self._digest = digest
        self._runner = runner
        self._keys = keys

    def verdicts(self) -> Iterator[Verdict]:
        passed: set[str] = set()
        try:
            for name, needed in NEEDS.items():
                missing = [other for other in needed if other not in passed]
                verdict = _not_reached(name, missing) if missing else self._ask(name)
                if verdict.passed:
                    passed.add(name)
                yield verdict
        finally:
            self._trial.close()

    def _ask(self, name: str) -> Verdict:
        check: Callable[[], Found] = getattr(self, f"_{name}")
        started = time.monotonic()
        status, found = answer(check)
        return Verdict(
            name=name,
            passed=status is Status.PASSED,
            evidence=found.evidence[:MAX_EVIDENCE],
            seconds=round(time.monotonic() - started, 3),
            status=status,
            facts=found.facts,
            supplier_key_id=found.supplier_key_id,
        )

    @cached_property
    def _package(self) -> ModelPackage:
        return ModelPackage.from_zip(self._objects.get(self._digest))

    @cached_property
    def _graph(self) -> Structure:
        return self._package.structure

    @cached_property
    def _trial(self) -> Trial:
        return Trial(self._runner)

    def _archive(self) -> Found:
        data = self._objects.get(self._digest)
        if sha256(data) != self._digest:
            raise Failed("The stored bytes do not have the version's digest.")
        files = len(self._package.files)
        return Found(
            f"{files} files, {len(data)} bytes, SHA-256 {self._digest}",
            {"files": files, "bytes": len(data)},
        )

    def _manifest(self) -> Found:
        refuse(checks.manifest_faults(self._package))
        count = len(self._package.manifest.findings)
        return Found(f"{count} finding{'s'[: count != 1]}, conditions are valid CEL")

    def _documents(self) -> Found:
        return completeness_found(self._package)

    def _licence(self) -> Found:
        refuse(checks.licence_faults_of(self._package))
        licence = self._package.manifest.model.licence
        return Found(f"{licence}: known, or its text is in the package")

    def _device(self) -> Found:
        refuse(checks.device_faults_of(self._package))
        return Found(device_evidence(self._package.manifest.model.device))

    def _signature(self) -> Found:
        return signature_found(self._package, self._keys)

    def _structure(self) -> Found:
        graph = self._graph
        return Found(
            f"opset {graph.opset}, {graph.nodes} nodes, {graph.tensor_bytes} bytes of weights, "
            f"self-contained, operators {', '.join(graph.operators)}",
            {"opset": graph.opset, "nodes": graph.nodes, "tensor_bytes": graph.tensor_bytes},
        )

    def _interface(self) -> Found:
        refuse(interface_faults(self._package.manifest, self._graph))
        refuse(checks.golden_faults(self._package))
        refuse(golden_shape_faults(self._package.golden, self._package.manifest, self._graph))
        self._trial.prepare(self._package)
        return Found("Declared inputs, outputs and findings are those of the graph")

    def _loading(self) -> Found:
        return self._trial.load()

    def _resources(self) -> Found:
        return self._trial.resources()

    def _golden(self) -> Found:
        return self._trial.golden()

    def _determinism(self) -> Found:
        return self._trial.determinism()

    def _batch(self) -> Found:
        return self._trial.batch(self._graph)


def _not_reached(name: str, missing: Sequence[str]) -> Verdict:
    evidence = f"not reached: needs {', '.join(missing)}"
    return Verdict(name, passed=False, evidence=evidence, seconds=0.0, status=Status.NOT_REACHED)


def answer(check: Callable[[], Found]) -> tuple[Status, Found]:
    """Ask, and make of whatever is wrong with the package a verdict with its evidence."""
    try:
        return Status.PASSED, check()
    except Failed as failed:
        return Status.FAILED, Found(str(failed), failed.facts, failed.supplier_key_id)
    except Unavailable:
        # The installation is at fault, not the package: the worker tries again.
        raise
    except VigilError as error:
        return Status.FAILED, Found(error.detail)
