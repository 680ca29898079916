"""The predetermined change plan of a package, `vigil/change-plan/v1` (change_plan.yaml).

It says before anything is changed which changes the supplier will make, how each will be made and
tested, and what it must then show. Its parts are those of the FDA's predetermined change control
plan: description of modifications, modification protocol, impact assessment. A file of the package,
it is part of the version's digest: whoever signs the version's safety case signs the plan.
"""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from model_registry.packages.document import read_yaml
from model_registry.packages.errors import BrokenPackage
from model_registry.packages.layout import CHANGE_PLAN
from model_registry.packages.manifest import Manifest, parsed
from model_registry.packages.steps import Document, broken
from vigil.kernel.errors import Fault

MAX_STEPS = 20
MAX_CRITERIA = 100
Text = Annotated[str, Field(min_length=1, max_length=10_000)]
Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]


def _lower(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


# What no plan can name stays as it was signed: the model's name, supplier and device, its safety
# case, and the plan itself.
Part = Annotated[
    Literal[
        "weights",
        "thresholds",
        "preprocessing",
        "input",
        "output",
        "resources",
        "monitoring",
        "golden",
        "card",
        "other",
    ],
    BeforeValidator(_lower),
]


class Modification(Document):
    """One part that a step may change: all of it, or the fields that `paths` name.

    Attributes:
        section: which part of the package.
        paths: patterns of its fields, in which `*` stands for anything.
        max_change: how far a number may move from the one that was reviewed.
    """

    section: Part
    paths: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = ()
    max_change: float | None = Field(default=None, gt=0)


def _modification(value: Any) -> Any:
    return {"section": value} if isinstance(value, str) else value


class Protocol(Document):
    """How a change is made: its data, the training, the test, and how it reaches the sites."""

    data: Text
    retraining: Text
    evaluation: Text
    update: Text


class Criterion(Document):
    """What a changed version must show before it counts as inside the plan.

    Attributes:
        finding: the key of a finding in the manifest.
        metric: which figure.
        axis: the subgroup's axis, such as `sex`; without one the figure is that of everybody.
        level: the subgroup.
        min: the least that the figure may be.
        margin: how much worse than the reviewed version's figure it may be.
        bound: whether the lower end of the figure's interval is held against these, or the figure.
        evidence: the new version's card, or each site's own acceptance test.
        dataset: which evaluation of the card: figures of different data are not compared.
    """

    finding: Word
    metric: Annotated[Literal["sensitivity", "specificity", "auc"], BeforeValidator(_lower)]
    axis: Word | None = None
    level: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    min: float | None = Field(default=None, gt=0, le=1)
    margin: float | None = Field(default=None, ge=0, lt=1, alias="non_inferior_within")
    bound: Literal["lower", "estimate"] = "lower"
    evidence: Literal["card", "local_test"] = "card"
    dataset: Text | None = None

    @model_validator(mode="after")
    def _says_enough(self) -> "Criterion":
        if self.min is None and self.margin is None:
            raise broken("nothing to reach", "Give `min`, `non_inferior_within`, or both")
        if (self.axis is None) != (self.level is None):
            raise broken("half a subgroup", "Give `axis` and `level`, or neither")
        if (self.evidence == "card") != (self.dataset is not None):
            raise broken(
                "a figure of the card needs its `dataset`, a local test has none",
                "Write the dataset as the card will name it, or leave it out",
            )
        return self


class PlanStep(Document):
    """A kind of change that the supplier will make."""

    key: Word
    title: Annotated[str, Field(min_length=1, max_length=200)]
    description: Text
    may_change: tuple[Annotated[Modification, BeforeValidator(_modification)], ...] = Field(
        min_length=1, max_length=MAX_CRITERIA
    )
    protocol: Protocol
    acceptance: tuple[Criterion, ...] = Field(min_length=1, max_length=MAX_CRITERIA)
    impact: Text

    @model_validator(mode="after")
    def _shows_something_first(self) -> "PlanStep":
        if not any(criterion.evidence == "card" for criterion in self.acceptance):
            raise broken("nothing to be shown before sites test it", "Add a criterion on the card")
        return self


class ChangePlan(Document):
    """What will be changed, how, and what all the changes together may do."""

    schema_: Literal["vigil/change-plan/v1"] = Field(alias="schema")
    title: Annotated[str, Field(min_length=1, max_length=200)]
    impact: Text
    steps: tuple[PlanStep, ...] = Field(min_length=1, max_length=MAX_STEPS)

    @model_validator(mode="after")
    def _keys_are_unique(self) -> "ChangePlan":
        keys = [step.key for step in self.steps]
        if len(set(keys)) < len(keys):
            raise broken("two steps have the same key", "Give each its own")
        return self

    def step(self, key: str) -> PlanStep | None:
        return next((step for step in self.steps if step.key == key), None)

    def as_json(self) -> dict[str, Any]:
        """Return the form that is stored; `ChangePlan.model_validate` reads it back."""
        return self.model_dump(mode="json", by_alias=True)


def read_change_plan(data: bytes) -> ChangePlan:
    """Read change_plan.yaml.

    Raises:
        BrokenPackage: it breaks rules; every one is named.
    """
    return parsed(ChangePlan, read_yaml(data, CHANGE_PLAN), CHANGE_PLAN)


def _beyond_a_test(data: bytes) -> list[Fault]:
    """A site's test compares with the card's claim for everybody: of a group it knows no claim."""
    problem = "no site's test can compare a group with the version before"
    return [
        Fault(
            f"{CHANGE_PLAN}:steps.{place}.acceptance.{number}.non_inferior_within",
            problem,
            "Give `min`, or ask it of the card",
        )
        for place, step in enumerate(read_change_plan(data).steps)
        for number, one in enumerate(step.acceptance)
        if one.evidence == "local_test" and one.axis is not None and one.margin is not None
    ]


def check_plan(data: bytes, manifest: Manifest) -> None:
    """Go on only if the plan can be read and speaks of findings that the model has.

    Raises:
        BrokenPackage: it cannot, or it speaks of others.
    """
    known = {finding.key for finding in manifest.findings}
    faults = _beyond_a_test(data) + [
        Fault(
            f"{CHANGE_PLAN}:steps.{place}.acceptance.{number}.finding",
            f"{criterion.finding} is no finding of the model",
            f"Use one of {', '.join(sorted(known)) or 'none: the model has no findings'}",
        )
        for place, step in enumerate(read_change_plan(data).steps)
        for number, criterion in enumerate(step.acceptance)
        if criterion.finding not in known
    ]
    if faults:
        raise BrokenPackage.because(faults)
