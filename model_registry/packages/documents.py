"""The two documents beside the model: its card and its clinical safety case.

Here it is only checked that they say what must be said. What a card means is for
transparency_cards, what a safety case means for `safety`; both may hold more than is asked here.
"""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from model_registry.packages.card_document import MAX_SUMMARY_WORDS, CardDocument
from model_registry.packages.document import read_yaml
from model_registry.packages.figures import Evaluation, OpenDocument, Text
from model_registry.packages.layout import CARD, SAFETY_CASE
from model_registry.packages.manifest import parsed

__all__ = [
    "MAX_SUMMARY_WORDS",
    "CardDocument",
    "Control",
    "Evaluation",
    "HazardDocument",
    "OpenDocument",
    "Risk",
    "SafetyCaseDocument",
    "read_card",
    "read_safety_case",
]


def _words(value: Any) -> Any:
    return value.strip().lower().replace(" ", "_") if isinstance(value, str) else value


Severity = Annotated[
    Literal["minor", "significant", "considerable", "major", "catastrophic"],
    BeforeValidator(_words),
]
Likelihood = Annotated[
    Literal["very_low", "low", "medium", "high", "very_high"], BeforeValidator(_words)
]


class Risk(OpenDocument):
    """A place in DCB0129's matrix of five by five; never a product of two scores."""

    severity: Severity = Field(examples=["considerable"])
    """minor, significant, considerable, major or catastrophic"""
    likelihood: Likelihood = Field(examples=["low"])
    """very_low, low, medium, high or very_high"""


class Control(OpenDocument):
    """What keeps a hazard from doing harm; `stream` binds it to what surveillance watches."""

    name: Text
    type: Text | None = Field(default=None, examples=["design", "test", "training"])
    stream: Text | None = Field(default=None, examples=["override_rate"])
    evidence: Text | None = None


def _named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


Controls = tuple[Annotated[Control, BeforeValidator(_named)], ...]


class HazardDocument(OpenDocument):
    """One hazard with the harm it could do and what controls it (DCB0129 section 4)."""

    name: Text
    harm: Text
    """What could happen to a patient"""
    controls: Annotated[Controls, Field(min_length=1, max_length=200)]
    initial: Risk
    """The risk before its controls"""
    residual: Risk
    """The risk that is left with them"""
    id: Text | None = None
    causes: tuple[Text, ...] = ()


class SafetyCaseDocument(OpenDocument):
    """safety_case.yaml: the clinical safety case of the manufacturer (DCB0129)."""

    title: Text
    hazards: Annotated[tuple[HazardDocument, ...], Field(min_length=1, max_length=1000)]
    scope: Text | None = None


def read_card(data: bytes) -> CardDocument:
    """Read card.yaml.

    Raises:
        BrokenPackage: it does not say what a card must; every omission is named.
    """
    return parsed(CardDocument, read_yaml(data, CARD), CARD)


def read_safety_case(data: bytes) -> SafetyCaseDocument:
    """Read safety_case.yaml.

    Raises:
        BrokenPackage: it does not say what a safety case must; every omission is named.
    """
    return parsed(SafetyCaseDocument, read_yaml(data, SAFETY_CASE), SAFETY_CASE)
