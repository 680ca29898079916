"""A rule, and its verdict on a study. Pure: attributes in, verdict with its reason out."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from inference.runs.models import Priority
from vigil.kernel import cel
from vigil.kernel.dicom import NAMES
from vigil.kernel.errors import Fault

Attributes = dict[str, Any]
SHOWN_KINDS = 3


class Rule(BaseModel):
    """Send studies that have an instance for which `when` holds to the deployments of `model`.

    Attributes:
        name: unique within the revision.
        when: a CEL condition over the attributes of one instance.
        model: `ODS-CODE/name` of the model; which version runs is the deployment's affair.
        priority: of the runs that follow.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=80)
    when: str
    model: str = Field(pattern=r"^[A-Za-z0-9-]+/[a-z0-9][a-z0-9.-]*$")
    priority: Priority = Priority.ROUTINE


class ResolvedRule(Rule):
    """A rule as a revision keeps it: with the model that its reference named when drafted."""

    model_id: str


@dataclass(frozen=True)
class Verdict:
    matched: bool
    reason: str


def faults_in(rules: Sequence[Rule]) -> list[Fault]:
    """Return what is wrong with a list of rules."""
    faults = []
    for place, rule in enumerate(rules):
        faults += cel.faults_in(rule.when, f"rules[{place}].when", NAMES)
        if any(other.name == rule.name for other in rules[:place]):
            remedy = "Give each rule its own name"
            faults.append(Fault(f"rules[{place}].name", f"{rule.name} stands twice", remedy))
    return faults


def digest(rules: Sequence[ResolvedRule]) -> str:
    text = json.dumps([rule.model_dump(mode="json") for rule in rules], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def judge(rule: Rule, instances: Iterable[Attributes]) -> Verdict:
    """Decide whether the rule matches a study, from the attributes of its instances.

    An instance that lacks an attribute the condition needs does not match, and the reason says so:
    a rule never guesses.
    """
    condition = cel.compile_condition(rule.when)
    seen: dict[str, None] = {}
    for attributes in instances:
        try:
            if condition.holds(attributes):
                return Verdict(True, f"an instance has {condition.facts(attributes)}")
            seen[condition.facts(attributes)] = None
        except cel.Undecidable as unknown:
            seen[f"{condition.facts(attributes)} ({unknown})"] = None
    kinds = "; ".join(list(seen)[:SHOWN_KINDS])
    more = f"; and {len(seen) - SHOWN_KINDS} more" if len(seen) > SHOWN_KINDS else ""
    return Verdict(False, f"no instance satisfies the rule: {kinds}{more}")
