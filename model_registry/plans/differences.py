"""Which differences between two packages the steps of a plan allow.

Nothing is allowed that no step names, but for what a new version cannot do without: its label, what
it follows, its signature, the card's figures, and with new weights what the golden cases expect.
What the model is for is never changed under a plan, nor is the plan.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from model_registry.packages.archive import ModelPackage
from model_registry.packages.arrays import Array
from model_registry.packages.golden import GoldenCase
from model_registry.packages.plan_document import Modification, PlanStep
from model_registry.safety.intended_use import speaks_of_use
from model_registry.versions.comparison import Difference, Section, compare_packages

_FIGURES: Final = re.compile(r"evaluation\b.*")
_ROUNDING: Final = 1e-9


@dataclass(frozen=True)
class Judged:
    """A difference, and why it is not allowed (None: it is)."""

    difference: Difference
    problem: str | None

    @property
    def is_allowed(self) -> bool:
        return self.problem is None


def judge(
    before: ModelPackage, after: ModelPackage, steps: Sequence[PlanStep]
) -> tuple[Judged, ...]:
    """Hold every difference between two packages against what the steps may change."""
    named = [modification for step in steps for modification in step.may_change]
    same_questions = _same_questions(before.golden, after.golden)
    return tuple(
        Judged(difference, _problem(difference, named, same_questions=same_questions))
        for difference in compare_packages(before, after)
    )


def _problem(
    difference: Difference, named: Sequence[Modification], *, same_questions: bool
) -> str | None:
    section, path = difference.section, difference.path
    if _is_always_new(section, path):
        return None
    if section is Section.PLAN:
        return "the plan itself is not as it was signed"
    if section is Section.CARD and speaks_of_use(path):
        return "no plan changes what the model is for"
    return _bounded(difference, named, same_questions=same_questions)


def _bounded(
    difference: Difference, named: Sequence[Modification], *, same_questions: bool
) -> str | None:
    section = difference.section
    mine = [one for one in named if one.section == section.value and _covers(one, difference.path)]
    if section is Section.GOLDEN and not mine:
        return _golden(named, same_questions=same_questions)
    if not mine:
        return "no step of the plan names it"
    if not any(_is_near_enough(one, difference) for one in mine):
        return f"it moves further than {max(one.max_change or 0 for one in mine):g}"
    return None


def _is_always_new(section: Section, path: str) -> bool:
    if section is Section.CARD:
        return bool(_FIGURES.fullmatch(path))
    return path == "model.version" or (section is Section.PLAN and path.startswith("follows"))


def _golden(named: Sequence[Modification], *, same_questions: bool) -> str | None:
    if not any(one.section == Section.WEIGHTS.value for one in named):
        return "no step of the plan names it"
    return None if same_questions else "golden cases ask something else, or allow a larger error"


def _covers(modification: Modification, path: str) -> bool:
    return not modification.paths or any(
        re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), path)
        for pattern in modification.paths
    )


def _is_near_enough(modification: Modification, difference: Difference) -> bool:
    if modification.max_change is None:
        return True
    try:
        moved = abs(float(difference.after or "") - float(difference.before or ""))
    except ValueError:
        return False
    return moved <= modification.max_change + _ROUNDING


def _same_questions(before: Sequence[GoldenCase], after: Sequence[GoldenCase]) -> bool:
    """Whether the cases give the same inputs and allow no larger difference."""
    return len(before) == len(after) and all(
        had.name == has.name
        and had.dicom == has.dicom
        and has.tolerance <= had.tolerance
        and had.inputs.keys() == has.inputs.keys()
        and all(_same(had.inputs[name], has.inputs[name]) for name in had.inputs)
        for had, has in zip(before, after, strict=True)
    )


def _same(had: Array, has: Array) -> bool:
    return had.dtype == has.dtype and np.array_equal(had, has)
