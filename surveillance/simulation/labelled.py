"""What a table's labels give: misses, false alarms, predictive value, area and claims. Pure.

Where a table lacks what a stream needs, the stream says how much of how many; it is never left out
in silence. Only a column that is not there makes no stream: flags for rates, probabilities for
claims.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from surveillance.measures import batch_area
from surveillance.measures.histogram import Counts, valued
from surveillance.simulation.cases import Cases, Flags, count, histogram
from surveillance.simulation.question import Question, Tolerances
from surveillance.streams.assessment import Shortage
from surveillance.streams.judging import Item, lacking
from surveillance.streams.kinds import StreamKind
from surveillance.streams.samples import Asked, Claimed, Counted, Ranking

TO_SHOW: Final = 30
TO_ALARM: Final = 150
# Of a kind, its days and what its cases are.
Ask = Callable[[StreamKind, Counts, str], Asked]


@dataclass(frozen=True)
class Share:
    """How often something happens among the labelled: what is counted, and of what."""

    kind: StreamKind
    what: str
    of: Callable[[Cases], Flags]
    events: Callable[[Cases], Flags]
    factor: Callable[[Tolerances], float]
    falls: bool = False


SHARES: Final = (
    Share(
        StreamKind.MISS_RATE,
        "positive cases",
        lambda one: one.is_positive,
        lambda one: one.is_positive & (one.flagged == 0),
        lambda tolerances: tolerances.miss_factor,
    ),
    Share(
        StreamKind.FALSE_ALARM_RATE,
        "negative cases",
        lambda one: one.is_negative,
        lambda one: one.is_negative & one.is_flagged,
        lambda tolerances: tolerances.false_alarm_factor,
    ),
    Share(
        StreamKind.PPV,
        "labelled flags",
        lambda one: one.is_labelled & one.is_flagged,
        lambda one: one.is_positive & one.is_flagged,
        lambda tolerances: tolerances.ppv_factor,
        falls=True,
    ),
)


def samples(question: Question, now: Cases, held: Cases, slots: int, ask: Ask) -> Iterator[Item]:
    """Yield the streams of labels, or what each of them lacks; none where there is no label."""
    told, known = now.take(now.is_labelled), held.take(held.is_labelled)
    if not len(told.day) and not len(known.day):
        return
    if told.is_answered.any() or known.is_answered.any():
        for share in SHARES:
            yield _share(share, question, told, known, ask)
    yield _area(question, told, known, slots, ask)
    if told.is_probability and known.is_probability:
        yield _claims(question, told, known, ask)


def _share(share: Share, question: Question, told: Cases, known: Cases, ask: Ask) -> Item:
    of, before = share.of(told), int(share.of(known).sum())
    days = np.unique(told.label_day[of])
    asked = ask(share.kind, days, share.what)
    if before < TO_SHOW:
        return _short(asked, f"{share.what} in the reference", before)
    return Counted(
        asked,
        count(days, told.label_day, share.events(told)),
        count(days, told.label_day, of),
        (int(share.events(known).sum()), before),
        share.factor(question.tolerances),
        falls=share.falls,
    )


def _area(question: Question, told: Cases, known: Cases, slots: int, ask: Ask) -> Item:
    days = np.unique(told.label_day)
    asked = ask(StreamKind.AREA, days, "positive cases")
    up, down = (
        np.bincount(known.slot[of], minlength=slots)
        for of in (known.is_positive, known.is_negative)
    )
    for name, cases in (("positive", up), ("negative", down)):
        if (have := int(valued(cases).sum())) < TO_SHOW:
            return _short(asked, f"{name} cases in the reference", have)
    positives, negatives = (
        histogram(days, told.label_day[of], told.slot[of], slots)
        for of in (told.is_positive, told.is_negative)
    )
    for name, cases in (("positive", positives), ("negative", negatives)):
        if not valued(cases).sum():
            return _short(asked, f"{name} cases", 0)
    expected = float(batch_area.area(up, down))
    # The reference does not know its own area better than that.
    sizes = (np.asarray(float(valued(each).sum())) for each in (up, down))
    error = batch_area.REFERENCE_ERRORS * float(batch_area.error(np.asarray(expected), *sizes))
    return Ranking(asked, positives, negatives, expected, max(question.tolerances.area, error))


def _claims(question: Question, told: Cases, known: Cases, ask: Ask) -> Item:
    days = np.unique(told.label_day)
    asked = ask(StreamKind.CALIBRATION, days, "labelled cases")
    before = len(known.day)
    if before < TO_SHOW:
        return _short(asked, "labelled cases in the reference", before)
    place = np.searchsorted(days, told.label_day)
    n = np.bincount(place, minlength=len(days))
    claim, brier = (
        np.bincount(place, weights=each, minlength=len(days)).astype(np.float64)
        for each in (told.score, (told.is_positive - told.score) ** 2)
    )
    # If claims hold, this is their variance; a day's own would be none where all went well.
    mean = np.cumsum(brier) / np.maximum(np.cumsum(n), 1)
    variance = (mean * n).astype(np.float64)
    gap = float((known.is_positive - known.score).sum()) / before
    truths = count(days, told.label_day, told.is_positive)
    tolerance = question.tolerances.calibration
    return Claimed(asked, n.astype(np.int64), truths, claim, variance, (gap, before), tolerance)


def _short(asked: Asked, what: str, have: int) -> Item:
    return lacking(asked.stream, None, Shortage(what, have, TO_SHOW))
