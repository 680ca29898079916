"""The inbox of alerts, and one alert with what may be done about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import Response

from surveillance.alerts import service
from surveillance.alerts.models import Alert
from surveillance.causes import service as causes
from surveillance.causes.ranking import Explanation
from surveillance.names import Names, Subject
from surveillance.streams.kinds import StreamKind, written
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import PartsDep, Reading, Writing, allowed
from vigil.kernel.web.page import CursorDep, next_url
from vigil.kernel.web.pages import Page, done, render

router = APIRouter(include_in_schema=False)
Watcher = Annotated[Actor, Depends(allowed(Permission.SURVEILLANCE_READ))]
Responder = Annotated[Actor, Depends(allowed(Permission.ALERT_ACT))]
Reason = Annotated[str, Form(max_length=2000)]


@dataclass(frozen=True)
class AlertRow:
    alert: Alert
    about: Subject


@dataclass(frozen=True, kw_only=True)
class AlertsPage(Page):
    template: ClassVar[str] = "alerts/alerts.html"
    rows: Sequence[AlertRow]
    all_states: bool
    next_url: str | None


@dataclass(frozen=True, kw_only=True)
class AlertPage(Page):
    template: ClassVar[str] = "alerts/alert.html"
    alert: Alert
    about: Subject
    may_act: bool
    changed: Explanation

    @property
    def is_open(self) -> bool:
        return self.alert.state in service.OPEN

    def written(self, value: float) -> str:
        return written(StreamKind(self.alert.stream), value)


@router.get("/alerts")
def list_alerts(
    *,
    request: Request,
    session: Reading,
    actor: Watcher,
    cursor: CursorDep,
    show: Annotated[str, Query(max_length=10)] = "open",
) -> Response:
    states = None if show == "all" else service.OPEN
    rows = service.alerts(
        session, actor, states=states, before=cursor.after, limit=cursor.limit + 1
    )
    kept, following = cursor.cut(rows, key=lambda row: row.id)
    names = Names(session, actor)
    page = AlertsPage(
        title="Alerts" if states is None else "Open alerts",
        rows=[AlertRow(row, _about(names, row)) for row in kept],
        all_states=states is None,
        next_url=next_url(request, following) if following else None,
    )
    return render(request, page)


@router.get("/alerts/{alert_id}")
def show_alert(
    *, request: Request, session: Reading, actor: Watcher, parts: PartsDep, alert_id: str
) -> Response:
    row = service.alert(session, actor, alert_id)
    may_act = actor.may(Permission.ALERT_ACT, row.site_id)
    about = _about(Names(session, actor), row)
    page = AlertPage(
        title=f"Alert: {about.finding}",
        alert=row,
        about=about,
        may_act=may_act,
        changed=causes.of_alert(session, actor, parts.objects, row),
    )
    return render(request, page)


@router.post("/alerts/{alert_id}/acknowledge")
def acknowledge(
    *, request: Request, session: Writing, actor: Responder, alert_id: str, reason: Reason = ""
) -> Response:
    service.acknowledge(session, actor, alert_id, reason)
    return done(request, f"/alerts/{alert_id}", "The alert is acknowledged")


@router.post("/alerts/{alert_id}/resolve")
def resolve(
    *, request: Request, session: Writing, actor: Responder, alert_id: str, reason: Reason = ""
) -> Response:
    service.resolve(session, actor, alert_id, reason)
    return done(request, f"/alerts/{alert_id}", "The alert is resolved")


@router.post("/alerts/{alert_id}/reopen")
def reopen(
    *, request: Request, session: Writing, actor: Responder, alert_id: str, reason: Reason = ""
) -> Response:
    service.reopen(session, actor, alert_id, reason)
    return done(request, f"/alerts/{alert_id}", "The alert is open again")


def _about(names: Names, row: Alert) -> Subject:
    return names.subject(row.version_id, row.site_id, row.finding_key)
