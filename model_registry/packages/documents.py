"""The two documents beside the model: its card and its clinical safety case.

Here it is only checked that they say what must be said. What a card means is for
transparency_cards, what a safety case means for `safety`; both may hold more than is asked here.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from model_registry.packages.document import read_yaml
from model_registry.packages.errors import BrokenPackage
from model_registry.packages.layout import CARD, SAFETY_CASE
from model_registry.packages.manifest import faults_of
from model_registry.packages.steps import broken

MAX_SUMMARY_WORDS = 100


class OpenDocument(BaseModel):
    """A document that may say more than what is asked for."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)


def _words(value: Any) -> Any:
    return value.strip().lower().replace(" ", "_") if isinstance(value, str) else value


def _short(text: str) -> str:
    if len(text.split()) > MAX_SUMMARY_WORDS:
        raise broken(f"longer than {MAX_SUMMARY_WORDS} words", "Say it in plain, short English")
    return text


Text = Annotated[str, Field(min_length=1, max_length=10_000)]
Texts = Annotated[tuple[Text, ...], Field(min_length=1)]
Summary = Annotated[Text, BeforeValidator(lambda v: _short(v) if isinstance(v, str) else v)]
Severity = Annotated[
    Literal["minor", "significant", "considerable", "major", "catastrophic"],
    BeforeValidator(_words),
]
Likelihood = Annotated[
    Literal["very_low", "low", "medium", "high", "very_high"], BeforeValidator(_words)
]


class Evaluation(OpenDocument):
    """One evaluation: on which data, by whom, with which figures."""

    dataset: Text
    metrics: Annotated[tuple[dict[str, Any], ...], Field(min_length=1)]


class CardDocument(OpenDocument):
    summary_public: Summary
    intended_use: Text
    out_of_scope: Texts
    limitations: Texts
    evaluation: Annotated[tuple[Evaluation, ...], Field(min_length=1)]


class Risk(OpenDocument):
    """A place in DCB0129's matrix of five by five; never a product of two scores."""

    severity: Severity
    likelihood: Likelihood


class Control(OpenDocument):
    name: Text


def _named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


Controls = tuple[Annotated[Control, BeforeValidator(_named)], ...]


class HazardDocument(OpenDocument):
    """One hazard with the harm it could do and what controls it (DCB0129 section 4)."""

    name: Text
    harm: Text
    controls: Annotated[Controls, Field(min_length=1)]
    initial: Risk
    residual: Risk


class SafetyCaseDocument(OpenDocument):
    title: Text
    hazards: Annotated[tuple[HazardDocument, ...], Field(min_length=1)]


def read_card(data: bytes) -> CardDocument:
    """Read card.yaml.

    Raises:
        BrokenPackage: it does not say what a card must; every omission is named.
    """
    try:
        return CardDocument.model_validate(read_yaml(data, CARD))
    except ValidationError as error:
        raise BrokenPackage.because(faults_of(error, CARD)) from None


def read_safety_case(data: bytes) -> SafetyCaseDocument:
    """Read safety_case.yaml.

    Raises:
        BrokenPackage: it does not say what a safety case must; every omission is named.
    """
    try:
        return SafetyCaseDocument.model_validate(read_yaml(data, SAFETY_CASE))
    except ValidationError as error:
        raise BrokenPackage.because(faults_of(error, SAFETY_CASE)) from None
