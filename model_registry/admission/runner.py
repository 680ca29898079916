"""What admission asks of the runtime, which lives a floor above and is passed in."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from model_registry.packages.archive import ModelPackage
from model_registry.packages.arrays import Array


class GoldenRunner(Protocol):
    """Runs a package as in production: the same steps, the same locked-down child."""

    def run(self, package: ModelPackage, inputs: dict[str, Array]) -> Mapping[str, Array]:
        """Return each declared output by name, activation applied."""

    def prepare(self, package: ModelPackage, dicom: Sequence[bytes]) -> dict[str, Array]:
        """Return each tensor of the manifest by name, made from a golden case's DICOM files."""
