"""Golden cases: inputs with the outputs that the supplier saw, to be reproduced on this machine.

They are run whenever a model is loaded, because the same model may give other numbers with another
onnxruntime, processor or driver, and nobody would see it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from inference.preprocessing.pixels import read
from inference.preprocessing.tensors import make_inputs
from inference.runtime.errors import GoldenMismatch, ModelRefused
from inference.runtime.interpret import activated
from inference.runtime.process import Limits, ModelProcess, Prediction
from inference.runtime.settings import RuntimeSettings
from inference.runtime.wire import Array, Arrays
from inference.studies.attributes import attributes_of
from model_registry.packages.archive import ModelPackage
from model_registry.packages.manifest import Output


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


class PackageRunner:
    """Runs a package once, in a process of its own: what admission asks of the runtime.

    It implements `GoldenRunner` of `model_registry.admission.runner`.
    """

    def __init__(self, settings: RuntimeSettings) -> None:
        self._settings = settings

    def run(self, package: ModelPackage, inputs: Arrays) -> Arrays:
        """Return each declared output by name, activation applied.

        Raises:
            ModelFailed: it gave none.
        """
        limits = Limits.of(package.manifest.resources, self._settings)
        process = ModelProcess(package.model, limits)
        try:
            return activated(process.run(inputs).outputs, package.manifest.output)
        finally:
            process.close()

    def prepare(self, package: ModelPackage, dicom: Sequence[bytes]) -> Arrays:
        """Return each tensor of the manifest by name.

        Raises:
            CannotPreprocess: the image does not allow it.
        """
        return _prepared(package, dicom)


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
