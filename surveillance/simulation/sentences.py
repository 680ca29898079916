"""What an outlook means, in sentences made of its numbers alone. Pure."""

from surveillance.simulation.expecting import Delay, Expected
from surveillance.streams.kinds import StreamKind

_MOST_DAYS = 275
_RATES = {
    StreamKind.FLAG_RATE: "A flag rate",
    StreamKind.OVERRIDE_RATE: "An override rate",
    StreamKind.OVERRIDE_FP_RATE: "A rate of rejected flags",
    StreamKind.OVERRIDE_FN_RATE: "A rate of findings that were not flagged",
    StreamKind.FALSE_ALARM_RATE: "A false-alarm rate",
}
_CASES = {
    StreamKind.MISS_RATE: "positive cases",
    StreamKind.AREA: "positive cases",
    StreamKind.FALSE_ALARM_RATE: "negative cases",
    StreamKind.PPV: "labelled flags",
    StreamKind.CALIBRATION: "labelled cases",
}


def delay(kind: StreamKind, found: Delay, lag: float | None = None) -> str:
    """Say how long a change goes unnoticed."""
    what = change(kind, found.change)
    if found.days is None or found.cases is None:
        seen = round(100 * (1 - found.missed))
        return f"{what} is escalated within {_MOST_DAYS} days in {seen} % of years only."
    nine = f"{found.days_90:.0f}" if found.days_90 is not None else f"over {_MOST_DAYS}"
    of = _CASES.get(kind, "cases")
    later = f", and the time that labels take: {lag:.0f} days" if lag else ""
    return (
        f"{what} is escalated after {found.days:.0f} days (nine in ten within {nine}), "
        f"about {found.cases:,.0f} {of}{later}."
    )


def change(kind: StreamKind, size: float) -> str:
    if kind is StreamKind.SCORE:
        return f"A shift of the scores by {size:g} standard deviations"
    if kind is StreamKind.MISS_RATE:
        return f"A fall of the sensitivity by {100 * size:g} points"
    if kind is StreamKind.AREA:
        return f"A fall of the area under the curve by {size:g}"
    if kind is StreamKind.PPV:
        return f"A fall of the predictive value by {100 * size:g} points"
    if kind is StreamKind.CALIBRATION:
        return f"A gap of {size:g} between truth and claims"
    return f"{_RATES[kind]} {size:g} times as high"


def false_alarms(found: Expected) -> str:
    """Say how seldom a stream escalates without a change."""
    years = f"{found.years:,.0f} stream-years"
    if not found.escalations:
        least = 1 / found.at_most
        return f"No false escalation in {years}: fewer than one in {least:,.0f}."
    each = 1 / found.a_year
    return f"One false escalation in {each:,.0f} stream-years ({found.escalations} in {years})."


def tolerance(kind: StreamKind, size: float) -> str:
    if kind is StreamKind.SCORE:
        return f"{size:g} sd"
    in_units = kind in {StreamKind.AREA, StreamKind.CALIBRATION}
    return f"{size:g}" if in_units else f"factor {size:g}"
