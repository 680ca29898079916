"""Say a gap, what it is made of and where it goes in plain sentences, from its numbers alone."""

from typing import Final

from surveillance.fairness.contrasts import Gap
from surveillance.fairness.history import Course, Explained
from surveillance.fairness.kinds import Against, Measure, Verdict
from surveillance.fairness.mix import Mix
from surveillance.measures.trends import MIN_POINTS

NAMES: Final = {
    Measure.SENSITIVITY: "sensitivity",
    Measure.FALSE_ALARM_RATE: "share of false alarms",
    Measure.AREA: "area under the curve",
    Measure.CALIBRATION: "claimed probability less the truth",
    Measure.FLAG_RATE: "share flagged",
    Measure.SKIPPED_RATE: "share of runs skipped",
    Measure.FAILED_RATE: "share of runs failed",
}
UNITS: Final = {
    Measure.SENSITIVITY: "positives",
    Measure.FALSE_ALARM_RATE: "negatives",
    Measure.AREA: "positives, and as many more negatives",
    Measure.CALIBRATION: "labelled cases",
    Measure.FLAG_RATE: "cases",
    Measure.SKIPPED_RATE: "runs",
    Measure.FAILED_RATE: "runs",
}
WITHHELD: Final = "Withheld, as it tells of fewer than ten people or would give another away."
_SMALLEST_P: Final = 0.001
_MOST: Final = 0.95


def of_gap(gap: Gap, group: str, other: str) -> str:
    """Return what is known of a gap; `group` and `other` are what people call the two sides."""
    of, what = gap.contrast, NAMES[gap.contrast.measure]
    if gap.interval is None:
        return _too_few(gap, group, other)
    seen = (
        f"{what} in {group} is {_apart(gap.interval.estimate)} {_than(gap, other)} "
        f"(95% interval {_signed(gap.interval.low)} to {_signed(gap.interval.high)})"
    )
    seen = seen[:1].upper() + seen[1:]
    if gap.verdict is Verdict.GAP:
        return f"{seen}; {_p(gap.adjusted)} among all gaps looked at."
    if gap.verdict is Verdict.POSSIBLE:
        return (
            f"{seen}. Among all gaps looked at this may be chance ({_p(gap.adjusted)}); "
            f"about {gap.more:,} more {UNITS[of.measure]} in {group} would tell."
        )
    if gap.verdict is Verdict.HIDDEN:
        return f"{seen}. That is not all."
    if gap.verdict is Verdict.NO_GAP:
        return f"{seen}. A gap of more than {_points(gap.excluded or 0.0)} points is excluded."
    return (
        f"{seen}. That neither shows a gap nor excludes one of "
        f"{_points(of.margins.excluded)} points; about {gap.more:,} more {UNITS[of.measure]} "
        f"in {group} would tell."
    )


def of_mix(mix: Mix, axis: str) -> str:
    """Say how many of the points are mix, and what is left."""
    whole, part = abs(mix.gap.estimate), mix.mix.estimate * (1 if mix.gap.estimate > 0 else -1)
    few = "" if mix.comparable > _MOST else f" ({mix.comparable:.0%} of the group is comparable)"
    left = f"{_signed(mix.effect.low)} to {_signed(mix.effect.high)}"
    if mix.reverses:
        return (
            f"The gap is one of mix: where {axis} is alike it points the other way, "
            f"{_signed(mix.effect.estimate)} points ({left}){few}."
        )
    if not mix.explains:
        most = f"most does {axis}, with {_points(part)} of the {_points(whole)} points"
        return f"The mix on the other axes is not seen to explain it; {most}{few}."
    return (
        f"Of the {_points(whole)} points, {_points(part)} are mix of {axis}; where that is alike, "
        f"{_signed(mix.effect.estimate)} points are left ({left}){few}."
    )


def of_hidden(mix: Mix, axis: str, adjusted: float) -> str:
    """Say which gap the mix hides."""
    few = "" if mix.comparable > _MOST else f" ({mix.comparable:.0%} of the group is comparable)"
    direction = "higher" if mix.effect.estimate > 0 else "lower"
    return (
        f"The mix of {axis} hides a gap: where {axis} is alike it is "
        f"{_apart(mix.effect.estimate)} {direction} (95% interval {_signed(mix.effect.low)} to "
        f"{_signed(mix.effect.high)}; {_p(adjusted)} among all gaps looked behind){few}."
    )


def of_change(found: Explained, axis: str) -> str:
    part = found.mix * (1 if found.change > 0 else -1)
    return f"Of the {_points(abs(found.change))} points, {_points(part)} are mix of {axis}."


def of_course(course: Course) -> str:
    """Say whether a gap moves, or that there are too few months to tell."""
    if course.trend is None:
        known = sum(point.interval is not None for point in course.points)
        return f"Whether it moves is not known: {known} of the {MIN_POINTS} months needed."
    slope = course.trend.slope
    rate = (
        f"{_signed(slope.estimate)} points a year ({_signed(slope.low)} to {_signed(slope.high)})"
    )
    return f"It moves by {rate}." if course.moves else f"It is not seen to move: {rate}."


def _too_few(gap: Gap, group: str, other: str) -> str:
    of = gap.contrast
    counts = f"{of.one.cases:,} {_unit(of.measure)} in {group}"
    if of.against is not Against.CLAIM:
        counts += f", {of.two.cases:,} in {other}"
    if gap.more:
        return f"Insufficient data: {counts}; at least {of.margins.least} are needed on each side."
    if of.measure is Measure.CALIBRATION:
        return f"Insufficient data: {counts}, and not every score is a probability."
    return f"Insufficient data: {counts}, and no reference to count their scores on."


def _than(gap: Gap, other: str) -> str:
    size = gap.interval.estimate if gap.interval else 0.0
    direction = "higher" if size > 0 else "lower"
    if gap.contrast.against is Against.CLAIM:
        return f"{direction} than the supplier claims"
    if gap.contrast.against is Against.EARLIER:
        return f"{direction} than before"
    return f"{direction} than in {other}"


def _apart(size: float) -> str:
    return f"{_points(abs(size))} points"


def _points(size: float) -> str:
    """Return a difference of shares in points: an area of 0.03 is 3 points too."""
    return f"{100 * size:.1f}"


def _signed(size: float) -> str:
    return f"{100 * size:+.1f}"


def _p(adjusted: float | None) -> str:
    if adjusted is None:
        return "not judged"
    return "p < 0.001" if adjusted < _SMALLEST_P else f"p = {adjusted:.3f}"


def _unit(measure: Measure) -> str:
    return UNITS[measure].split(",")[0]
