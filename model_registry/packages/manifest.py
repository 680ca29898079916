"""The manifest of a package, `vigil/package/v1`: all that Vigil must know to run a model safely.

A `Manifest` that exists is valid in itself: its conditions are CEL over known attributes, its
finding keys are unique, its steps are in an order that DICOM allows. Whether it fits the ONNX file
beside it is for `checks` to say.
"""

import hashlib
import json
from collections import Counter
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, Field, ValidationError, model_validator

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
    "Follows",
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
Kind = TypeVar("Kind", bound=BaseModel)

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
    """UDI-DI of the registered device"""
    class_uk: str | None = Field(default=None, max_length=64)
    """Class under the UK Medical Devices Regulations 2002: I, IIa, IIb, III, or IVD A to D"""
    content_qualification: Literal["PRODUCT", "RESEARCH", "SERVICE"]
    """What the results are: PRODUCT, RESEARCH or SERVICE"""


class ModelFacts(Document):
    """What the model is called, and whose it is."""

    name: str = Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$", examples=["chest-view"])
    """Lower case, digits and hyphens; the same for every version"""
    version: str = Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+-]{0,31}$", examples=["1.0.0"])
    """Your label of this version; other bytes need another label"""
    supplier: Line
    """Your organisation's code at the network"""
    licence: Line
    """SPDX expression, or LicenseRef-NAME or proprietary with the text in LICENCE"""
    device: Device
    """The medical device that the model is, or is not yet"""


class Tensor(Document):
    """One input of the model: an image made by `steps`, or attributes `from_` the header.

    A tensor of attributes is a row of numbers in the order they are named. `codes` says which
    number stands for which text, such as `{patient_sex: {F: 0, M: 1}}`.
    """

    name: Line
    """Name of the input in the ONNX graph"""
    layout: Layout | None = None
    """Order of the axes of an image; left out for a row of attributes"""
    dtype: DType = "float32"
    """Type of the numbers that the graph takes"""
    steps: tuple[Step, ...] = ()
    """What is done to the image, in this order, exactly as in training"""
    from_: tuple[Attribute, ...] = Field(default=(), alias="from")
    """Attributes of the header, in the order of the model's columns"""
    codes: dict[Attribute, dict[str, float]] = Field(default_factory=dict)
    """For an attribute that is text, which number stands for which text"""

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
    """Which images the model takes, and what is done to them."""

    level: Literal["instance", "series", "study"]
    """What one run is given: an instance, a series or a study"""
    select: Condition = Field(examples=['modality in ["CR", "DX"] && body_part == "CHEST"'])
    """CEL condition: which images the model takes"""
    guard: Condition | None = Field(default=None, examples=["patient_age >= 18"])
    """CEL condition: what it must not be used without; else the study is SKIPPED"""
    tensors: tuple[Tensor, ...] = Field(min_length=1, max_length=16)
    """One for each input of the ONNX graph"""

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

    scheme: str = Field(min_length=1, max_length=16, examples=["SCT"])
    """Coding scheme designator: SCT, LN, RADLEX, or 99 and your own"""
    value: str = Field(min_length=1, max_length=16, examples=["233604007"])
    """The code"""
    meaning: str = Field(min_length=1, max_length=64, examples=["Pneumonia"])
    """What people read"""


class FindingSpec(Document):
    """One thing that an output speaks about; at or above `threshold` it is flagged."""

    key: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    """Your own name of it, the same in every version"""
    index: int = Field(ge=0, le=4095)
    """Its place in the output, counted from 0"""
    code: Code
    """What it is called in reports"""
    threshold: float
    """The score from which it is flagged"""

    @property
    def name(self) -> str:
        return self.code.meaning


class Output(Document):
    """One output of the ONNX graph that is to be read; one that is not declared is not."""

    name: Line
    """Name of the output in the ONNX graph"""
    kind: Literal["probabilities", "segmentation", "saliency", "measurement", "embedding"]
    """What the numbers are"""
    activation: Literal["none", "sigmoid", "softmax"] = "none"
    """What Vigil applies to them"""
    findings: tuple[FindingSpec, ...] = ()
    """What the output speaks about"""
    unit: str | None = Field(default=None, min_length=1, max_length=16)
    """UCUM unit of a measurement"""

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
        if self.kind == "embedding" and (self.findings or self.activation != "none"):
            raise broken(
                "an embedding speaks about no finding", "Leave out findings and activation"
            )
        return self


class Resources(Document):
    """What the child process may use before it is ended."""

    max_seconds: float = Field(gt=0, le=3600)
    """Seconds of one run, after which the process is ended"""
    max_memory_mb: int = Field(ge=64, le=65536)
    """Memory of the model in MB, above what the runtime takes itself"""


class Monitoring(Document):
    """What the supplier asks surveillance to watch, and how much change it holds tolerable."""

    streams: tuple[Line, ...] = ()
    """Names of the streams that matter most"""
    tolerances: dict[Line, float] = Field(default_factory=dict)
    """How far a measure may move before it is of clinical concern"""
    crosses: dict[Line, tuple[Line, ...]] = Field(
        default_factory=dict, examples=[{"maker_view": ["manufacturer", "view"]}]
    )
    """Groups by two or three categories at once that matter, four at most"""
    reference: Literal["reference.parquet"] | None = None
    """The validation scores that the package holds"""


