"""The preprocessing steps that a manifest may declare: data that Vigil executes, never code.

In YAML a step is a word (`modality_lut`) or a word with its value (`resize: {height: 224, …}`);
here it is a model with a `kind`. The definitions of the intensity steps are those of PS3.3 C.11.1
(Modality LUT), C.11.2 (VOI LUT) and C.7.6.3.1.2 (MONOCHROME1).
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, model_validator
from pydantic_core import PydanticCustomError

Positive = Annotated[float, Field(gt=0)]


def broken(problem: str, remedy: str) -> PydanticCustomError:
    """Build an error that carries its remedy to the fault list."""
    return PydanticCustomError("rule", "{problem}", {"problem": problem, "remedy": remedy})


class Document(BaseModel):
    """What every part of a manifest inherits: unchangeable, and no word that is not known."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        validate_by_name=True,
        use_attribute_docstrings=True,
    )


class ModalityLut(Document):
    """Stored values to the modality's own unit, such as Hounsfield (PS3.3 C.11.1)."""

    kind: Literal["modality_lut"] = "modality_lut"


class Voi(Document):
    """The window of the image (`dicom`, PS3.3 C.11.2) or no window at all (`full`)."""

    kind: Literal["voi"] = "voi"
    window: Literal["dicom", "full"]


class Monochrome1(Document):
    """Turn images whose least value is white, so that more is brighter (PS3.3 C.7.6.3.1.2)."""

    kind: Literal["monochrome1"] = "monochrome1"
    action: Literal["invert"] = "invert"


class Resize(Document):
    kind: Literal["resize"] = "resize"
    height: int = Field(ge=1, le=8192)
    width: int = Field(ge=1, le=8192)
    method: Literal["area", "linear", "nearest"]


class Scale(Document):
    """Map a range of values linearly to another; what lies outside takes the nearer end.

    `stored` is the range that the bits stored allow after the steps before; `data` is the least and
    the greatest value that occur.
    """

    kind: Literal["scale"] = "scale"
    from_: Literal["stored", "data"] | tuple[float, float] = Field(default="stored", alias="from")
    to: tuple[float, float]

    @model_validator(mode="after")
    def _ranges_rise(self) -> "Scale":
        for name, pair in (("from", self.from_), ("to", self.to)):
            if isinstance(pair, tuple) and pair[0] >= pair[1]:
                raise broken(f"`{name}` does not rise", "Write [low, high]")
        return self


class Normalise(Document):
    """Subtract `mean` and divide by `std`, one of each for all channels or one per channel."""

    kind: Literal["normalise"] = "normalise"
    mean: tuple[float, ...] = Field(min_length=1, max_length=4)
    std: tuple[Positive, ...] = Field(min_length=1, max_length=4)

    @model_validator(mode="after")
    def _same_length(self) -> "Normalise":
        if len(self.mean) != len(self.std):
            raise broken("mean and std differ in length", "Give one of each per channel")
        return self


class Channels(Document):
    """Repeat a grey image to this many channels."""

    kind: Literal["channels"] = "channels"
    count: Literal[1, 3]


# Steps that are written with one value, and the field that it is.
WORDS: dict[str, str] = {"monochrome1": "action", "channels": "count"}


def step_from_yaml(value: Any) -> Any:
    """Turn `word` and `{word: value}` into the model's own form, `{kind: word, …}`."""
    if isinstance(value, str):
        return {"kind": value}
    if not isinstance(value, dict) or "kind" in value or len(value) != 1:
        return value
    ((word, inner),) = value.items()
    if word in WORDS:
        return {"kind": word, WORDS[word]: inner}
    return {**inner, "kind": word} if isinstance(inner, dict) else value


Step = Annotated[
    Annotated[
        ModalityLut | Voi | Monochrome1 | Resize | Scale | Normalise | Channels,
        Discriminator("kind"),
    ],
    BeforeValidator(step_from_yaml),
]


class Order:
    """PS3.4 N.2: the grayscale pipeline has one order, and each of its stages happens once."""

    GREY: ClassVar[tuple[str, ...]] = ("modality_lut", "voi", "monochrome1")

    @classmethod
    def check(cls, steps: tuple[Any, ...]) -> None:
        kinds = [step.kind for step in steps]
        twice = sorted({kind for kind in kinds if kinds.count(kind) > 1})
        if twice:
            raise broken(f"{', '.join(twice)} occurs twice", "Leave one of them out")
        grey = [kind for kind in kinds if kind in cls.GREY]
        if grey != sorted(grey, key=cls.GREY.index):
            raise broken("the grayscale steps are out of order", f"Order: {', '.join(cls.GREY)}")
