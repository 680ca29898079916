"""Golden cases: inputs with the outputs that the supplier saw, to be reproduced on this machine.

They are run whenever a model is loaded, because the same model may give other numbers with another
onnxruntime, processor or driver, and nobody would see it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from inference.preprocessing.pixels import read
from inference.preprocessing.tensors import make_inputs
from inference.runtime.errors import GoldenMismatch, ModelRefused, ModelTimeout, OutOfMemory
from inference.runtime.interpret import activated
from inference.runtime.process import Limits, ModelProcess, Prediction
from inference.runtime.settings import RuntimeSettings
from inference.runtime.wire import Array, Arrays
from inference.studies.attributes import attributes_of
from model_registry.admission.errors import OverBudget
from model_registry.admission.runner import Loading, Measured
from model_registry.packages.archive import ModelPackage
from model_registry.packages.manifest import Output

# One run at admission; a study may take as long as its manifest says.
MOST_RUN_SECONDS: Final = 300.0


@dataclass(frozen=True)
class Golden:
    """One case.

    `expected` is after activation, as `declared` says; `tolerance` is the largest absolute
    difference that still counts as equal.
    """

    name: str
    inputs: Arrays
    expected: Mapping[str, Array]
    tolerance: float
    declared: tuple[Output, ...]


class LoadedPackage:
    """A package's model in a process of its own, measured: `LoadedModel` of admission's runner."""

    def __init__(self, package: ModelPackage, limits: Limits) -> None:
        self._declared = package.manifest.output
        self._process = ModelProcess(package.model, limits)
        facts = self._process.facts
        self._base_mb: float = facts.pop("base_rss_mb")
        self.loading = Loading(
            seconds=facts.pop("load_seconds"),
            memory_mb=self._above_base(facts.pop("peak_rss_mb")),
            granted_mb=limits.memory_mb,
            facts=facts,
        )

    def run(self, inputs: Arrays) -> Measured:
        """Return the declared outputs, activation applied, and what they took.

        Raises:
            OverBudget: it took too long, or too much memory.
            ModelFailed: it gave none, for another reason.
        """
        with _budget():
            given = self._process.run(inputs)
        return Measured(
            outputs=activated(given.outputs, self._declared),
            seconds=given.facts["seconds"],
            memory_mb=self._above_base(given.facts["peak_rss_mb"]),
        )

    def close(self) -> None:
        self._process.close()

    def _above_base(self, peak_mb: float) -> float | None:
        return round(max(0.0, peak_mb - self._base_mb), 1) if self._base_mb else None


class PackageRunner:
    """Runs a package as in production, in a process of its own: what admission asks of the runtime.

    It implements `GoldenRunner` of `model_registry.admission.runner`.
    """

    def __init__(self, settings: RuntimeSettings) -> None:
        self._settings = settings

    def load(self, package: ModelPackage, *, cases: int = 1) -> LoadedPackage:
        """Load the model in a fresh process, with its declared resources times `cases`.

        Raises:
            OverBudget: loading takes too long, or too much memory.
            NotIsolated: the kernel leaves it the network or files, and no setting allows that.
            ModelFailed: the model is refused.
        """
        limits = Limits.of(package.manifest.resources, self._settings, cases)
        # A hostile manifest may declare an hour: a check ends sooner.
        limits = replace(
            limits,
            run_seconds=min(limits.run_seconds, MOST_RUN_SECONDS),
            must_be_isolated=not self._settings.runtime_without_isolation,
        )
        with _budget():
            return LoadedPackage(package, limits)

    def run(self, package: ModelPackage, inputs: Arrays) -> Arrays:
        """Run it once, and return each declared output by name, activation applied.

        Raises:
            OverBudget: it took too long, or too much memory.
            ModelFailed: it gave none, for another reason.
        """
        loaded = self.load(package)
        try:
            return dict(loaded.run(inputs).outputs)
        finally:
            loaded.close()

    def prepare(self, package: ModelPackage, dicom: Sequence[bytes]) -> Arrays:
        """Return each tensor of the manifest by name.

        Raises:
            CannotPreprocess: the image does not allow it.
        """
        return _prepared(package, dicom)


@contextmanager
def _budget() -> Iterator[None]:
    try:
        yield
    except (ModelTimeout, OutOfMemory) as error:
        raise OverBudget(error.detail) from error


def goldens(package: ModelPackage) -> tuple[Golden, ...]:
    """Return the golden cases of a package, those given as DICOM preprocessed."""
    return tuple(
        Golden(
            name=case.name,
            inputs=_prepared(package, case.dicom) if case.dicom else dict(case.inputs),
            expected=case.expected,
            tolerance=case.tolerance,
            declared=package.manifest.output,
        )
        for case in package.golden
    )


def check(cases: Iterable[Golden], run: Callable[[Arrays], Prediction]) -> None:
    """Run every case.

    Raises:
        GoldenMismatch: an output is missing, of another shape, or too far away.
    """
    for case in cases:
        outputs = activated(run(case.inputs).outputs, case.declared)
        for name, expected in case.expected.items():
            problem = difference(outputs.get(name), expected, case.tolerance)
            if problem:
                raise GoldenMismatch(f"Golden case {case.name}, output {name} {problem}.")


def difference(actual: Array | None, expected: Array, tolerance: float) -> str | None:
    """Say how far `actual` is from what was expected, or None where it is near enough."""
    if actual is None:
        return "is missing"
    if actual.shape != expected.shape:
        return f"has shape {list(actual.shape)} and not {list(expected.shape)}"
    if actual.size == 0:
        return None
    apart = float(np.abs(actual.astype(np.float64) - expected.astype(np.float64)).max())
    # A NaN on either side is never near: it compares false.
    if apart <= tolerance:
        return None
    return f"is {apart:g} from what was expected; {tolerance:g} is allowed"


def _prepared(package: ModelPackage, dicom: Sequence[bytes]) -> Arrays:
    if len(dicom) != 1:
        raise ModelRefused("A model is given one DICOM file at a time, and this case has more.")
    attributes = attributes_of(read(dicom[0]))
    return make_inputs(dicom[0], package.manifest.input, attributes)
