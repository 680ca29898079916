"""Which instances of a study a package wants, which it may not be given, and why. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from model_registry.packages.manifest import Input
from vigil.kernel import cel


@dataclass(frozen=True)
class Candidate:
    """An instance as selection sees it."""

    instance_id: str
    sop_instance_uid: str
    digest: str
    attributes: dict[str, Any]


@dataclass(frozen=True)
class Selection:
    """Those to run on, and, where there are none, the reason why."""

    chosen: tuple[Candidate, ...]
    reason: str | None


def select(wanted: Input, candidates: Sequence[Candidate]) -> Selection:
    """Apply the package's `select`, then its `guard`, to each instance.

    An instance that lacks what a condition needs is not chosen: the model was not validated for
    data about which this is unknown.
    """
    fitting = [one for one in candidates if _refusal(wanted.select, one) is None]
    if not fitting:
        why = _first(wanted.select, candidates) or "the study has no instance"
        return Selection((), f"no instance fits the package's select: {why}")
    if wanted.guard is None:
        return Selection(tuple(fitting), None)
    guarded = [one for one in fitting if _refusal(wanted.guard, one) is None]
    if not guarded:
        refusal = _first(wanted.guard, fitting)
        return Selection((), f"the package's guard refuses every fitting instance: {refusal}")
    return Selection(tuple(guarded), None)


def _refusal(source: str, candidate: Candidate) -> str | None:
    condition = cel.compile_condition(source)
    try:
        if condition.holds(candidate.attributes):
            return None
        return condition.facts(candidate.attributes)
    except cel.Undecidable as unknown:
        return f"{condition.facts(candidate.attributes)} ({unknown})"


def _first(source: str, candidates: Sequence[Candidate]) -> str | None:
    return next((_refusal(source, one) for one in candidates), None)
