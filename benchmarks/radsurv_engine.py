"""Vigil's engine over the years of RADSURV-1: its own samples, bets, tolerances and minimum counts.

What is bet on is what `surveillance.streams` asks for; all days are followed in one pass, as
`surveillance.simulation` does, and `same_as_daily` holds that pass to the engine's daily look.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.radsurv_worlds import DAYS, Labelled, Year
from surveillance.measures import batch_area, cusum
from surveillance.measures.bets import Bets
from surveillance.measures.categories import unseen
from surveillance.measures.detector import HORIZON, WATCH, log_levels
from surveillance.measures.ebh import SHARE_FALSE
from surveillance.measures.histogram import Counts, valued
from surveillance.measures.tracks import follow
from surveillance.simulation.paths import discovered, until
from surveillance.streams.assessment import MIN_DECIDED, MIN_SCORES, Verdict
from surveillance.streams.categories import (
    CASES_OF_A_WEEK,
    CASES_OF_AN_EVENT,
    SHARE_OF_A_WEEK,
    WEEK,
)
from surveillance.streams.judging import TOGETHER, judge
from surveillance.streams.kinds import Stream, StreamKind
from surveillance.streams.performance import TO_ALARM, TO_SHOW
from surveillance.streams.samples import Asked, Claimed, Counted, Ranked, Ranking, Sample
from surveillance.tolerances.amounts import AMOUNTS

ESCALATE = HORIZON / 0.05  # one stream by itself: 5 % of streams a year, at most
NEVER = DAYS
CERTAIN = 500.0  # of a logarithm: beyond this nobody tells levels apart

Levels = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Watched:
    """A stream on each day of the year.

    Attributes:
        levels: the logarithm of the detector's level; minus infinity before there is enough.
        is_beyond: whether the estimate has left what is tolerated.
        charted: whether the classical chart is beyond its limit.
        watches: how often the year alarmed, everything beginning anew after each.
        sample: what was judged; None for an event, which needs no evidence.
    """

    levels: Levels
    is_beyond: Flags
    charted: Flags
    watches: int
    sample: Sample | None = None

    def first(self, *, start: int = 0, least: float = ESCALATE) -> int:
        """Return the first day from `start` on that escalates; `NEVER` if none does."""
        return _first((self.levels >= np.log(least)) & self.is_beyond, start)

    def first_watch(self, *, start: int = 0) -> int:
        return _first((self.levels >= np.log(WATCH)) | self.charted, start)


def watch(years: Iterable[Year]) -> list[Mapping[str, Watched]]:
    """Follow every stream of each year, by name; one with too small a reference is left out."""
    found: list[Mapping[str, Watched]] = []
    rest = iter(years)
    while some := list(islice(rest, TOGETHER)):
        asked = [samples(each) for each in some]
        held: list[dict[str, Watched]] = [{} for _ in some]
        for name in dict.fromkeys(name for each in asked for name in each):
            places = [place for place, each in enumerate(asked) if name in each]
            followed = _followed([asked[place][name] for place in places])
            for place, stream in zip(places, followed, strict=True):
                held[place][name] = stream
        for year, streams in zip(some, held, strict=True):
            streams["maker, new"] = _new_maker(year)
        found += held
    return found


def samples(year: Year) -> dict[str, Sample]:
    """Return what the engine would judge of a year; keys are what the tables call it."""
    of, known = year, year.reference
    every_day = np.arange(DAYS)
    found: dict[str, Sample] = {
        "score": Ranked(
            _asked(StreamKind.SCORE, every_day, MIN_SCORES),
            of.counts,
            known.counts,
            _tolerance(StreamKind.SCORE),
        ),
        "flag rate": _rate(StreamKind.FLAG_RATE, of.flagged, of.n, (known.flagged, known.n)),
        "overrides": _rate(
            StreamKind.OVERRIDE_RATE, of.overridden, of.n, (known.overridden, known.n), MIN_DECIDED
        ),
        "claims": _claims(year),
    }
    found |= _performance(of.everybody, known.everybody, "")
    found |= _performance(of.group, known.group, " in group")
    often = np.argsort(-known.makers, kind="stable")
    for place in often[1 : (known.makers > 0).sum()].tolist():
        baseline = (int(known.makers[place]), known.n)
        found[f"maker {place}"] = _rate(StreamKind.CATEGORY, of.makers[:, place], of.n, baseline)
    return found


def same_as_daily(watched: Watched, day: int) -> bool:
    """Whether the engine's own look at the days until `day` finds as much, stream by itself."""
    if watched.sample is None:
        return True
    seen = int(np.searchsorted(watched.sample.asked.ordinals, day + 1, side="right"))
    (found,) = judge([until(watched.sample, seen)])
    if found.verdict is not Verdict.WATCH or found.evidence is None:
        return False
    return found.is_beyond and found.evidence.level >= ESCALATE * (1 - 1e-9)


