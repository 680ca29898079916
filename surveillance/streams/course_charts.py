"""Draw the course of a stream: the same weeks that its API gives. Pure."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from surveillance.streams.charts import Happening, SignalMark, markers
from surveillance.streams.daily import Course
from surveillance.streams.kinds import PLAIN, StreamKind
from vigil.kernel.web.charts.control import Period
from vigil.kernel.web.charts.course import CourseChart

KEY: Final = "course"


def course_chart(course: Course, name: str, told: str, changes: Sequence[Happening]) -> CourseChart:
    """Return the chart of a stream's weeks.

    Args:
        course: the weeks that are drawn.
        name: what the stream is called.
        told: its sentence.
        changes: what people or machines changed meanwhile.
    """
    mondays = [week.monday for week in course.weeks]
    signals = [
        SignalMark.of(alert.tier.value, alert.opened_at.date(), alert.window_from)
        for alert in course.alerts
    ]
    return CourseChart(
        key=KEY,
        title=name,
        centre=course.baseline,
        periods=[
            Period(
                label=_label(week.monday),
                value=week.interval.estimate if week.interval else None,
                lower=week.interval.low if week.interval else course.baseline,
                upper=week.interval.high if week.interval else course.baseline,
                n=week.n,
            )
            for week in course.weeks
        ],
        percent=course.stream.kind not in PLAIN and course.stream.kind is not StreamKind.SILENCE,
        markers=list(markers(mondays, [*changes, *signals])),
        tolerated=(course.low, course.high),
        told=told,
    )


def _label(monday: date) -> str:
    return f"{monday.day} {monday:%b}"
