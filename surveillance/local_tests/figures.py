"""The figures of a test: for each finding, over all its cases and over each group of them. Pure.

Rates and areas are of the cases that have a score; how many have none is said beside them, and what
the sensitivity would be if every such case were a miss.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from inference.runs.models import Outcome
from surveillance.axes import IMAGE_AXES, UNKNOWN
from surveillance.local_tests.rule import Metric
from surveillance.measures.calibration import calibration
from surveillance.measures.discrimination import area
from surveillance.measures.intervals import Interval
from surveillance.measures.performance import Rate, rates, share

DIGITS = 6


@dataclass(frozen=True)
class Scored:
    """A case after the run. `patient` tells one patient's cases from another's, and no more."""

    finding: str
    label: bool
    outcome: Outcome
    reason: str | None
    score: float | None
    flagged: bool | None
    levels: Mapping[str, str]
    patient: str

    @property
    def analysed(self) -> bool:
        return self.score is not None and self.flagged is not None


@dataclass(frozen=True)
class Cell:
    """The figures of one group of cases for one finding."""

    axis: str
    level: str
    labelled: int
    analysed: int
    patients: int
    positives: int
    negatives: int
    sensitivity: Rate
    specificity: Rate
    ppv: Rate
    npv: Rate
    auc: Interval | None

    def interval(self, metric: Metric) -> Interval | None:
        if metric == "auc":
            return self.auc
        rate: Rate = getattr(self, metric)
        return rate.interval

    def cases(self, metric: Metric) -> int:
        """Return how many cases the metric is made of: the rarer kind for the area."""
        by_metric = {"sensitivity": self.positives, "specificity": self.negatives}
        return by_metric.get(metric, min(self.positives, self.negatives))


@dataclass(frozen=True)
class Figures:
    """All that is said of one finding."""

    finding: str
    overall: Cell
    groups: tuple[Cell, ...]
    if_missed: Rate
    calibration: dict[str, Any] | None
    not_analysed: dict[str, int]


def figures(finding: str, cases: Sequence[Scored]) -> Figures:
    """Return the figures of one finding's cases."""
    done = [case for case in cases if case.analysed]
    labels, scores = _labels(done), _scores(done)
    fitted = calibration(labels, scores)
    positives = [case for case in cases if case.label]
    hits = np.array([case.flagged is True for case in positives], dtype=np.bool_)
    return Figures(
        finding=finding,
        overall=_cell("all", "all", cases),
        groups=tuple(
            _cell(axis, level, [case for case in cases if _level(case, axis) == level])
            for axis in IMAGE_AXES
            for level in _levels(cases, axis)
        ),
        if_missed=share(hits, _patients(positives)),
        calibration=rounded(fitted.__dict__) if fitted else None,
        not_analysed=_reasons(cases),
    )


def rounded(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return numbers with as many digits as they are worth: the same on every machine."""
    return {
        name: round(value, DIGITS) if isinstance(value, float) else value
        for name, value in values.items()
    }


def _cell(axis: str, level: str, cases: Sequence[Scored]) -> Cell:
    done = [case for case in cases if case.analysed]
    labels, patients = _labels(done), _patients(done)
    flags = np.array([case.flagged for case in done], dtype=np.bool_)
    table = rates(labels, flags, patients)
    return Cell(
        axis=axis,
        level=level,
        labelled=len(cases),
        analysed=len(done),
        patients=len({case.patient for case in done}),
        positives=int(labels.sum()),
        negatives=int((~labels).sum()),
        sensitivity=table.sensitivity,
        specificity=table.specificity,
        ppv=table.ppv,
        npv=table.npv,
        auc=area(labels, _scores(done), patients),
    )


def _labels(cases: Sequence[Scored]) -> Any:
    return np.array([case.label for case in cases], dtype=np.bool_)


def _scores(cases: Sequence[Scored]) -> Any:
    return np.array([case.score for case in cases], dtype=np.float64)


def _patients(cases: Sequence[Scored]) -> Any:
    place: dict[str, int] = {}
    return np.array([place.setdefault(case.patient, len(place)) for case in cases], dtype=np.int64)


def _level(case: Scored, axis: str) -> str:
    return case.levels.get(axis, UNKNOWN)


def _levels(cases: Sequence[Scored], axis: str) -> list[str]:
    """Return the levels of an axis, `unknown` always and last."""
    return [*sorted({_level(case, axis) for case in cases} - {UNKNOWN}), UNKNOWN]


def _reasons(cases: Sequence[Scored]) -> dict[str, int]:
    """Count why cases have no score."""
    missed = (case for case in cases if not case.analysed)
    found = Counter(f"{case.outcome.value}: {case.reason or 'no score'}" for case in missed)
    return dict(found.most_common())