def first_discoveries(streams: Sequence[Watched], q: float = SHARE_FALSE) -> list[int]:
    """Return the day on which e-BH over all streams first names each, if beyond tolerance."""
    levels = np.stack([stream.levels for stream in streams])
    beyond = np.stack([stream.is_beyond for stream in streams])
    e_values = np.where(beyond, np.exp(np.minimum(levels, CERTAIN)) / HORIZON, 0.0)
    named = discovered(e_values, len(streams), q)
    return [int(np.argmax(row)) if row.any() else NEVER for row in named]


def _performance(of: Labelled, known: Labelled, where: str) -> dict[str, Sample]:
    """Return what labels tell, as `streams.performance` asks; nothing where that declines."""
    there, absent = (valued(each).sum(-1) for each in (of.positives, of.negatives))
    had, lacked = (int(valued(each).sum()) for each in (known.positives, known.negatives))
    missed, alarmed = int(known.missed), int(known.alarmed)
    held = (there + absent) > 0
    asked = {
        "misses": (StreamKind.MISS_RATE, of.missed, there, (missed, had), False),
        "false alarms": (StreamKind.FALSE_ALARM_RATE, of.alarmed, absent, (alarmed, lacked), False),
        "PPV": (
            StreamKind.PPV,
            there - of.missed,
            there - of.missed + of.alarmed,
            (had - missed, had - missed + alarmed),
            True,
        ),
    }
    found: dict[str, Sample] = {
        name + where: _rate(kind, events, n, baseline, TO_ALARM, held, falls=falls)
        for name, (kind, events, n, baseline, falls) in asked.items()
        if baseline[1] >= TO_SHOW
    }
    if min(had, lacked) >= TO_SHOW:
        found["area" + where] = _area(of, known, held)
    return found


def _area(of: Labelled, known: Labelled, held: Flags) -> Ranking:
    expected = batch_area.area(known.positives, known.negatives)
    sizes = (np.asarray(float(valued(each).sum())) for each in (known.positives, known.negatives))
    tolerance = max(
        _tolerance(StreamKind.AREA),
        batch_area.REFERENCE_ERRORS * float(batch_area.error(expected, *sizes)),
    )
    asked = _asked(StreamKind.AREA, np.flatnonzero(held), TO_ALARM)
    return Ranking(asked, of.positives[held], of.negatives[held], float(expected), tolerance)


def _claims(of: Year) -> Claimed:
    positives, negatives = of.everybody.positives, of.everybody.negatives
    truths = valued(positives).sum(-1)
    n = truths + valued(negatives).sum(-1)
    held = n > 0
    cases = n[held].astype(np.float64)
    mean = np.cumsum(of.brier[held]) / np.cumsum(cases)
    return Claimed(
        _asked(StreamKind.CALIBRATION, np.flatnonzero(held), TO_ALARM),
        n[held],
        truths[held],
        of.claim[held],
        mean * cases,
        (of.reference.claim_gap / of.reference.n, of.reference.n),
        _tolerance(StreamKind.CALIBRATION),
    )


