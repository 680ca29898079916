"""Runners of packages without a process: a function in place of a model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from model_registry.admission.runner import Loading, Measured
from model_registry.packages.arrays import Array

Compute = Callable[[dict[str, Array]], Mapping[str, Array]]


@dataclass(frozen=True)
class Computed:
    """A loaded model that is a function; it takes a millisecond and a megabyte each time."""

    compute: Compute
    seconds: float = 0.001
    memory_mb: float | None = 1.0

    @property
    def loading(self) -> Loading:
        return Loading(seconds=0.01, memory_mb=self.memory_mb, granted_mb=1500)

    def run(self, inputs: dict[str, Array]) -> Measured:
        return Measured(self.compute(inputs), self.seconds, self.memory_mb)

    def close(self) -> None:
        """Nothing has to end."""
