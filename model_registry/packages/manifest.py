"""The manifest of a package, `vigil/package/v1`: all that Vigil must know to run a model safely.

A `Manifest` that exists is valid in itself: its conditions are CEL over known attributes, its
finding keys are unique, its steps are in an order that DICOM allows. Whether it fits the ONNX file
beside it is for `checks` to say.
"""

import hashlib
import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator

from model_registry.packages.document import read_yaml
from model_registry.packages.errors import BrokenPackage
from model_registry.packages.steps import (
    Channels,
    Document,
    ModalityLut,
    Monochrome1,
    Normalise,
    Order,
    Resize,
    Scale,
    Step,
    Voi,
    broken,
)
from vigil.kernel.cel import faults_in
from vigil.kernel.dicom import NAMES
from vigil.kernel.errors import Fault

__all__ = [
    "Channels",
    "Code",
    "Device",
    "FindingSpec",
    "Input",
    "Manifest",
    "ModalityLut",
    "ModelFacts",
    "Monitoring",
    "Monochrome1",
    "Normalise",
    "Output",
    "Resize",
    "Resources",
    "Scale",
    "Step",
    "Tensor",
    "Voi",
    "parse_manifest",
    "preprocessing_digest",
]

FILE = "manifest.yaml"
MAX_FAULTS = 50

Layout = Literal["NCHW", "NHWC", "NCDHW"]
DType = Literal["float16", "float32", "float64", "uint8", "uint16", "int16", "int32", "int64"]


def _condition(source: str) -> str:
    faults = faults_in(source, "", NAMES)
    if faults:
        raise broken(faults[0].problem, faults[0].remedy)
    return source


def _attribute(name: str) -> str:
    if name not in NAMES:
        raise broken(f"unknown attribute {name}", f"Use one of {', '.join(sorted(NAMES))}")
    return name


Condition = Annotated[str, Field(min_length=1), AfterValidator(_condition)]
Attribute = Annotated[str, AfterValidator(_attribute)]
Line = Annotated[str, Field(min_length=1, max_length=200)]


class Device(Document):
    """The medical device that the model is; what is not one yet is qualified RESEARCH.

    `content_qualification` takes the terms of DICOM (0018,9004), PS3.3 C.8.13.2.1.
    """

    udi_di: str | None = Field(default=None, max_length=64)
    class_uk: str | None = Field(default=None, max_length=64)
    content_qualification: Literal["PRODUCT", "RESEARCH", "SERVICE"]


class ModelFacts(Document):
    name: str = Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$")
    version: str = Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+-]{0,31}$")
    supplier: Line
    licence: Line
    device: Device


