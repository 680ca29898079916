"""Packages of the versions that this worker runs, read from the object store once each."""

import threading
from collections import OrderedDict

from model_registry.packages.archive import ModelPackage
from vigil.kernel.objects import ObjectStore

PLACES = 8


class Shelf:
    def __init__(self, objects: ObjectStore, places: int = PLACES) -> None:
        self._objects = objects
        self._places = places
        self._lock = threading.Lock()
        self._packages: OrderedDict[str, ModelPackage] = OrderedDict()

    def package(self, version_digest: str) -> ModelPackage:
        """Return the package of this digest; a version never changes, so neither does its copy."""
        with self._lock:
            found = self._packages.pop(version_digest, None)
            if found is None:
                found = ModelPackage.from_zip(self._objects.get(version_digest))
            self._packages[version_digest] = found
            while len(self._packages) > self._places:
                self._packages.popitem(last=False)
            return found
