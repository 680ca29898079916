"""Golden cases: inputs with the outputs that the supplier saw, to be reproduced by Vigil.

golden/cases.yaml lists them. An input is a .npy file, one for each tensor of the manifest, or a
DICOM file, which also tests the preprocessing. An expected output is a .npy file or the numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, Field

from model_registry.packages.arrays import Array, read_array
from model_registry.packages.document import read_yaml
from model_registry.packages.errors import BrokenPackage
from model_registry.packages.layout import CASES
from model_registry.packages.manifest import Manifest, parsed
from model_registry.packages.steps import Document, broken
from vigil.kernel.errors import Fault, Invalid

MAX_CASES = 50
_PREAMBLE = 128
# A DICOM file may also be TIFF, for microscopes (PS3.10 7.1).
_TIFF = (b"II*\0", b"MM\0*")


@dataclass(frozen=True)
class GoldenCase:
    """Either `inputs`, ready tensors by name, or `dicom`, files still to be preprocessed."""

    name: str
    expected: Mapping[str, Array]
    tolerance: float
    inputs: Mapping[str, Array] = field(default_factory=dict)
    dicom: tuple[bytes, ...] = ()


def _numbers(value: Any) -> Any:
    if isinstance(value, str):
        return value
    try:
        array = np.asarray(value, dtype=np.float64)
    except (ValueError, TypeError):
        raise broken("neither numbers nor a file", "Nest lists as the output is shaped") from None
    if not np.isfinite(array).all():
        raise broken("a number is not finite", "Expect finite numbers only")
    return value


class CaseDocument(Document):
    """An input, the outputs that were seen, and how near to them is near enough."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}$")
    input: str | tuple[str, ...] | dict[str, str] = Field(examples=[{"image": "first.npy"}])
    """A .npy file for each tensor, or a DICOM file; they lie in golden/"""
    expected: dict[str, Annotated[Any, BeforeValidator(_numbers)]] = Field(
        min_length=1, examples=[{"scores": [[0.93]]}]
    )
    """By output, after activation: a .npy file or the numbers"""
    tolerance: float = Field(gt=0, le=0.1)
    """The largest absolute difference"""


class CasesDocument(Document):
    """golden/cases.yaml: inputs with the outputs that the supplier saw."""

    cases: tuple[CaseDocument, ...] = Field(min_length=1, max_length=MAX_CASES)


def read_cases_document(data: bytes) -> CasesDocument:
    """Read what golden/cases.yaml says.

    Raises:
        BrokenPackage: it breaks rules; every one is named.
    """
    return parsed(CasesDocument, read_yaml(data, CASES), CASES)


def read_cases(
    document: CasesDocument, files: Mapping[str, bytes], manifest: Manifest
) -> tuple[GoldenCase, ...]:
    """Read every file that golden/cases.yaml names.

    Raises:
        BrokenPackage: it breaks rules; every one is named.
    """
    cases, faults = [], []
    for number, case in enumerate(document.cases):
        reading = _Reading(files, manifest, f"{CASES}:cases.{number}")
        cases.append(reading.case(case))
        faults += reading.faults
    if faults:
        raise BrokenPackage.because(faults)
    return tuple(cases)


class _Reading:
    """The reading of one case; notes each fault and goes on."""

    def __init__(self, files: Mapping[str, bytes], manifest: Manifest, place: str) -> None:
        self.faults: list[Fault] = []
        self._files = files
        self._tensors = tuple(tensor.name for tensor in manifest.input.tensors)
        self._outputs = {output.name for output in manifest.output}
        self._place = place

    def case(self, case: CaseDocument) -> GoldenCase:
        names = [case.input] if isinstance(case.input, str) else case.input
        is_dicom = not isinstance(names, dict) and all(name.endswith(".dcm") for name in names)
        return GoldenCase(
            name=case.name,
            expected=self._expected(case),
            tolerance=case.tolerance,
            inputs={} if is_dicom else self._inputs(case.input),
            dicom=tuple(self._image(name) for name in names) if is_dicom else (),
        )

    def _inputs(self, named: str | tuple[str, ...] | dict[str, str]) -> dict[str, Array]:
        if isinstance(named, str) and len(self._tensors) == 1:
            named = {self._tensors[0]: named}
        if not isinstance(named, dict) or set(named) != set(self._tensors):
            remedy = f"Give one .npy file for each of {', '.join(self._tensors)}, or DICOM files"
            self._fault("input", "does not name each tensor", remedy)
            return {}
        return {name: self._array(file, f"input.{name}") for name, file in named.items()}

    def _expected(self, case: CaseDocument) -> dict[str, Array]:
        for name in sorted(set(case.expected) - self._outputs):
            remedy = f"Use one of {', '.join(sorted(self._outputs))}"
            self._fault(f"expected.{name}", "not an output of the manifest", remedy)
        return {
            name: self._array(value, f"expected.{name}")
            if isinstance(value, str)
            else np.asarray(value, dtype=np.float64)
            for name, value in case.expected.items()
        }

    def _array(self, file: str, field: str) -> Array:
        data = self._file(file, field)
        try:
            return read_array(data, f"golden/{file}") if data else np.empty(0)
        except Invalid as error:
            self.faults += error.faults
            return np.empty(0)

    def _image(self, name: str) -> bytes:
        data = self._file(name, "input")
        if data and not _is_dicom(data):
            remedy = "Save it again as DICOM Part 10, its first 128 bytes empty"
            problem = f"golden/{name[:100]} is no DICOM file, or is another kind of file as well"
            self._fault("input", problem, remedy)
        return data

    def _file(self, name: str, field: str) -> bytes:
        data = self._files.get(f"golden/{name}")
        if data is None:
            self._fault(field, f"golden/{name[:100]} is missing", "Add the file")
            return b""
        return data

    def _fault(self, field: str, problem: str, remedy: str) -> None:
        self.faults.append(Fault(f"{self._place}.{field}", problem, remedy))


def _is_dicom(data: bytes) -> bool:
    """Whether it is DICOM and nothing else: a preamble may make it a program too (PS3.10 7.5)."""
    preamble, prefix = data[:_PREAMBLE], data[_PREAMBLE : _PREAMBLE + 4]
    return prefix == b"DICM" and (not any(preamble) or preamble[:4] in _TIFF)
