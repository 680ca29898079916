"""Streams as people see them: assessed now, with the open alert that tells how high they stand."""

from dataclasses import dataclass
from datetime import date

from surveillance.alerts import service as alerts
from surveillance.alerts.models import Alert, Tier
from surveillance.streams import service
from surveillance.streams.assessment import Assessment, Verdict
from surveillance.streams.sentences import sentence
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor

MOST_OPEN = 1000


@dataclass(frozen=True)
class StreamView:
    """One stream: its numbers, its sentence and its open alert, if any."""

    assessment: Assessment
    alert: Alert | None

    @property
    def verdict(self) -> Verdict:
        """Return the verdict; that to escalate was made over all streams, when the alert was."""
        if self.alert is not None and self.alert.tier is Tier.ESCALATE:
            return Verdict.ESCALATE
        return self.assessment.verdict

    @property
    def sentence(self) -> str:
        return sentence(self.assessment)


def overview(
    session: ReadSession,
    actor: Actor,
    *,
    day: date,
    version_id: str | None = None,
    site_id: str | None = None,
) -> list[StreamView]:
    """Return the streams that the actor may read, the loudest first."""
    found = service.assess(session, actor, day=day, version_id=version_id, site_id=site_id)
    held = alerts.alerts(
        session,
        actor,
        states=alerts.OPEN,
        version_id=version_id,
        site_id=site_id,
        limit=MOST_OPEN,
    )
    by_stream = {(a.version_id, a.site_id, a.finding_key, a.stream): a for a in held}
    views = [StreamView(each, by_stream.get(each.key)) for each in found]
    return sorted(views, key=lambda view: -view.assessment.e_value)
