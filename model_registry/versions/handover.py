"""A package as it is handed over: read and stored before the turn to write begins.

SQLite has one writer. To parse a stranger's documents, or to flush hundreds of megabytes, while
holding its turn would let every other supplier and every DICOM association wait.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from model_registry.packages.archive import ModelPackage
from model_registry.packages.layout import missing
from model_registry.packages.manifest import Manifest
from model_registry.versions.comparison import DOCUMENTS
from vigil.kernel.errors import Invalid
from vigil.kernel.objects import ObjectStore, sha256


@dataclass(frozen=True)
class Handover:
    """An archive that can be read; `digests` are those of its files by name."""

    archive: bytes
    digest: str
    package: ModelPackage
    manifest: Manifest
    digests: Mapping[str, str]

    @classmethod
    def of(cls, archive: bytes) -> "Handover":
        """Read an archive.

        Raises:
            BrokenPackage: the archive or the manifest is not readable.
            Invalid: a file is missing.
        """
        package = ModelPackage.from_zip(archive)
        faults = missing(package.files)
        if faults:
            raise Invalid.because(faults)
        digests = {name: sha256(data) for name, data in package.files.items()}
        return cls(archive, sha256(archive), package, package.manifest, digests)

    @property
    def documents(self) -> dict[str, bytes]:
        """The files that are kept beside the archive, by their digests."""
        return {
            self.digests[name]: data
            for name, data in self.package.files.items()
            if name in DOCUMENTS
        }

    def store(self, objects: ObjectStore) -> None:
        """Flush the archive and its documents to the store; what is there is only made sure of."""
        for data in (self.archive, *self.documents.values()):
            objects.put(data)

    def is_stored(self, objects: ObjectStore) -> bool:
        return all(objects.exists(digest) for digest in (self.digest, *self.documents))
