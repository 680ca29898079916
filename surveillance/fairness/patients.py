"""Records as columns, and the figures of groups with each patient's cases taken together. Pure."""

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from inference.runs.models import Outcome
from surveillance.axes import AXES, UNKNOWN
from surveillance.fairness.contrasts import Contrast, Side
from surveillance.fairness.counting import SITE
from surveillance.fairness.kinds import Measure
from surveillance.fairness.pairing import Sides, between, kinds_of, pairs
from surveillance.measures.batch_area import error
from surveillance.measures.clusters import freedom, powers
from surveillance.measures.discrimination import area
from surveillance.measures.gaps import Estimate
from surveillance.measures.intervals import Interval
from surveillance.measures.performance import effective
from surveillance.records.models import WHOLE_RUN

Codes = NDArray[np.int64]
Truths = NDArray[np.bool_]
Scores = NDArray[np.float64]
_EDGE: Final = 1e-3
_SKIPPED, _FAILED = Outcome.SKIPPED.value, Outcome.FAILED.value


@dataclass(frozen=True)
class Axis:
    """The level of each record on an axis, as a place in `names`."""

    names: tuple[str, ...]
    codes: Codes


@dataclass(frozen=True)
class Columns:
    """The records of one finding, or of runs.

    Attributes:
        scores: not a number where there is none.
        truths: 1, 0, or -1 where it was not told.
        flagged: 1, 0, or -1 where there was no score to flag.
    """

    finding_key: str
    patients: Codes
    scores: Scores
    truths: Codes
    flagged: Codes
    skipped: Truths
    failed: Truths
    axes: Mapping[str, Axis]

    @property
    def judged(self) -> Truths:
        """Which records were labelled and have a score: what performance is of."""
        found: Truths = (self.truths >= 0) & (self.flagged >= 0) & np.isfinite(self.scores)
        return found

    def __len__(self) -> int:
        return len(self.patients)


def columns(rows: Sequence[Any], axes: Sequence[str] = AXES) -> list[Columns]:
    """Turn rows of records into columns, a table for each finding, with their levels on axes."""
    by_finding: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        by_finding[row.finding_key].append(row)
    levels = _Levels(axes)
    return [_columns(key, held, levels) for key, held in sorted(by_finding.items())]


def contrasts(of: Columns) -> list[Contrast]:
    """Return every comparison that the records of a finding allow."""
    return [
        contrast
        for name, axis in of.axes.items()
        for kind in kinds_of(of.finding_key)
        for contrast in _on_axis(of, name, axis, kind.measures, _which(of, kind.measures))
    ]


def sides(of: Columns, held: Truths, measures: Iterable[Measure]) -> Sides:
    """Return the figures of the records held."""
    wanted = set(measures)
    if wanted & {Measure.SKIPPED_RATE, Measure.FAILED_RATE}:
        return {
            Measure.SKIPPED_RATE: _share(of.skipped[held], of.patients[held]),
            Measure.FAILED_RATE: _share(of.failed[held], of.patients[held]),
        }
    if Measure.FLAG_RATE in wanted:
        return {Measure.FLAG_RATE: _share(of.flagged[held] == 1, of.patients[held])}
    return _performance(of, held & of.judged)


def _on_axis(
    of: Columns, name: str, axis: Axis, measures: Sequence[Measure], which: Truths
) -> list[Contrast]:
    counts = np.bincount(axis.codes[which], minlength=len(axis.names))
    sizes = {level: float(n) for level, n in zip(axis.names, counts, strict=True)}
    found = []
    for pair in pairs(sizes):
        is_level = axis.codes == axis.names.index(pair.level)
        one, two = (sides(of, which & held, measures) for held in (is_level, ~is_level))
        found += between(of.finding_key, name, pair, one, two, measures)
    return found


def _which(of: Columns, measures: Sequence[Measure]) -> Truths:
    if Measure.SENSITIVITY in measures:
        return of.judged
    # A rate of flags is of everything recorded, as the daily counts have it.
    return np.ones(len(of), dtype=np.bool_)


