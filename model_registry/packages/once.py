"""What was read once, or why it could not be: a file that cannot be read is not read again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from model_registry.packages.errors import BrokenPackage
from vigil.kernel.errors import Fault, Invalid

Read = TypeVar("Read")


@dataclass(frozen=True)
class Once(Generic[Read]):
    """Holds one or the other. `functools.cached_property` keeps values and forgets exceptions."""

    _read: tuple[Read, ...] = ()
    faults: tuple[Fault, ...] = ()

    @classmethod
    def of(cls, reader: Callable[[], Read]) -> "Once[Read]":
        try:
            return cls((reader(),))
        except Invalid as error:
            return cls(faults=tuple(error.faults))

    def value(self) -> Read:
        """Return what was read.

        Raises:
            BrokenPackage: it could not be.
        """
        if not self._read:
            raise BrokenPackage.because(list(self.faults))
        return self._read[0]
