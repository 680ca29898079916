"""Hold a version against the plan that it claims: pure, from the packages to the reasons."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from model_registry.packages.archive import ModelPackage
from model_registry.packages.errors import BrokenPackage
from model_registry.packages.layout import CHANGE_PLAN
from model_registry.packages.plan_document import ChangePlan, PlanStep, read_change_plan
from model_registry.plans import criteria, differences
from model_registry.plans.criteria import Shown
from model_registry.plans.differences import Judged

SHOWN_REASONS = 100
SHOWN_DIFFERENCES = 500
SHOWN_LENGTH = 300


@dataclass(frozen=True)
class Reviewed:
    """A version that the new one is held against, and the steps that may lie between them."""

    label: str
    package: ModelPackage
    steps: tuple[str, ...]


@dataclass(frozen=True)
class Judgement:
    """What came of it, as it is kept."""

    is_inside: bool
    reasons: tuple[str, ...]
    differences: tuple[dict[str, Any], ...] = field(default=())
    criteria: tuple[dict[str, Any], ...] = field(default=())


def judge(package: ModelPackage, against: Sequence[Reviewed]) -> Judgement:
    """Hold a package against its predecessor and the reviewed version, the last of `against`.

    The plan is the reviewed version's. From the predecessor only the version's own step may have
    led here; from the reviewed version every step on the way may have.
    """
    plan, problem = _plan_of(against[-1])
    if plan is None:
        return outside(problem)
    unknown = [key for key in against[-1].steps if plan.step(key) is None]
    if unknown:
        return outside(f"the plan of {against[-1].label} has no step {', '.join(unknown)}")
    judged = [(one, judged) for one in against for judged in _differences(package, one, plan)]
    packages = {one.label: one.package for one in against}
    shown = [
        found
        for step in _steps(plan, against[-1].steps)
        for found in criteria.judge(package, step, packages)
    ]
    shown_first = sorted(judged, key=lambda pair: pair[1].is_allowed)[:SHOWN_DIFFERENCES]
    reasons = [_reason(one.label, found) for one, found in judged if not found.is_allowed]
    reasons += [f"not shown: {one.asked}; found {one.found}" for one in shown if one.met is False]
    return Judgement(
        is_inside=not reasons,
        reasons=tuple(dict.fromkeys(reasons))[:SHOWN_REASONS],
        differences=tuple(_row(one.label, found) for one, found in shown_first),
        criteria=tuple(_criterion(one) for one in shown),
    )


def outside(reason: str) -> Judgement:
    return Judgement(is_inside=False, reasons=(reason,))


def _plan_of(reviewed: Reviewed) -> tuple[ChangePlan | None, str]:
    if CHANGE_PLAN not in reviewed.package.files:
        return None, f"{reviewed.label} has no change plan"
    try:
        return read_change_plan(reviewed.package.read(CHANGE_PLAN)), ""
    except BrokenPackage as error:
        return None, f"the change plan of {reviewed.label} cannot be read: {error.detail}"


def _differences(package: ModelPackage, reviewed: Reviewed, plan: ChangePlan) -> tuple[Judged, ...]:
    return differences.judge(reviewed.package, package, _steps(plan, reviewed.steps))


def _steps(plan: ChangePlan, keys: Sequence[str]) -> list[PlanStep]:
    return [step for step in plan.steps if step.key in keys]


def _reason(label: str, judged: Judged) -> str:
    difference = judged.difference
    where = f"{difference.section.value} {difference.path}"
    return f"{where} differs from {label}: {judged.problem}"


def _row(label: str, judged: Judged) -> dict[str, Any]:
    found = judged.difference
    return {
        "against": label,
        "section": found.section.value,
        "path": found.path,
        "before": found.before and found.before[:SHOWN_LENGTH],
        "after": found.after and found.after[:SHOWN_LENGTH],
        "allowed": judged.is_allowed,
        "problem": judged.problem,
    }


def _criterion(shown: Shown) -> dict[str, Any]:
    return asdict(shown)
