"""A stream's own days as a world: what its false alarms and delays are played on. Pure."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from surveillance.measures import batch_area
from surveillance.measures.histogram import Counts, valued
from surveillance.simulation import labelled
from surveillance.simulation.cases import Cases, Flags
from surveillance.simulation.days import OVERRIDES, Watched
from surveillance.simulation.worlds import WEEK, Claims, History
from surveillance.streams.kinds import StreamKind

MIN_WEEKS: Final = 4
_SIDES: Final = tuple(
    (kind, which) for kind, which in OVERRIDES.items() if kind is not StreamKind.OVERRIDE_RATE
)


@dataclass(frozen=True)
class Own:
    """Attributes: history: None where there are too few weeks; note: what it is made of, or why."""

    history: History | None
    note: str


def own(watched: Watched) -> Own:
    """Return the reference's days; with those watched, where they are too few.

    What is played is held to be without a change: days with one in them make its false alarms more
    and its delays longer, so that the reference alone is the better choice.
    """
    before, now = watched.reference, watched.now
    if len(watched.group.reference) and _weeks(before) >= MIN_WEEKS:
        weeks = _weeks(before)
        return Own(_history(watched, before), f"the {weeks} whole weeks of the reference")
    both = _joined(before, now) if len(watched.group.reference) else now
    weeks = _weeks(both)
    if weeks < MIN_WEEKS:
        why = f"{weeks} whole weeks of days: {MIN_WEEKS} are needed to draw a year from"
        return Own(None, why)
    note = f"all {weeks} whole weeks, as the reference has fewer than {MIN_WEEKS}"
    return Own(_history(watched, both), note)


def _weeks(of: Cases) -> int:
    return int(of.day.max() - of.day.min() + 1) // WEEK if len(of.day) else 0


def _joined(one: Cases, other: Cases) -> Cases:
    pairs = zip(vars(one).values(), vars(other).values(), strict=True)
    return Cases(*(np.concatenate(pair) for pair in pairs))


def _history(watched: Watched, of: Cases) -> History:
    first, slots = int(of.day.min()), watched.edges.slots
    days = _weeks(of) * WEEK
    held = of.take(of.day < first + days)
    at = held.day - first

    def histogram(which: Flags) -> Counts:
        flat = np.bincount(at[which] * slots + held.slot[which], minlength=days * slots)
        return flat.reshape(days, slots).astype(np.int64)

    def count(which: Flags) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
        return np.bincount(at[which], minlength=days).astype(np.float64)

    is_so, is_not = held.label == 1, held.label == 0
    positives, negatives = histogram(is_so), histogram(is_not)
    up, down = positives.sum(0), negatives.sum(0)
    has_both = valued(up).sum() > 0 and valued(down).sum() > 0
    return History(
        counts=histogram(np.ones(len(at), dtype=bool)).astype(np.float64),
        flagged=count(held.is_flagged),
        answered=count(held.is_answered),
        overridden=count(held.is_overridden),
        decided=count(held.is_decided),
        positives=positives,
        negatives=negatives,
        # Without flags no positive is known to be missed.
        missed=count(is_so & (held.flagged == 0)),
        area=float(batch_area.area(up, down)) if has_both else None,
        shares={
            **{kind: (count(which(held)), count(held.is_decided)) for kind, which in _SIDES},
            **{
                each.kind: (count(each.events(held)), count(each.of(held)))
                for each in labelled.SHARES
                if each.kind is not StreamKind.MISS_RATE
            },
        },
        claims=_claims(held, at, days),
    )


def _claims(held: Cases, at: Counts, days: int) -> Claims | None:
    """Return the gap of truth and claim of each day; None where scores are no probabilities."""
    told = held.is_labelled
    if not told.any() or not held.take(told).is_probability:
        return None
    gap = held.is_positive - held.score
    n, gaps, brier = (
        np.bincount(at[told], w[told], days).astype(np.float64)
        for w in (np.ones(len(gap)), gap, gap**2)
    )
    return Claims(n, gaps, brier)