def _rate(
    kind: StreamKind,
    events: Counts,
    n: Counts,
    baseline: tuple[int, int],
    need: int = MIN_SCORES,
    held: Flags | None = None,
    *,
    falls: bool = True,
) -> Counted:
    days = np.arange(DAYS) if held is None else np.flatnonzero(held)
    asked = _asked(kind, days, need)
    return Counted(asked, events[days], n[days], baseline, _tolerance(kind), falls)


def _asked(kind: StreamKind, days: Counts, need: int) -> Asked:
    stream = Stream("ver_1", "ste_1", "finding", kind)
    # Ordinals count from one: there is no day zero.
    return Asked(stream=stream, reference_id="ref_1", ordinals=days + 1, what="cases", need=need)


def _tolerance(kind: StreamKind) -> float:
    return AMOUNTS[kind].default


def _followed(some: Sequence[Sample]) -> list[Watched]:
    of: Any = type(some[0])
    bets: Bets = of.bets(some)
    with np.errstate(invalid="ignore", divide="ignore"):
        track = follow(bets)
        beyond = track.is_beyond
    chart = np.maximum(track.rises, track.falls) >= cusum.LIMIT
    loud = track.levels >= np.log(WATCH)
    found = []
    for row, sample in enumerate(some):
        own = sample.asked.ordinals
        enough = np.cumsum(sample.cases) >= sample.asked.need
        size = len(own)
        level = np.where(enough, track.levels[row, :size], -np.inf)
        hit = enough & chart[row, :size]
        heard = hit | (enough & loud[row, :size])
        count = _alarms(bets.log_e[row, :size], bets.z[row, :size], enough) if heard.any() else 0
        one = Watched(level, beyond[row, :size], hit, count, sample)
        found.append(_on_calendar(one, own - 1))
    return found


def _on_calendar(one: Watched, own: Counts) -> Watched:
    """A day without a case says what the last one with one did."""
    if len(own) == DAYS:
        return one
    place = np.searchsorted(own, np.arange(DAYS), side="right") - 1
    at, absent = np.maximum(place, 0), place < 0
    return replace(
        one,
        levels=np.where(absent, -np.inf, one.levels[at]),
        is_beyond=~absent & one.is_beyond[at],
        charted=~absent & one.charted[at],
    )


def _alarms(log_e: Levels, z: Levels, enough: Flags) -> int:
    """Count the watches of a year, of the detector or of the chart, both beginning anew after."""
    count, start = 0, 0
    while start < len(z):
        rest = z[start:]
        chart = np.maximum(cusum.rises(rest), cusum.rises(-rest)) >= cusum.LIMIT
        hit = enough[start:] & ((log_levels(log_e[start:]) >= np.log(WATCH)) | chart)
        if not hit.any():
            break
        count, start = count + 1, start + int(np.argmax(hit)) + 1
    return count


def _new_maker(year: Year) -> Watched:
    """A maker that the reference never had, by the numbers of `streams.categories`."""
    counts, total = year.makers, year.n
    hit = np.zeros(DAYS, dtype=np.bool_)
    seen = hit.copy()
    for index in unseen(counts, year.reference.makers):
        had = np.cumsum(counts[:, index])
        week, of_all = _last_week(counts[:, index]), _last_week(total)
        often = (week >= CASES_OF_A_WEEK) & (week >= SHARE_OF_A_WEEK * of_all)
        hit |= (had >= CASES_OF_AN_EVENT) | np.logical_or.accumulate(often)
        seen |= had > 0
    return Watched(np.where(hit, CERTAIN, -np.inf), hit, seen, int(seen.any()))


def _last_week(counts: Counts) -> Counts:
    week: Counts = np.convolve(counts, np.ones(WEEK, dtype=np.int64))[: len(counts)]
    return week


def _first(hit: Flags, start: int) -> int:
    found = np.flatnonzero(hit[start:])
    return int(found[0]) + start if len(found) else NEVER
