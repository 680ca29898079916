"""Vigil's detectors over a year of RADSURV-1: the production tracks, and when each alarmed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.radsurv_worlds import DAYS, Year
from surveillance.measures import categories, tracks
from surveillance.measures.detector import HORIZON, log_levels
from surveillance.measures.ebh import SHARE_FALSE
from surveillance.measures.tracks import Track

ESCALATE = HORIZON / 0.05  # one stream by itself: 5 % of streams a year, at most
NEVER = DAYS
MISS_FACTOR = 1.25
FLAG_FACTOR = 1.05
OVERRIDE_FACTOR = 1.25
AREA_TOLERANCE = 0.03
CLAIM_TOLERANCE = 0.02

Levels = NDArray[np.float64]


@dataclass(frozen=True)
class Watched:
    """A stream's level on each day, and whether its estimate was beyond what is tolerated."""

    log_e: Levels
    levels: Levels
    is_beyond: NDArray[np.bool_]

    def alarms(self, threshold: float) -> int:
        """Count the alarms of a year, the detector beginning anew after each."""
        count, start = 0, 0
        while start < DAYS:
            hit = log_levels(self.log_e[start:]) >= np.log(threshold)
            if not hit.any():
                break
            count, start = count + 1, start + int(np.argmax(hit)) + 1
        return count

    def first(self, threshold: float, *, beyond: bool, start: int = 0) -> int:
        """Return the first day from `start` on that alarms; `NEVER` if none does."""
        hit = self.levels >= np.log(threshold)
        hit = hit & self.is_beyond if beyond else hit
        found = np.flatnonzero(hit[start:])
        return int(found[0]) + start if len(found) else NEVER


def watch(year: Year) -> Mapping[str, Watched]:
    """Follow every stream of a year, by name."""
    of, reference = year, year.reference
    missed = (reference.missed, reference.positives)
    negatives = reference.n - reference.positives
    there, absent = of.positives[:, :-2].sum(1), of.negatives[:, :-2].sum(1)
    group = of.group_positives[:, :-2].sum(1).astype(np.float64)
    flagged = (reference.flagged, reference.n)
    overridden = (reference.overridden, reference.n)
    found = {
        "score": tracks.of_scores(of.counts, reference.counts),
        "flag rate": tracks.of_rate(of.flagged, of.n, flagged, FLAG_FACTOR),
        "overrides": tracks.of_rate(of.overridden, of.n, overridden, OVERRIDE_FACTOR, falls=False),
        "misses": _rise(of.missed, there, missed),
        "false alarms": _rise(of.alarmed, absent, (reference.alarmed, negatives)),
        "area": _area(of.positives, of.negatives, reference.area),
        "misses in group": _rise(of.group_missed, group, missed),
        "area in group": _area(of.group_positives, of.group_negatives, reference.area),
        "claims": tracks.of_claims(
            of.positives, of.negatives, reference.claim, reference.n, CLAIM_TOLERANCE
        ),
    }
    return {name: _watched(track) for name, track in found.items()} | {"makers": _makers(year)}


def _rise(events: Levels, n: Levels, baseline: tuple[int, int]) -> Track:
    return tracks.of_rate(events, n.astype(np.float64), baseline, MISS_FACTOR, falls=False)


def _area(positives: NDArray[np.int64], negatives: NDArray[np.int64], expected: float) -> Track:
    return tracks.of_area(positives, negatives, expected, AREA_TOLERANCE)


def _watched(track: Track) -> Watched:
    return Watched(track.log_e, track.levels, track.is_beyond)


def _makers(year: Year) -> Watched:
    """Shares that move are evidence; a maker never seen before is an event at once."""
    wins = categories.log_e(year.makers, year.reference.makers)
    levels = log_levels(wins)
    is_new = np.maximum.accumulate((year.makers[:, year.reference.makers == 0] > 0).any(1))
    levels = np.where(is_new, 500.0, levels)
    return Watched(wins, levels, np.ones(DAYS, dtype=bool))


def discovered(streams: Sequence[Watched], q: float = SHARE_FALSE) -> list[int]:
    """Return the day on which e-BH over all streams first names each, if beyond tolerance."""
    total = len(streams)
    levels = np.stack([stream.levels for stream in streams])
    beyond = np.stack([stream.is_beyond for stream in streams])
    # Levels are bounded so that their exponentials can be compared.
    e_values = np.exp(np.minimum(levels, 500.0)) / HORIZON
    ordered = -np.sort(-e_values, axis=0)
    passes = ordered * q * np.arange(1, total + 1)[:, None] >= total
    count = np.where(passes.any(0), total - np.argmax(passes[::-1], axis=0), 0)
    least = np.where(
        count > 0, np.take_along_axis(ordered, np.maximum(count - 1, 0)[None], 0)[0], np.inf
    )
    named = (e_values >= least) & beyond
    return [int(np.argmax(row)) if row.any() else NEVER for row in named]
