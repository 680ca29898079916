"""The daily look at all streams: which to watch, which to escalate, and the alerts that follow.

Watch: the detector passed one false alarm in a year of days, or the classical chart its limit.
Escalate: the stream is a discovery of e-BH over all live streams of the installation, groups
included, to which a stream brings its evidence only if its estimate is beyond the tolerance.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from surveillance.alerts import service as alerts
from surveillance.alerts.models import Alert, Tier
from surveillance.alerts.service import Signal
from surveillance.measures.ebh import discoveries
from surveillance.measures.intervals import Interval
from surveillance.streams import service
from surveillance.streams.assessment import Assessment, Verdict
from surveillance.streams.overview import keep_snapshots
from surveillance.streams.sentences import sentence
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.events import Events
from vigil.kernel.identity.actor import Actor, system_actor
from vigil.kernel.identity.roles import Permission

# The false-alarm promise holds over all streams, so all are read, whoever asks for the evaluation.
EVERYTHING = system_actor("surveillance")


@dataclass(frozen=True)
class Judged:
    """A stream with the verdict that it has among all others."""

    assessment: Assessment
    verdict: Verdict


def judge(session: ReadSession, day: date) -> list[Judged]:
    """Give every stream of the installation its verdict on `day`."""
    return among_all(service.assess(session, EVERYTHING, day=day, groups=True))


def among_all(found: Sequence[Assessment]) -> list[Judged]:
    """Give each stream the verdict that it has among all the others."""
    live = [each for each in found if each.is_live]
    named = discoveries([each.e_value_beyond for each in live])
    escalated = {each.key for each, is_named in zip(live, named, strict=True) if is_named}
    return [
        Judged(each, Verdict.ESCALATE if each.key in escalated else each.verdict) for each in found
    ]


def evaluate(
    session: WriteSession, actor: Actor, events: Events, *, day: date
) -> tuple[list[Judged], list[Alert]]:
    """Judge every stream and raise the alerts that are not open yet.

    Returns:
        What the actor may read of it: the verdicts, and the alerts that are new or of a new tier.
    """
    actor.require(Permission.SURVEILLANCE_RUN)
    judged = judge(session, day)
    keep_snapshots(session, [each.assessment for each in judged], day)
    raised = [_raise(session, actor, events, each) for each in judged]
    return (
        [each for each in judged if actor.reads_site(each.assessment.site_id)],
        [alert for alert in raised if alert is not None and actor.reads_site(alert.site_id)],
    )


def raise_alerts(
    session: WriteSession, actor: Actor, events: Events, found: Iterable[Assessment]
) -> list[Alert]:
    """Raise what streams say by themselves, between two looks at all of them."""
    actor.require(Permission.SURVEILLANCE_RUN)
    raised = [_raise(session, actor, events, Judged(each, each.verdict)) for each in found]
    return [alert for alert in raised if alert is not None]


def _raise(session: WriteSession, actor: Actor, events: Events, judged: Judged) -> Alert | None:
    signal = _signal(judged)
    return None if signal is None else alerts.raise_alert(session, actor, events, signal)


def _signal(judged: Judged) -> Signal | None:
    found = judged.assessment
    if judged.verdict not in {Verdict.WATCH, Verdict.ESCALATE} or found.window is None:
        return None
    # What happened and needs no evidence has no estimate but how often it did.
    happened = float(found.n)
    interval = found.interval or Interval(happened, happened, happened)
    return Signal(
        version_id=found.version_id,
        site_id=found.site_id,
        finding_key=found.subject,
        stream=found.kind.value,
        axis=found.axis,
        level=found.level,
        reference_id=found.reference_id,
        tier=Tier(judged.verdict.value),
        estimate=interval.estimate,
        interval_low=interval.low,
        interval_high=interval.high,
        baseline=found.bounds.baseline if found.bounds else 0.0,
        tolerance=found.tolerance,
        e_value=found.e_value,
        n=found.n,
        window_from=found.window[0],
        window_to=found.window[1],
        sentence=sentence(found),
    )
