"""What admission asks of the runtime, which lives a floor above and is passed in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from model_registry.packages.archive import ModelPackage
from model_registry.packages.arrays import Array


@dataclass(frozen=True)
class Loading:
    """What it took to load a model.

    Attributes:
        seconds: from the start of its process to its readiness.
        memory_mb: the most that was resident above the process without a model; None where the
            system does not tell.
        granted_mb: the memory that it may use here: what it asked for, as far as this installation
            gives so much.
        facts: of the process, such as the runtime's version and what it is kept from.
    """

    seconds: float
    memory_mb: float | None
    granted_mb: int
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Measured:
    """One run: each declared output by name, activation applied, and what it took.

    `memory_mb` is the most that was resident until then, above the process without a model.
    """

    outputs: Mapping[str, Array]
    seconds: float
    memory_mb: float | None = None


class LoadedModel(Protocol):
    """A process that holds a model, until it is closed."""

    @property
    def loading(self) -> Loading:
        """What it took to get here."""

    def run(self, inputs: dict[str, Array]) -> Measured:
        """Run it once.

        Raises:
            OverBudget: it took too long, or too much memory.
            VigilError: it gave nothing, for another reason.
        """

    def close(self) -> None:
        """End the process."""


class GoldenRunner(Protocol):
    """Runs a package as in production: the same steps, the same locked-down child."""

    def load(self, package: ModelPackage, *, cases: int = 1) -> LoadedModel:
        """Load the model in a fresh process, with its declared resources times `cases`.

        Raises:
            OverBudget: loading takes too long, or too much memory.
            VigilError: it is refused.
        """

    def prepare(self, package: ModelPackage, dicom: Sequence[bytes]) -> dict[str, Array]:
        """Return each tensor of the manifest by name, made from a golden case's DICOM files."""
