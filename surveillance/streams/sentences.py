"""Say an assessment in one sentence, from its numbers alone."""

from datetime import date

from surveillance.alerts.models import StreamKind
from surveillance.streams.assessment import Assessment

_WHAT = {
    StreamKind.SCORE: "scores rank at {0} of the reference on average",
    StreamKind.FLAG_RATE: "{0} of cases are flagged",
    StreamKind.OVERRIDE_RATE: "readers override {0} of decided cases",
}


def sentence(found: Assessment) -> str:
    """Return what is known, or what is missing for knowing it."""
    if found.interval is None or found.bounds is None or found.window is None:
        return f"{found.finding_key}: insufficient data, {found.shortage}."
    what = _WHAT[found.stream].format(_percent(found.interval.estimate))
    interval = f"95% interval {_percent(found.interval.low)} to {_percent(found.interval.high)}"
    return (
        f"{found.finding_key}: {what} ({interval}) {_days(*found.window)}; "
        f"baseline {_percent(found.bounds.baseline)}, tolerated {_tolerated(found)}."
    )


def _tolerated(found: Assessment) -> str:
    if found.bounds is None:
        return "nothing"
    if found.stream is StreamKind.OVERRIDE_RATE or found.bounds.low == 0:
        return f"up to {_percent(found.bounds.high)}"
    return f"{_percent(found.bounds.low)} to {_percent(found.bounds.high)}"


def _days(first: date, last: date) -> str:
    """Return the window as `on 3 May 2026`, or `from 3 May 2026 to 9 May 2026`."""
    begin, end = (f"{day.day} {day:%B %Y}" for day in (first, last))
    return f"on {end}" if first == last else f"from {begin} to {end}"


def _percent(rate: float) -> str:
    return f"{100 * rate:.1f}%"
