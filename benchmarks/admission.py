"""Admission of an 85 MB model by every check, beside the time that the model itself runs."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks import residual
from inference.runtime.golden import PackageRunner
from inference.runtime.settings import RuntimeSettings
from model_registry.admission import service
from model_registry.admission.runner import LoadedModel, Loading, Measured
from model_registry.admission.verdict import Verdict
from model_registry.keys.models import KeyStatus
from model_registry.keys.service import KnownKey
from model_registry.packages.archive import ModelPackage
from model_registry.packages.arrays import Array
from model_registry.packages.build import build
from model_registry.packages.signature import key_id_of, new_private_key, public_bytes, sign
from vigil.kernel.objects import LocalObjectStore

BAR_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Took:
    """What an admission took.

    Attributes:
        model_bytes: the size of the ONNX file.
        verdicts: of each check.
        total: seconds from the first check to the last.
        running: of that, the model's own.
        runs: how many those were.
    """

    model_bytes: int
    verdicts: Sequence[Verdict]
    total: float
    running: float
    runs: int


def measure(folder: Path) -> Took:
    """Build the package, sign it, and put it through every check."""
    made = residual.package(folder / "admission")
    key = new_private_key()
    raw = public_bytes(key)
    objects = LocalObjectStore(folder / "admission-objects")
    digest = objects.put(build(sign(made, key)))
    known = KnownKey("key_benchmark", key_id_of(raw), raw, KeyStatus.TRUSTED)
    runner = _Counting(PackageRunner(RuntimeSettings.model_construct()))
    started = time.perf_counter()
    verdicts = service.examine(digest=digest, runner=runner, objects=objects, keys=[known])
    total = time.perf_counter() - started
    return Took(len(made.model), verdicts, total, sum(runner.seconds), len(runner.seconds))


def report(took: Took) -> str:
    """Return the table."""
    lines = [
        f"Admission of a model of {took.model_bytes / 1e6:.0f} MB, {residual.CASES} golden cases",
        f"{'check':<14}{'verdict':<13}{'seconds':>8}  evidence",
    ]
    lines += [
        f"{one.name:<14}{one.state.value:<13}{one.seconds:>8.2f}  {one.evidence[:110]}"
        for one in took.verdicts
    ]
    beside = took.total - took.running
    verdict = "met" if beside < BAR_SECONDS else "MISSED"
    lines += [
        f"in all {took.total:.2f} s, of which {took.runs} runs of the model {took.running:.2f} s",
        f"beside the model's own time {beside:.2f} s; bar {BAR_SECONDS:.0f} s: {verdict}",
    ]
    return "\n".join(lines)


class _Counting:
    """The real runner; notes the seconds of each run."""

    def __init__(self, runner: PackageRunner) -> None:
        self.seconds: list[float] = []
        self._runner = runner

    def load(self, package: ModelPackage, *, cases: int = 1) -> LoadedModel:
        return _Noting(self._runner.load(package, cases=cases), self.seconds)

    def prepare(self, package: ModelPackage, dicom: Sequence[bytes]) -> dict[str, Array]:
        return self._runner.prepare(package, dicom)


@dataclass(frozen=True)
class _Noting:
    """A loaded model whose runs are noted."""

    model: LoadedModel
    seconds: list[float]

    @property
    def loading(self) -> Loading:
        return self.model.loading

    def run(self, inputs: dict[str, Array]) -> Measured:
        measured = self.model.run(inputs)
        self.seconds.append(measured.seconds)
        return measured

    def close(self) -> None:
        self.model.close()