class Tensor(Document):
    """One input of the model: an image made by `steps`, or attributes `from_` the header.

    A tensor of attributes is a row of numbers in the order they are named. `codes` says which
    number stands for which text, such as `{patient_sex: {F: 0, M: 1}}`.
    """

    name: Line
    layout: Layout | None = None
    dtype: DType = "float32"
    steps: tuple[Step, ...] = ()
    from_: tuple[Attribute, ...] = Field(default=(), alias="from")
    codes: dict[Attribute, dict[str, float]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _image_or_attributes(self) -> "Tensor":
        if (self.layout is None) == (not self.from_):
            raise broken("neither an image nor attributes", "Give `layout` and `steps`, or `from`")
        if self.from_ and self.steps:
            raise broken("attributes take no steps", "Leave `steps` out")
        if not set(self.codes) <= set(self.from_):
            raise broken("codes for an attribute that is not taken", "Name it in `from`")
        Order.check(self.steps)
        return self


class Input(Document):
    level: Literal["instance", "series", "study"]
    select: Condition
    guard: Condition | None = None
    tensors: tuple[Tensor, ...] = Field(min_length=1, max_length=16)

    @model_validator(mode="after")
    def _tensors_fit(self) -> "Input":
        _unique([tensor.name for tensor in self.tensors], "tensor name")
        if not any(tensor.layout for tensor in self.tensors):
            raise broken("no tensor is an image", "Give one a `layout`")
        if self.level == "instance" and any(t.layout == "NCDHW" for t in self.tensors):
            raise broken("NCDHW needs more than one image", "Use level series, or NCHW")
        return self


class Code(Document):
    """A coded concept; lengths as DICOM allows them (PS3.3 table 8.8-1)."""

    scheme: str = Field(min_length=1, max_length=16)
    value: str = Field(min_length=1, max_length=16)
    meaning: str = Field(min_length=1, max_length=64)


class FindingSpec(Document):
    """One thing that an output speaks about; at or above `threshold` it is flagged."""

    key: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    index: int = Field(ge=0, le=4095)
    code: Code
    threshold: float

    @property
    def name(self) -> str:
        return self.code.meaning


class Output(Document):
    name: Line
    kind: Literal["probabilities", "segmentation", "saliency", "measurement"]
    activation: Literal["none", "sigmoid", "softmax"] = "none"
    findings: tuple[FindingSpec, ...] = ()
    unit: str | None = Field(default=None, min_length=1, max_length=16)

    @model_validator(mode="after")
    def _findings_fit(self) -> "Output":
        _unique([str(finding.index) for finding in self.findings], "finding index")
        if self.kind in {"probabilities", "segmentation"}:
            if not self.findings:
                raise broken("no findings", "Name each with key, index, code and threshold")
            if any(not 0 < finding.threshold < 1 for finding in self.findings):
                raise broken("a threshold is not within 0 and 1", "Give a probability")
        if (self.kind == "measurement") != (self.unit is not None):
            raise broken("a unit is for a measurement, and each has one", "Write it in UCUM: ml")
        return self


class Resources(Document):
    """What the child process may use before it is ended."""

    max_seconds: float = Field(gt=0, le=3600)
    max_memory_mb: int = Field(ge=64, le=65536)


class Monitoring(Document):
    """What the supplier asks surveillance to watch, and how much change it holds tolerable."""

    streams: tuple[Line, ...] = ()
    tolerances: dict[Line, float] = Field(default_factory=dict)
    reference: Literal["reference.parquet"] | None = None


class Manifest(Document):
    schema_: Literal["vigil/package/v1"] = Field(alias="schema")
    model: ModelFacts
    input: Input
    output: tuple[Output, ...] = Field(min_length=1, max_length=32)
    resources: Resources
    monitoring: Monitoring = Monitoring()

    @model_validator(mode="after")
    def _names_are_unique(self) -> "Manifest":
        _unique([output.name for output in self.output], "output name")
        _unique([finding.key for finding in self.findings], "finding key")
        return self

    @property
    def findings(self) -> tuple[FindingSpec, ...]:
        return tuple(finding for output in self.output for finding in output.findings)

    def as_json(self) -> dict[str, Any]:
        """Return the form that is stored; `Manifest.model_validate` reads it back."""
        return self.model_dump(mode="json", by_alias=True)


def parse_manifest(data: bytes) -> Manifest:
    """Read manifest.yaml.

    Raises:
        BrokenPackage: it breaks rules; every one is named.
    """
    try:
        return Manifest.model_validate(read_yaml(data, FILE))
    except ValidationError as error:
        raise BrokenPackage.because(faults_of(error, FILE)) from None


def faults_of(error: ValidationError, file: str) -> list[Fault]:
    """Say a validation error as faults: the file and field, the problem, the remedy."""
    found = error.errors(include_input=False, include_url=False)[:MAX_FAULTS]
    places = [fault["loc"] for fault in found]
    return [
        Fault(
            f"{file}:{'.'.join(str(part) for part in fault['loc']) or '(whole)'}",
            fault["msg"],
            fault.get("ctx", {}).get("remedy") or _REMEDIES.get(fault["type"], _READ_ON),
        )
        for fault in found
        if not (fault["type"] == "too_short" and _has_inner(fault["loc"], places))
    ]


def _has_inner(place: tuple[int | str, ...], places: list[tuple[int | str, ...]]) -> bool:
    """Whether a fault lies within `place`: pydantic then also says that the list is too short."""
    return any(len(p) > len(place) and p[: len(place)] == place for p in places)


def preprocessing_digest(manifest: Manifest) -> str:
    """Name what happens between the DICOM objects and the numbers that are judged."""
    kept = manifest.as_json()
    facts = {
        "input": kept["input"],
        "output": [{k: o[k] for k in ("name", "kind", "activation")} for o in kept["output"]],
    }
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _unique(names: list[str], what: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise broken(f"{what} {', '.join(twice)} occurs twice", "Give each its own")


_READ_ON = "See docs/adr/0006-model-package.md"
_REMEDIES = {
    "missing": "Add it",
    "extra_forbidden": "Leave it out, or correct its spelling",
    "string_type": "Write it as text, in quotes",
    "literal_error": "Use one of the values named",
    "union_tag_invalid": "Use one of the steps named",
    "union_tag_not_found": "Write a step as `word` or `word: {…}`",
}
