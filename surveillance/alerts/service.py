"""The life of an alert: raised once for a stream, then acted on by people with a reason.

new -> acknowledged -> resolved -> reopened
acknowledged -> escalated          more evidence came: it must be acknowledged again
new, escalated, reopened -> acknowledged, resolved
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from surveillance.alerts import repository
from surveillance.alerts.errors import UnknownAlert, WrongState
from surveillance.alerts.events import AlertRaised
from surveillance.alerts.models import Alert, AlertState, Tier
from surveillance.alerts.repository import StreamKey
from vigil.kernel.audit import service as audit
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.events import Events
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission

_S = AlertState
_MAY_ACKNOWLEDGE = frozenset({_S.NEW, _S.ESCALATED, _S.REOPENED})
_MAY_RESOLVE = frozenset({_S.NEW, _S.ACKNOWLEDGED, _S.ESCALATED, _S.REOPENED})
OPEN = tuple(state for state in AlertState if state is not _S.RESOLVED)


@dataclass(frozen=True)
class Signal:
    """What a detector has to say of a stream: every number that the alert's sentence rests on."""

    version_id: str
    site_id: str
    finding_key: str
    stream: str
    axis: str
    level: str
    reference_id: str | None
    tier: Tier
    estimate: float
    interval_low: float
    interval_high: float
    baseline: float
    tolerance: float
    e_value: float
    n: int
    window_from: date
    window_to: date
    sentence: str

    @property
    def key(self) -> StreamKey:
        stream = (self.version_id, self.site_id, self.finding_key, self.stream)
        return (*stream, self.axis, self.level)


def raise_alert(
    session: WriteSession, actor: Actor, events: Events, signal: Signal
) -> Alert | None:
    """Open an alert for a signal, or raise the tier of the one that is open; else None."""
    actor.require(Permission.SURVEILLANCE_RUN)
    held = repository.open_alert(session, signal.key)
    if held is None:
        raised = Alert(id=session.new_id("alr"), opened_at=session.now(), **vars(signal))
    elif held.tier is Tier.WATCH and signal.tier is Tier.ESCALATE:
        raised = _raised(held, signal)
    else:
        return None
    if signal.tier is Tier.ESCALATE:
        raised.escalated_at = session.now()
    session.add(raised)
    session.flush()
    tag = "surveillance:alert:raise"
    audit.record(session, actor, tag, raised.id, raised.sentence, tier=raised.tier.value)
    if signal.tier is Tier.ESCALATE:
        events.publish(session, AlertRaised(raised.id))
    return raised


def acknowledge(session: WriteSession, actor: Actor, alert_id: str, reason: str) -> Alert:
    """Say that somebody looks into it."""
    row = _to_act_on(session, actor, alert_id, _MAY_ACKNOWLEDGE, "acknowledged")
    row.state, row.acknowledged_reason = AlertState.ACKNOWLEDGED, reason
    row.acknowledged_by, row.acknowledged_at = actor.id, session.now()
    return _kept(session, actor, row, "acknowledge", reason)


def resolve(session: WriteSession, actor: Actor, alert_id: str, cause: str) -> Alert:
    """Say what it was. The stream's detector starts anew from tomorrow."""
    row = _to_act_on(session, actor, alert_id, _MAY_RESOLVE, "resolved")
    row.state, row.cause = AlertState.RESOLVED, cause
    row.resolved_by, row.resolved_at = actor.id, session.now()
    return _kept(session, actor, row, "resolve", cause)


def reopen(session: WriteSession, actor: Actor, alert_id: str, reason: str) -> Alert:
    """Take a resolution back.

    Raises:
        WrongState: it is not resolved, or the stream has a newer alert open.
    """
    row = _to_act_on(session, actor, alert_id, frozenset({AlertState.RESOLVED}), "reopened")
    if repository.open_alert(session, row.key):
        raise WrongState("A newer alert of this stream is open. Act on that one.")
    row.state, row.resolved_by, row.resolved_at = AlertState.REOPENED, None, None
    return _kept(session, actor, row, "reopen", reason)


def alert(session: ReadSession, actor: Actor, alert_id: str) -> Alert:
    """Return an alert that the actor may read.

    Raises:
        UnknownAlert: there is none, or not for this actor.
    """
    actor.require(Permission.SURVEILLANCE_READ)
    return _known(repository.alert(session, actor, alert_id))


def _known(found: Alert | None) -> Alert:
    if found is None:
        raise UnknownAlert("No alert has this id.")
    return found


def alerts(
    session: ReadSession,
    actor: Actor,
    *,
    states: Sequence[AlertState] | None = None,
    version_id: str | None = None,
    site_id: str | None = None,
    before: str | None = None,
    limit: int = 100,
) -> Sequence[Alert]:
    actor.require(Permission.SURVEILLANCE_READ)
    return repository.alerts(
        session,
        actor,
        states=states,
        version_id=version_id,
        site_id=site_id,
        before=before,
        limit=limit,
    )


def starts_after(session: ReadSession) -> dict[StreamKey, date]:
    """Return, for each stream with a resolved alert, the last day that its detector forgets."""
    return {key: at.date() for key, at in repository.last_resolved(session).items()}


def _raised(held: Alert, signal: Signal) -> Alert:
    for name, value in vars(signal).items():
        setattr(held, name, value)
    if held.state is AlertState.ACKNOWLEDGED:
        held.state = AlertState.ESCALATED
    return held


def _to_act_on(
    session: WriteSession,
    actor: Actor,
    alert_id: str,
    states: frozenset[AlertState],
    deed: str,
) -> Alert:
    actor.require(Permission.SURVEILLANCE_READ)
    row = _known(repository.to_act_on(session, actor, alert_id))
    actor.require(Permission.ALERT_ACT, row.site_id)
    if row.state not in states:
        raise WrongState(f"It is {row.state.value} and cannot be {deed}.")
    return row


def _kept(session: WriteSession, actor: Actor, row: Alert, deed: str, reason: str) -> Alert:
    session.add(row)
    session.flush()
    audit.record(session, actor, f"surveillance:alert:{deed}", row.id, reason)
    return row
