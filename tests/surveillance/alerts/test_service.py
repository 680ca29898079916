from dataclasses import replace
from datetime import timedelta

import pytest
from factories.surveillance import FINDING, START, Place, create_place, reference_cases
from sqlalchemy.exc import IntegrityError

from surveillance.alerts import service
from surveillance.alerts.errors import UnknownAlert, WrongState
from surveillance.alerts.events import AlertRaised
from surveillance.alerts.models import Alert, AlertState, Tier
from surveillance.alerts.service import Signal
from surveillance.axes import ALL
from surveillance.records import baseline
from surveillance.streams.kinds import StreamKind
from vigil.kernel.audit.repository import recent
from vigil.kernel.db import Database, WriteSession
from vigil.kernel.errors import Forbidden, Invalid
from vigil.kernel.events import Events
from vigil.kernel.identity.actor import Actor, Grant
from vigil.kernel.identity.roles import Role
from vigil.kernel.objects import LocalObjectStore

OFFICER = Actor(id="usr_cso", label="cso", grants=(Grant(Role.CSO),), sites=None)


@pytest.fixture
def signal(database: Database, objects: LocalObjectStore) -> Signal:
    with database.write() as session:
        place: Place = create_place(session)
        reference = baseline.set_from_cases(
            session,
            OFFICER,
            objects,
            version_id=place.version_id,
            finding_key=FINDING,
            cases=reference_cases(),
            reason="validation set",
        )
    return Signal(
        version_id=place.version_id,
        site_id=place.site_id,
        finding_key=FINDING,
        stream=StreamKind.OVERRIDE_RATE.value,
        axis=ALL,
        level=ALL,
        reference_id=reference.id,
        tier=Tier.WATCH,
        estimate=0.08,
        interval_low=0.06,
        interval_high=0.1,
        baseline=0.04,
        tolerance=0.05,
        e_value=2.0,
        n=400,
        window_from=START,
        window_to=START + timedelta(days=9),
        sentence="readers override 8.0% of decided cases",
    )


def raised(session: WriteSession, signal: Signal, events: Events | None = None) -> Alert:
    alert = service.raise_alert(session, OFFICER, events or Events(), signal)
    assert alert is not None
    return alert


def test_an_alert_goes_from_new_to_resolved_and_back(database: Database, signal: Signal) -> None:
    with database.write() as session:
        alert = raised(session, signal)
        assert alert.state is AlertState.NEW
        assert (
            service.acknowledge(session, OFFICER, alert.id, "looking").acknowledged_by == "usr_cso"
        )
        resolved = service.resolve(session, OFFICER, alert.id, "a new scanner")
        assert (resolved.state, resolved.cause) == (AlertState.RESOLVED, "a new scanner")
        assert service.alerts(session, OFFICER, states=service.OPEN) == []
        assert service.reopen(session, OFFICER, alert.id, "came back").state is AlertState.REOPENED
    with database.read() as session:
        tags = [event.tag for event in recent(session, before=None, subject=alert.id, limit=9)]
    assert tags == [
        "surveillance:alert:reopen",
        "surveillance:alert:resolve",
        "surveillance:alert:acknowledge",
        "surveillance:alert:raise",
    ]


def test_a_stream_has_one_open_alert(database: Database, signal: Signal) -> None:
    with database.write() as session:
        first = raised(session, signal)
        assert service.raise_alert(session, OFFICER, Events(), signal) is None
        service.resolve(session, OFFICER, first.id, "known")
        raised(session, signal)
        with pytest.raises(WrongState, match="newer"):
            service.reopen(session, OFFICER, first.id, "again")
    copy = Alert(**first.model_dump(exclude={"id", "state"}), id="alr_copy", state=AlertState.NEW)
    with pytest.raises(IntegrityError), database.write() as session:
        session.add(copy)


def test_only_an_escalation_calls_people(database: Database, signal: Signal) -> None:
    heard: list[AlertRaised] = []
    events = Events()
    events.subscribe(AlertRaised, lambda _session, event: heard.append(event))
    with database.write() as session:
        alert = raised(session, signal, events)
        assert heard == []
        service.acknowledge(session, OFFICER, alert.id, "watching")
        again = raised(session, replace(signal, tier=Tier.ESCALATE, estimate=0.12), events)
        assert (again.id, again.state, again.estimate) == (alert.id, AlertState.ESCALATED, 0.12)
        assert again.escalated_at == session.now()
        assert heard == [AlertRaised(alert.id)]
        assert service.raise_alert(session, OFFICER, events, signal) is None


def test_what_the_state_forbids_is_refused(database: Database, signal: Signal) -> None:
    with database.write() as session:
        alert = raised(session, signal)
        with pytest.raises(WrongState, match="new and cannot be reopened"):
            service.reopen(session, OFFICER, alert.id, "why not")
        service.resolve(session, OFFICER, alert.id, "known")
        with pytest.raises(WrongState, match="resolved and cannot be acknowledged"):
            service.acknowledge(session, OFFICER, alert.id, "late")


def test_acting_needs_a_reason(database: Database, signal: Signal) -> None:
    with database.write() as session:
        alert = raised(session, signal)
        with pytest.raises(Invalid, match="reason"):
            service.acknowledge(session, OFFICER, alert.id, " ")


def test_only_those_of_the_site_see_an_alert_and_only_some_act(
    database: Database, signal: Signal
) -> None:
    stranger = replace(OFFICER, sites=frozenset({"site_other"}))
    auditor = replace(OFFICER, grants=(Grant(Role.AUDITOR),))
    supplier = Actor(id="s", label="s", grants=(Grant(Role.SUPPLIER),), supplier_id="org_x")
    with database.write() as session:
        alert = raised(session, signal)
        assert service.alerts(session, stranger) == []
        with pytest.raises(UnknownAlert):
            service.acknowledge(session, stranger, alert.id, "mine?")
        with pytest.raises(Forbidden):
            service.acknowledge(session, auditor, alert.id, "looking")
        with pytest.raises(Forbidden):
            service.alerts(session, supplier)
