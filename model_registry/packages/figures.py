"""The figures of a card: one row for each metric, of all cases or of a subgroup.

The row is that of a subgroup performance table: what was measured, on how many, with which
uncertainty, and for whom. `low` and `high` are read as `ci_low` and `ci_high`, `estimate` as
`value`, `metric` as `name`.
"""

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from model_registry.packages.steps import broken

Count = Annotated[int, Field(ge=0)]
Text = Annotated[str, Field(min_length=1, max_length=10_000)]
Texts = Annotated[tuple[Text, ...], Field(min_length=1, max_length=200)]
_OTHER_NAMES = {"metric": "name", "estimate": "value", "low": "ci_low", "high": "ci_high"}


class OpenDocument(BaseModel):
    """A document that may say more than what is asked for; what is asked for has its type."""

    model_config = ConfigDict(
        frozen=True, extra="allow", allow_inf_nan=False, use_attribute_docstrings=True
    )


class Place(OpenDocument):
    """One more axis on which a subgroup of several is cut."""

    axis: Text
    level: Text


class Figure(OpenDocument):
    """One metric, with its uncertainty, of all cases or of one subgroup."""

    name: Text = Field(examples=["AUROC", "sensitivity at 0.62"])
    """What was measured: sensitivity, specificity, PPV, NPV, AUROC, AUPRC, Brier, flag rate, ..."""
    value: float | None = Field(default=None, examples=[0.91])
    """The estimate; left out only where the figure is suppressed"""
    ci_low: float | None = None
    """Lower end of the confidence interval"""
    ci_high: float | None = None
    """Upper end of the confidence interval"""
    ci_level: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Its confidence, 0.95 unless said"""
    ci_method: Text | None = None
    """Wilson for proportions; DeLong or bootstrap, clustered by patient, for areas"""
    successes: Count | None = None
    """How many of n, where the metric is a proportion: its interval then follows (Wilson)"""
    n: Count | None = None
    """Cases that the metric is over"""
    n_pos: Count | None = None
    """Of the cases, those with the finding"""
    n_neg: Count | None = None
    """Of the cases, those without it"""
    finding: Text | None = None
    """Key of the finding in the manifest; may be left out where there is one"""
    threshold: float | None = None
    """The score from which a case was flagged"""
    axis: Text | None = Field(default=None, examples=["sex", "age", "manufacturer", "site"])
    """On what the subgroup is cut; left out for all cases"""
    level: Text | None = Field(default=None, examples=["F", "65-74", "unknown"])
    """Which part of the axis the figure is of"""
    intersect: tuple[Place, ...] = ()
    """Further axes, for a subgroup cut on several"""
    ref_level: Text | None = None
    """The level that this one is compared with"""
    diff: float | None = None
    """The difference from it"""
    diff_ci: tuple[float, float] | None = None
    """The interval of the difference"""
    p_adj: Annotated[float, Field(ge=0, le=1)] | None = None
    """p value of the difference, adjusted for the number of comparisons"""
    suppressed: bool = False
    """The cell is too small to be shown"""
    reason: Text | None = None
    """Why it is suppressed"""

    @model_validator(mode="after")
    def _adds_up(self) -> "Figure":
        if (self.value is None) != self.suppressed:
            raise broken("a figure has a value, or is suppressed", "Give `value`, or `suppressed`")
        if (self.axis is None) != (self.level is None):
            raise broken("axis and level go together", "Give both for a subgroup, else neither")
        low, high = self.ci_low, self.ci_high
        if (low is None) != (high is None):
            raise broken("an interval has two ends", "Give ci_low and ci_high")
        known = [number for number in (low, self.value, high) if number is not None]
        if low is not None and known != sorted(known):
            raise broken("the value is not within its interval", "Correct one of the three")
        if (
            self.n is not None
            and max(self.successes or 0, self.n_pos or 0, self.n_neg or 0) > self.n
        ):
            raise broken("a part is more than the whole", "Correct n, successes, n_pos or n_neg")
        return self


def _renamed(value: Any) -> Any:
    """Take the other names that figures are known by."""
    if not isinstance(value, dict):
        return value
    for other, name in _OTHER_NAMES.items():
        if other in value and name not in value:
            value = {(name if key == other else key): inner for key, inner in value.items()}
    return value


class _AsMapping:
    """Keep a figure as a mapping of what was said, after it was checked as a `Figure`."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            lambda figure: figure.model_dump(mode="json", exclude_unset=True),
            handler.generate_schema(Figure),
            serialization=core_schema.plain_serializer_function_ser_schema(lambda figure: figure),
        )


Figures = Annotated[
    tuple[Annotated[dict[str, Any], _AsMapping(), BeforeValidator(_renamed)], ...],
    Field(min_length=1, max_length=2000),
]


class Evaluation(OpenDocument):
    """One evaluation: on which data, by whom, against which truth, with which figures."""

    dataset: Text
    """What it was evaluated on, so that a reader can tell it from another"""
    metrics: Figures
    """Figures of all cases, and of subgroups by `axis` and `level`"""
    subgroups: Figures | None = None
    """Figures of subgroups, where they stand in a table of their own"""
    id: Text | None = None
    kind: Literal["internal", "external", "local", "reader_study", "prospective", "rct"] | None = (
        None
    )
    evaluator: Text | None = None
    """Who evaluated it, and whether they are independent of the supplier"""
    independent: bool | None = None
    setting: Text | None = None
    sites: Texts | Count | None = None
    period: Text | None = None
    sampling: Text | None = None
    prevalence: Annotated[float, Field(ge=0, le=1)] | None = None
    """Share of the cases with the finding, so that predictive values can be read"""
    reference_standard: Text | None = None
    """The truth that the figures are against"""
    process: Text | None = None
    n: Count | None = None
    demographics: dict[str, Any] | None = None
    outcome_refs: Texts | None = None