def _performance(of: Columns, held: Truths) -> Sides:
    truths, flags = of.truths[held] == 1, of.flagged[held] == 1
    scores, patients = of.scores[held], of.patients[held]
    positives, negatives = int(truths.sum()), int((~truths).sum())
    rarer = min(positives, negatives)
    hits, alarms = (_share(flags[each], patients[each], rarer) for each in (truths, ~truths))
    found = area(truths, scores, patients)
    ranked = _area(truths, found, patients) if found else None
    return {
        Measure.SENSITIVITY: hits,
        Measure.FALSE_ALARM_RATE: alarms,
        Measure.AREA: Side(rarer, rarer, ranked),
        Measure.CALIBRATION: Side(len(scores), rarer, _claims(truths, scores, patients)),
    }


def _share(happened: Truths, patients: Codes, small: int | None = None) -> Side:
    n = len(happened)
    people = n if small is None else small
    if n == 0:
        return Side(0, people, None)
    worth = effective(happened, patients)
    estimate = Estimate.of_share(float(happened.mean()), worth)
    return Side(n, people, replace(estimate, freedom=_freedom(patients, n / worth)))


def _claims(truths: Truths, scores: Scores, patients: Codes) -> Estimate | None:
    """Return the mean score less the truth, its error between patients."""
    if not len(scores) or scores.min() < 0 or scores.max() > 1:
        return None
    off = scores - truths
    value = float(off.mean())
    groups, place = np.unique(patients, return_inverse=True)
    if len(groups) == 1:
        return None
    summed = np.bincount(place, weights=off - value)
    sizes = np.bincount(place)
    if len(off) in sizes:
        return None
    # Each patient is left out in turn, as for a share.
    moves = summed / (len(off) - sizes)
    together = (len(groups) - 1) / len(groups) * float(moves @ moves)
    alone = float(np.var(off)) / len(off)
    few = _freedom(patients, together / alone if alone else math.inf)
    return replace(Estimate.of_mean(value, math.sqrt(together)), freedom=few)


def _area(truths: Truths, found: Interval, patients: Codes) -> Estimate:
    estimate, kinds = Estimate.of_area(found), (truths, ~truths)
    value = min(max(found.estimate, _EDGE), 1 - _EDGE)
    alone = error(np.array(value), *(np.array(each.sum()) for each in kinds))
    effect = (estimate.spread * value * (1 - value) / float(alone)) ** 2
    # Either kind may be what the error comes from: the one known from fewer patients counts.
    few = min(_freedom(patients[each], effect) for each in kinds)
    return replace(estimate, freedom=few)


def _freedom(patients: Codes, effect: float) -> float:
    sums = powers(np.bincount(patients))
    return float(freedom(sums, effect)) if sums[1] > sums[0] else math.inf


def _columns(key: str, rows: Sequence[Any], levels: "_Levels") -> Columns:
    is_run = key == WHOLE_RUN
    known = [levels.of(row.attributes, row.site_id) for row in rows]
    flagged = [-1 if row.flagged is None else int(row.flagged) for row in rows]
    return Columns(
        finding_key=key,
        patients=_coded([row.patient_pseudonym for row in rows])[1],
        scores=np.array([math.nan if r.score is None else r.score for r in rows], dtype=np.float64),
        truths=np.array([-1 if r.truth is None else int(r.truth) for r in rows], dtype=np.int64),
        flagged=np.array(flagged, dtype=np.int64),
        skipped=np.array([is_run and r.outcome == _SKIPPED for r in rows], dtype=np.bool_),
        failed=np.array([is_run and r.outcome == _FAILED for r in rows], dtype=np.bool_),
        axes={
            axis: Axis(*_coded([each[place] for each in known]))
            for place, axis in enumerate((*levels.axes, SITE))
        },
    )


class _Levels:
    """Reads the levels of a record; few records differ in them, so each text is read once."""

    def __init__(self, axes: Sequence[str]) -> None:
        self.axes = axes
        self._known: dict[tuple[str, str], tuple[str, ...]] = {}

    def of(self, attributes: str, site_id: str) -> tuple[str, ...]:
        key = (attributes, site_id)
        if key not in self._known:
            held = json.loads(attributes)
            self._known[key] = (*(held.get(axis, UNKNOWN) for axis in self.axes), site_id)
        return self._known[key]


def _coded(values: Sequence[str]) -> tuple[tuple[str, ...], Codes]:
    names = sorted(set(values))
    place = {name: at for at, name in enumerate(names)}
    return tuple(names), np.array([place[value] for value in values], dtype=np.int64)
