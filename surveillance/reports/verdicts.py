"""What our own engine says of the streams, for a report's first page and for its figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from model_registry.versions import service as versions
from model_registry.versions.models import ModelVersion
from surveillance.names import finding_name
from surveillance.names import said as said_of
from surveillance.reports.figures import Figure
from surveillance.reports.models import EVERY_FINDING, Report
from surveillance.streams.assessment import Verdict
from surveillance.streams.called import stream_name
from surveillance.streams.overview import overview
from surveillance.streams.view import StreamView
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor

_RANK = {
    Verdict.ESCALATE: 3,
    Verdict.WATCH: 2,
    Verdict.NOT_JUDGED: 1,
    Verdict.INSUFFICIENT: 0,
    Verdict.QUIET: -1,
}


@dataclass(frozen=True)
class Said:
    """One stream's verdict, in the words that are kept with the report."""

    stream: str
    verdict: Verdict
    sentence: str
    e_value: float
    alert_id: str | None

    def as_figure(self) -> Figure:
        facts = [("Verdict", self.verdict.value), ("Why", self.sentence)]
        return Figure(
            "EngineVerdict",
            f"Verdict: {self.stream}",
            float(_RANK[self.verdict]),
            facts,
            urgency=10.0 * _RANK[self.verdict],
        )


def said(session: ReadSession, actor: Actor, report: Report) -> list[Said]:
    """Return the verdicts on the report's last day, the most urgent first."""
    found = overview(
        session,
        actor,
        day=last_day(report, session.now().date()),
        version_id=report.version_id,
        site_id=report.site_id,
    )
    version = versions.version(session, actor, report.version_id)
    wanted = [_said(version, view) for view in found if _is_of(report, view)]
    return sorted(wanted, key=lambda one: -_RANK[one.verdict])


def last_day(report: Report, today: date) -> date:
    """Return the day that the verdicts are of: nothing is known of days to come."""
    return min(report.to_day, today)


def with_verdict(found: Sequence[Said], *verdicts: Verdict) -> list[Said]:
    return [one for one in found if one.verdict in verdicts]


def _is_of(report: Report, view: StreamView) -> bool:
    # What is of the run itself, such as its volume, belongs to every report.
    wanted = {report.finding_key, EVERY_FINDING}
    subject = view.assessment.subject
    return report.finding_key == EVERY_FINDING or subject in wanted


def _said(version: ModelVersion, view: StreamView) -> Said:
    found = view.assessment
    sentence = said_of(view.sentence, found.subject, finding_name(version, found.subject))
    alert_id = view.alert.id if view.alert else None
    name = stream_name(version, found.stream)
    return Said(name, view.verdict, sentence, found.e_value, alert_id)
