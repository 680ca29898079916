"""Say an assessment in one sentence, from its numbers alone."""

from datetime import date

from surveillance.streams.assessment import Assessment, Verdict
from surveillance.streams.kinds import StreamKind, written
from surveillance.words import group_name, subject_name

_WHAT = {
    StreamKind.SCORE: "scores rank at {0} of the reference on average",
    StreamKind.FLAG_RATE: "{0} of cases are flagged",
    StreamKind.OVERRIDE_RATE: "readers override {0} of decided cases",
    StreamKind.OVERRIDE_FP_RATE: "readers reject a flag in {0} of decided cases",
    StreamKind.OVERRIDE_FN_RATE: "readers find what was not flagged in {0} of decided cases",
    StreamKind.IGNORED_RATE: "readers decide nothing on {0} of the cases shown to them",
    StreamKind.MISS_RATE: "{0} of labelled positives are missed",
    StreamKind.FALSE_ALARM_RATE: "{0} of labelled negatives are flagged",
    StreamKind.PPV: "{0} of labelled flags are right",
    StreamKind.AREA: "the area under the curve is {0}",
    StreamKind.CALIBRATION: "the truth is {0} above what scores claim, on average",
    StreamKind.FEATURE: "values rank at {0} of the reference on average",
    StreamKind.EMBEDDING: "the number that moved most ranks at {0} of the reference on average",
    StreamKind.MISSING_RATE: "{0} of studies lack the number, or have none that can be",
    StreamKind.CATEGORY: "{0} of studies are of this category",
    StreamKind.UNSEEN_CATEGORY: "{0} of studies are of a category that was never seen before",
    StreamKind.SKIPPED_RATE: "{0} of runs are skipped",
    StreamKind.FAILED_RATE: "{0} of runs come to no result",
    StreamKind.VOLUME: "studies are {0} of as many as usual",
    StreamKind.SILENCE: "{0} studies came",
    StreamKind.TURNAROUND: "turnaround ranks at {0} of the reference on average",
    StreamKind.DELIVERY: "{0} of results are not delivered in time",
    StreamKind.DISAGREEMENT: "two versions disagree on {0} of cases",
    StreamKind.DECISION_TIME: "the time to a decision ranks at {0} of the reference on average",
}


def sentence(found: Assessment) -> str:
    """Return what is known, or what is missing for knowing it."""
    told = [_said(found)]
    if found.verdict is Verdict.QUIET and found.is_beyond:
        told.append("that is beyond what is tolerated, but may be chance")
    if found.fault is None and found.reliance and found.reliance != found.event:
        told.append(found.reliance)
    return f"{subject_name(found.subject)}: {'; '.join(told)}."


def _said(found: Assessment) -> str:
    group = group_name(found.axis, found.level)
    where = f"{group}, " if group else ""
    if found.fault is not None:
        return f"{where}not judged, {found.fault}"
    if found.event is not None:
        return f"{where}{found.event}"
    known = _known(found)
    if found.shortage is None:
        return f"{where}{known}"
    lacking = f"insufficient data, {found.shortage}"
    return f"{where}{lacking}; so far {known}" if known else f"{where}{lacking}"


def _known(found: Assessment) -> str:
    if found.interval is None or found.bounds is None or found.window is None:
        return ""
    what = _WHAT[found.kind].format(written(found.kind, found.interval.estimate))
    low, high = (written(found.kind, value) for value in (found.interval.low, found.interval.high))
    return (
        f"{what} (95% interval {low} to {high}) {_days(*found.window)}; "
        f"baseline {written(found.kind, found.bounds.baseline)}, tolerated {_tolerated(found)}"
    )


def _tolerated(found: Assessment) -> str:
    if found.bounds is None:
        return "nothing"
    low, high = written(found.kind, found.bounds.low), written(found.kind, found.bounds.high)
    if found.kind is StreamKind.AREA:
        return f"down to {low}"
    # A fall of overrides is looked at too, but it is the rise that people ask about.
    if found.kind is StreamKind.OVERRIDE_RATE or found.bounds.low == 0:
        return f"up to {high}"
    return f"{low} to {high}"


def _days(first: date, last: date) -> str:
    """Return the window as `on 3 May 2026`, or `from 3 May 2026 to 9 May 2026`."""
    begin, end = (f"{day.day} {day:%B %Y}" for day in (first, last))
    return f"on {end}" if first == last else f"from {begin} to {end}"
