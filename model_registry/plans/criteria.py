"""Whether a changed version shows what its plan asks, by the figures of its card."""

from collections.abc import Iterator
from dataclasses import dataclass

from model_registry.packages.archive import ModelPackage
from model_registry.packages.plan_document import Criterion, PlanStep
from model_registry.plans.figures import Figure, figures

_ROUNDING = 1e-9


@dataclass(frozen=True)
class Shown:
    """A criterion and what was found.

    Attributes:
        asked: the criterion in words.
        found: the figure in words.
        met: None where each site's own acceptance test has to say.
    """

    step: str
    asked: str
    found: str
    met: bool | None


def judge(
    package: ModelPackage, step: PlanStep, reviewed: dict[str, ModelPackage]
) -> Iterator[Shown]:
    """Yield each criterion of a step with what the card shows.

    Args:
        package: the changed version.
        step: whose criteria.
        reviewed: the versions that it may not be worse than, by their labels.
    """
    for criterion in step.acceptance:
        if criterion.evidence == "local_test":
            said = "each site's own acceptance test says so, and stays a gate"
            yield Shown(step.key, f"{_in_words(criterion)}{_to_reach(criterion)}", said, None)
            continue
        yield from _on_the_card(package, step, criterion, reviewed)


def _on_the_card(
    package: ModelPackage, step: PlanStep, criterion: Criterion, reviewed: dict[str, ModelPackage]
) -> Iterator[Shown]:
    new = _worst(package, criterion)
    asked = _in_words(criterion)
    if new is None:
        yield Shown(step.key, asked, "the card has no such figure", met=False)
        return
    value = new.low if criterion.bound == "lower" else new.estimate
    if value is None:
        yield Shown(step.key, asked, f"{new.estimate:.3f} without an interval", met=False)
        return
    found = f"{new.estimate:.3f}" + (f" (at least {new.low:.3f})" if new.low is not None else "")
    if criterion.min is not None:
        met = value >= criterion.min - _ROUNDING
        yield Shown(step.key, f"{asked} of {criterion.min:g} or more", found, met)
    if criterion.margin is not None:
        for label, before in reviewed.items():
            asked_here = f"{asked}, no more than {criterion.margin:g} below that of {label}"
            had = _best(before, criterion)
            if had is None:
                said = f"{found}, and the card of {label} has no such figure"
                yield Shown(step.key, asked_here, said, met=False)
                continue
            met = value >= had - criterion.margin - _ROUNDING
            yield Shown(step.key, asked_here, f"{found} after {had:.3f}", met)


def _worst(package: ModelPackage, criterion: Criterion) -> Figure | None:
    """Return the least of the figures where a card gives more than one."""
    found = _figures(package, criterion)
    return min(found, key=lambda figure: (figure.low or 0, figure.estimate), default=None)


def _best(package: ModelPackage, criterion: Criterion) -> float | None:
    found = _figures(package, criterion)
    return max((figure.estimate for figure in found), default=None)


def _figures(package: ModelPackage, criterion: Criterion) -> list[Figure]:
    return list(figures(package.card, package.manifest, criterion))


def _to_reach(criterion: Criterion) -> str:
    least = "" if criterion.min is None else f" of {criterion.min:g} or more"
    margin = criterion.margin
    return least + ("" if margin is None else f", no more than {margin:g} below the version before")


def _in_words(criterion: Criterion) -> str:
    group = f" where {criterion.axis} is {criterion.level}" if criterion.axis else ""
    data = f" on {criterion.dataset}" if criterion.dataset else ""
    end = "lower end of " if criterion.bound == "lower" else ""
    return f"{end}{criterion.metric} for {criterion.finding}{group}{data}"
