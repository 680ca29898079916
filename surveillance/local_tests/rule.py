"""The pass rule of a local acceptance test: what must hold, on which figure, with how many cases.

A rule that exists is whole in itself. Whether it fits the model is for `faults_against` to say. It
is fixed before the first label is seen: its digest is on the test and in the audit.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from model_registry.packages.manifest import FindingSpec
from surveillance.axes import IMAGE_AXES
from vigil.kernel.errors import Fault

# A bar below it is none: one hit in a hundred reaches it.
LEAST = 0.01
Metric = Literal["sensitivity", "specificity", "auc"]
METRICS: tuple[Metric, ...] = ("sensitivity", "specificity", "auc")


def _axis(name: str) -> str:
    if name not in IMAGE_AXES:
        raise ValueError(f"unknown axis: use one of {', '.join(IMAGE_AXES)}")
    return name


Share = Annotated[float, Field(ge=0, le=1)]
Axis = Annotated[str, AfterValidator(_axis)]
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


class Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Bar(Strict):
    """A figure must reach `at_least`: by default the low end of its 95 % interval."""

    metric: Metric
    at_least: Share
    on: Literal["lower_bound", "estimate"] = "lower_bound"


class Margin(Strict):
    """A figure may fall below the supplier's claim by less than `margin`, with 95 % confidence."""

    metric: Metric
    margin: Annotated[float, Field(gt=0, le=0.5)]


class FindingRule(Strict):
    finding: Key
    bars: tuple[Bar, ...] = ()
    non_inferior: tuple[Margin, ...] = ()
    min_positives: Annotated[int, Field(ge=1, le=1_000_000)] = 30
    min_negatives: Annotated[int, Field(ge=1, le=1_000_000)] = 30

    @model_validator(mode="after")
    def _asks_something(self) -> "FindingRule":
        if not self.bars and not self.non_inferior:
            raise ValueError(f"{self.finding}: a rule without a bar or a margin passes everything")
        return self


class SubgroupRule(Strict):
    """No group of enough cases may lie wholly below `floor`: its upper bound must reach it.

    `min_cases` counts the cases that the metric is made of: positives for the sensitivity,
    negatives for the specificity, the rarer of the two for the AUC.
    """

    metric: Metric
    floor: Share
    min_cases: Annotated[int, Field(ge=2, le=1_000_000)] = 20
    axes: Annotated[tuple[Axis, ...], Field(min_length=1)] = IMAGE_AXES


class Rule(Strict):
    """What must hold for a pass.

    Attributes:
        unit: a label is of a study, whose score is that of its highest image, or of one image.
        sampling: the labelled studies are those of a period as they came, or were chosen. From
            chosen ones neither the predictive values nor a surveillance reference can be had.
        findings: one rule for each finding that is tested.
        left_out: findings of the model that are not tested, each with the reason.
        max_not_analysed: the share of cases that may end without a score.
        subgroups: what must hold in every group.
    """

    unit: Literal["study", "image"] = "study"
    sampling: Literal["consecutive", "selected"]
    findings: Annotated[tuple[FindingRule, ...], Field(min_length=1)]
    left_out: dict[Key, Annotated[str, Field(min_length=1, max_length=500)]] = Field(
        default_factory=dict
    )
    max_not_analysed: Share = 0.1
    subgroups: tuple[SubgroupRule, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(rule.finding for rule in self.findings)

    def as_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json")

    @property
    def digest(self) -> str:
        return digest_of(self.as_json())


def digest_of(value: Any) -> str:
    return hashlib.sha256(canonical(value)).hexdigest()


def canonical(value: Any) -> bytes:
    """Return the one form of a document: equal content, equal bytes."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode()


def _hollow(rule: Rule) -> list[Fault]:
    """Name the bars that nobody can fail. Rules of earlier tests, which had some, stay readable."""
    bars = [
        (f"rule.{asked.finding}.bars.{number}.at_least", bar.at_least)
        for asked in rule.findings
        for number, bar in enumerate(asked.bars)
    ]
    floors = [(f"rule.subgroups.{n}.floor", one.floor) for n, one in enumerate(rule.subgroups)]
    problem, remedy = "nobody can fail it", "Ask for what your patients need, such as 0.8"
    return [Fault(field, problem, remedy) for field, asked in (*bars, *floors)
            if asked < LEAST]  # fmt: skip


def faults_against(rule: Rule, findings: Iterable[FindingSpec]) -> list[Fault]:
    """Say where the rule does not fit the model's findings: each is tested once, or left out."""
    known = {finding.key for finding in findings}
    named = [*rule.keys, *rule.left_out]
    offered = f"Use {', '.join(sorted(known)) or 'none: the model has no findings'}"
    faults = [Fault(f"rule.{key}", "not a finding of the model", offered)
              for key in sorted({*named} - known)]  # fmt: skip
    faults += [Fault(f"rule.{key}", "named twice", "Name it once")
               for key in sorted({key for key in named if named.count(key) > 1})]  # fmt: skip
    faults += _hollow(rule)
    remedy = "Give it a rule, or name it in left_out with the reason"
    faults += [Fault(f"rule.{key}", "not tested", remedy) for key in sorted(known - {*named})]
    return faults
