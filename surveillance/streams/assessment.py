"""What the detectors make of a stream: an estimate, its interval, the evidence. Pure.

Every field that a person reads comes from the same numbers, and so does the sentence: a text that
contradicts its figures cannot be written.
"""

import math
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from surveillance.axes import ALL
from surveillance.measures.detector import WATCH, Evidence
from surveillance.measures.histogram import Counts
from surveillance.measures.intervals import Interval
from surveillance.streams.kinds import EVENTS, Stream, StreamKind

MIN_SCORES = 200
MIN_DECIDED = 30
MIN_BASELINE = 300
FLAG_FACTOR = 1.05
OVERRIDE_FACTOR = 1.25
RECENT_DAYS = 28


class Verdict(StrEnum):
    """What is said of a stream. Neither of the last two is ever shown as quiet."""

    QUIET = "quiet"
    WATCH = "watch"
    ESCALATE = "escalate"
    INSUFFICIENT = "insufficient data"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True)
class Shortage:
    """How much of what is there, how much is needed, and when: never a green light."""

    what: str
    have: int
    need: int
    suffices_on: date | None = None

    def __str__(self) -> str:
        if not self.have and self.need == 1:
            return f"no {self.what} has been set"
        enough = ""
        if self.suffices_on:
            day = self.suffices_on
            enough = f", enough by about {day.day} {day:%B %Y} at this pace"
        return f"{self.have} of {self.need} {self.what}{enough}"


NO_REFERENCE = Shortage("reference", 0, 1)


@dataclass(frozen=True)
class Bounds:
    """What was normal, and how far from it is tolerated."""

    baseline: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """One stream on one day.

    Attributes:
        subject: a finding's key, `-` for the run itself, or `feature:NAME`.
        reference_id: what it was held against; None where that is no reference of scores.
        shortage: set where there is too little data for an alarm; there may be an estimate.
        fault: set where the data cannot be judged, and says why; then there is no estimate.
        event: something that needs no evidence, such as a category never seen before: it
            escalates by itself.
        interval: the estimate over the window, with its 95% interval.
        window: first and last day of the estimate: since the likely change, else the recent days.
        cusum: the classical chart's statistic over its limit; from 1 on it is a watch.
        reliance: what a reader should know of the estimate, in a clause; empty for nothing.
    """

    version_id: str
    site_id: str
    subject: str
    kind: StreamKind
    axis: str = ALL
    level: str = ALL
    reference_id: str | None = None
    n: int = 0
    shortage: Shortage | None = None
    fault: str | None = None
    event: str | None = None
    bounds: Bounds | None = None
    evidence: Evidence | None = None
    interval: Interval | None = None
    window: tuple[date, date] | None = None
    cusum: float = 0.0
    reliance: str = ""

    @property
    def key(self) -> tuple[str, str, str, str, str, str]:
        """Return what names the stream, in the order of `alerts.repository.StreamKey`."""
        return self.stream.key

    @property
    def stream(self) -> Stream:
        return Stream(self.version_id, self.site_id, self.subject, self.kind, self.axis, self.level)

    @property
    def e_value(self) -> float:
        return self.evidence.e_value if self.evidence else 0.0

    @property
    def is_live(self) -> bool:
        """Whether it counts among the streams that e-BH is over."""
        return self.evidence is not None and self.kind not in EVENTS

    @property
    def e_value_beyond(self) -> float:
        """Return the e-value if the estimate has left the tolerance, and nothing if it has not.

        Never more than the e-value, so one too. It is what e-BH is asked of: strong evidence of
        changes that are tolerated would else lower the bar for streams that did not change.
        """
        return self.e_value if self.is_beyond else 0.0

    @property
    def is_beyond(self) -> bool:
        """Whether the estimate left the tolerance: effect, where the e-value is significance."""
        if self.interval is None or self.bounds is None:
            return False
        return not self.bounds.low <= self.interval.estimate <= self.bounds.high

    @property
    def verdict(self) -> Verdict:
        """Return what the stream says by itself; only all streams together can escalate."""
        if self.fault is not None:
            return Verdict.NOT_JUDGED
        if self.event is not None:
            return Verdict.ESCALATE
        if self.evidence is None:
            return Verdict.INSUFFICIENT
        is_watched = self.evidence.level >= WATCH or self.cusum >= 1
        return Verdict.WATCH if is_watched else Verdict.QUIET

    @property
    def tolerance(self) -> float:
        """Return the bound on the side to which the estimate lies."""
        if self.interval is None or self.bounds is None:
            return 0.0
        above = self.interval.estimate >= self.bounds.baseline
        return self.bounds.high if above else self.bounds.low


def shortage_of(ordinals: Counts, cases: Counts, what: str, need: int) -> Shortage:
    """Say what is lacking, and when it will suffice if cases go on coming as of late.

    Args:
        ordinals: the days with cases, as `date.toordinal` counts them.
        cases: how many each has.
        what: what the cases are.
        need: how many are needed.
    """
    have = int(cases.sum())
    recent = int(cases[-RECENT_DAYS:].sum())
    if recent <= 0:
        return Shortage(what, have, need)
    last = int(ordinals[-1])
    a_day = recent / (last - int(ordinals[-RECENT_DAYS:][0]) + 1)
    enough = last + math.ceil((need - have) / a_day)
    is_a_day = enough <= date.max.toordinal()
    return Shortage(what, have, need, date.fromordinal(enough) if is_a_day else None)