class Follows(Document):
    """Which version this one changes, by which step of its predetermined change plan."""

    version: str = Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+-]{0,31}$")
    """The version that was reviewed"""
    step: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,63}$")
    """Key of the step in its change plan"""


class Manifest(Document):
    """manifest.yaml: all that Vigil must know to run a model safely."""

    schema_: Literal["vigil/package/v1"] = Field(alias="schema")
    """The version of this schema"""
    model: ModelFacts
    """What it is called, whose it is"""
    input: Input
    """Which images it takes, and what is done to them"""
    output: tuple[Output, ...] = Field(min_length=1, max_length=32)
    """What it gives"""
    resources: Resources
    """What it may use"""
    monitoring: Monitoring = Monitoring()
    """What to watch"""
    follows: Follows | None = None
    """For a change inside the plan of an earlier version"""

    @model_validator(mode="after")
    def _names_are_unique(self) -> "Manifest":
        _unique([output.name for output in self.output], "output name")
        _unique([finding.key for finding in self.findings], "finding key")
        if sum(output.kind == "embedding" for output in self.output) > 1:
            raise broken("more than one embedding", "Declare the one that tells most of an image")
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
    return parsed(Manifest, read_yaml(data, FILE), FILE)


def parsed(kind: type[Kind], value: dict[str, Any], file: str) -> Kind:
    """Read plain data as a document, strictly: "5" is no number, and `yes` is no 1.

    Raises:
        BrokenPackage: it breaks rules; every one is named.
    """
    try:
        return kind.model_validate(_frozen(value), strict=True)
    except ValidationError as error:
        raise BrokenPackage.because(faults_of(error, file)) from None


def _frozen(value: Any) -> Any:
    """Turn lists into tuples, which is what a strict reading takes for them."""
    if isinstance(value, dict):
        return {key: _frozen(inner) for key, inner in value.items()}
    return tuple(_frozen(inner) for inner in value) if isinstance(value, list) else value


def faults_of(error: ValidationError, file: str) -> list[Fault]:
    """Say a validation error as faults: the file and field, the problem, the remedy."""
    found = error.errors(include_input=False, include_url=False)[:MAX_FAULTS]
    places = [fault["loc"] for fault in found]
    return [
        Fault(f"{file}:{_place(fault['loc'])}", *_said(fault))
        for fault in found
        if not (fault["type"] == "too_short" and _has_inner(fault["loc"], places))
    ]


def _place(parts: tuple[int | str, ...]) -> str:
    """Name a field; a part in brackets tells only which of several forms was taken."""
    kept = [str(part)[:100] for part in parts if not str(part).startswith("(")]
    return ".".join(kept) or "(whole)"


def _said(fault: Any) -> tuple[str, str]:
    """Return the problem and the remedy, in words of the file and not of the library."""
    kind, context = fault["type"], fault.get("ctx", {})
    problem = _PROBLEMS.get(kind, fault["msg"])
    if kind == "union_tag_invalid":
        problem = f"none of {context.get('expected_tags', '')}"
    return problem, context.get("remedy") or _REMEDIES.get(kind, _READ_ON)


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
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise broken(f"{what} {', '.join(twice)} occurs twice", "Give each its own")


_READ_ON = "Keep to what docs/packages.md says of this field"
_TEXT = "Write it as text, in quotes"
_NUMBER = "Write a number, without quotes"
_LIST = "Write a list: [a, b], or lines that begin with -"
_MAPPING = "Write `key: value` lines"
_BOUNDS = "Keep to the bound that is named"
_LENGTH = "Keep to the length that is named"
_PROBLEMS = {
    "model_type": "not a mapping",
    "model_attributes_type": "not one of the forms that it can be written in",
    "dict_type": "not a mapping",
    "tuple_type": "not a list",
    "list_type": "not a list",
}
_REMEDIES = {
    "missing": "Add it",
    "extra_forbidden": "Leave it out, or correct its spelling",
    "string_type": _TEXT,
    "string_too_short": "Write something",
    "string_too_long": _LENGTH,
    "string_pattern_mismatch": "Use the characters that are named, and no other",
    "literal_error": "Use one of the values named",
    "union_tag_invalid": "Use one of the steps named",
    "union_tag_not_found": "Write a step as `word` or `word: {…}`",
    "model_type": _MAPPING,
    "model_attributes_type": "Write it as a word, or as `word: value`",
    "dict_type": _MAPPING,
    "tuple_type": _LIST,
    "list_type": _LIST,
    "too_short": "Add what is missing, or leave the whole list out where it may be",
    "too_long": "Leave some out",
    "int_type": "Write a whole number, without quotes",
    "int_from_float": "Write a whole number",
    "int_parsing_size": "Write a smaller number",
    "float_type": _NUMBER,
    "finite_number": _NUMBER,
    "bool_type": "Write true or false",
    "greater_than": _BOUNDS,
    "greater_than_equal": _BOUNDS,
    "less_than": _BOUNDS,
    "less_than_equal": _BOUNDS,
}
