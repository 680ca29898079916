"""A package in memory: the files that a supplier handed over, read from a folder or a .zip."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from model_registry.packages import layout, zipped
from model_registry.packages.documents import (
    CardDocument,
    SafetyCaseDocument,
    read_card,
    read_safety_case,
)
from model_registry.packages.errors import BrokenPackage
from model_registry.packages.golden import (
    CasesDocument,
    GoldenCase,
    read_cases,
    read_cases_document,
)
from model_registry.packages.manifest import Manifest, parse_manifest
from model_registry.packages.once import Once
from model_registry.packages.structure import Structure, read_structure
from vigil.kernel.errors import Fault


@dataclass(frozen=True)
class ModelPackage:
    """The files of a package by name. Only names that `layout` expects ever get in.

    What a file says is read once, when it is first asked for; so is that it cannot be read.
    """

    files: dict[str, bytes]

    @classmethod
    def open(cls, path: Path) -> "ModelPackage":
        """Read a folder or an archive.

        Raises:
            BrokenPackage: it has files that no package has, or is not readable.
        """
        if path.is_dir():
            return cls.from_folder(path)
        if not path.is_file():
            fault = Fault(path.name, "neither a folder nor a file", "Name the package")
            raise BrokenPackage.because([fault])
        if path.stat().st_size > zipped.MAX_ARCHIVE:
            fault = Fault(path.name, "too large", f"Keep to {zipped.MAX_ARCHIVE} bytes")
            raise BrokenPackage.because([fault])
        return cls.from_zip(path.read_bytes())

    @classmethod
    def from_zip(cls, data: bytes) -> "ModelPackage":
        return cls(zipped.members_of(data))

    @classmethod
    def from_folder(cls, folder: Path) -> "ModelPackage":
        """Read a folder; a link in it is refused, or it could bring in any file of the machine."""
        found = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*"))}
        found.pop("golden", None)
        faults = layout.faults_in_names(found)
        faults += [
            Fault(name, "a link or no regular file", "Put the file itself there")
            for name, path in found.items()
            if path.is_symlink() or (layout.is_expected(name) and not path.is_file())
        ]
        faults += [
            Fault(name, f"larger than {layout.limit_of(name)} bytes", "Make it smaller")
            for name, path in found.items()
            if path.is_file() and path.stat().st_size > layout.limit_of(name)
        ]
        if faults or (folder / "golden").is_symlink():
            faults = faults or [Fault("golden", "a link", "Put the folder itself there")]
            raise BrokenPackage.because(faults)
        return cls({name: path.read_bytes() for name, path in found.items()})

    def read(self, name: str) -> bytes:
        """Return a file's bytes.

        Raises:
            BrokenPackage: there is none of this name.
        """
        data = self.files.get(name)
        if data is None:
            raise BrokenPackage.because([Fault(name, "missing", "Add it to the package")])
        return data

    @property
    def manifest(self) -> Manifest:
        return self._manifest.value()

    @cached_property
    def model(self) -> bytes:
        return self.read(layout.MODEL)

    @property
    def structure(self) -> Structure:
        """The ONNX graph, as a child process read it."""
        return self._structure.value()

    @property
    def card(self) -> CardDocument:
        return self._card.value()

    @property
    def safety_case(self) -> SafetyCaseDocument:
        return self._safety_case.value()

    @property
    def cases(self) -> CasesDocument:
        """What golden/cases.yaml says; `golden` has read the files that it names as well."""
        return self._cases.value()

    @property
    def golden(self) -> tuple[GoldenCase, ...]:
        return self._golden.value()

    @cached_property
    def _manifest(self) -> Once[Manifest]:
        return Once.of(lambda: parse_manifest(self.read(layout.MANIFEST)))

    @cached_property
    def _structure(self) -> Once[Structure]:
        return Once.of(lambda: read_structure(self.model))

    @cached_property
    def _card(self) -> Once[CardDocument]:
        return Once.of(lambda: read_card(self.read(layout.CARD)))

    @cached_property
    def _safety_case(self) -> Once[SafetyCaseDocument]:
        return Once.of(lambda: read_safety_case(self.read(layout.SAFETY_CASE)))

    @cached_property
    def _cases(self) -> Once[CasesDocument]:
        return Once.of(lambda: read_cases_document(self.read(layout.CASES)))

    @cached_property
    def _golden(self) -> Once[tuple[GoldenCase, ...]]:
        return Once.of(lambda: read_cases(self.cases, self.files, self.manifest))
