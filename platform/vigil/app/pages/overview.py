"""The first page: what needs this person today, and whether work flows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

import sqlalchemy as sa
from fastapi import APIRouter, Request
from sqlmodel import select
from starlette.responses import Response

from inference.delivery.models import Delivery, DeliveryState
from inference.runs.models import Outcome, Run
from inference.studies.models import Study
from model_registry.deployments import reviews
from model_registry.deployments.api import GatesDep
from model_registry.deployments.reviews import Proposal
from model_registry.stops import service as stops
from model_registry.stops.repository import NamedStop
from surveillance.alerts import service as alerts
from surveillance.alerts.models import Alert
from surveillance.names import Names, Subject
from vigil.app.pages.waiting import Task, waiting_for
from vigil.kernel.db import ReadSession
from vigil.kernel.identity import repository as identity
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import Site
from vigil.kernel.identity.repository import within_sites
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import Reading, SignedInDep
from vigil.kernel.web.pages import Page, render

router = APIRouter(include_in_schema=False)
SHOWN_ALERTS = 5


@dataclass(frozen=True)
class SiteLine:
    """How a site is doing: its traffic, and what did not end well."""

    site: Site
    studies: int
    last_arrival_at: datetime | None
    failed: int
    undelivered: int


@dataclass(frozen=True, kw_only=True)
class OverviewPage(Page):
    template: ClassVar[str] = "app/overview.html"
    stops: Sequence[NamedStop]
    proposals: Sequence[Proposal]
    agrees: bool
    tasks: Sequence[Task]
    alerts: Sequence[tuple[Alert, Subject]]
    sees_alerts: bool
    sites: Sequence[SiteLine]
    sees_patients: bool
    is_supplier: bool


@router.get("/")
def overview(request: Request, session: Reading, actor: SignedInDep, gates: GatesDep) -> Response:
    sees_patients = actor.may(Permission.STUDY_READ)
    page = OverviewPage(
        title="Overview",
        stops=stops.active_stops(session, actor),
        proposals=reviews.waiting_for(session, actor),
        agrees=actor.may(Permission.DEPLOYMENT_APPROVE) and actor.supplier_id is None,
        tasks=waiting_for(session, actor, gates),
        alerts=_open_alerts(session, actor),
        sees_alerts=actor.may(Permission.SURVEILLANCE_READ),
        sites=_lines(session, actor) if sees_patients else [],
        sees_patients=sees_patients,
        is_supplier=actor.supplier_id is not None,
    )
    return render(request, page)


def _open_alerts(session: ReadSession, actor: Actor) -> Sequence[tuple[Alert, Subject]]:
    if not actor.may(Permission.SURVEILLANCE_READ):
        return []
    found = alerts.alerts(session, actor, states=alerts.OPEN, limit=SHOWN_ALERTS)
    names = Names(session, actor)
    return [(one, names.subject(one.version_id, one.site_id, one.finding_key)) for one in found]


def _lines(session: ReadSession, actor: Actor) -> list[SiteLine]:
    arrivals = {
        site_id: (count, last)
        for site_id, count, last in session.exec(
            within_sites(
                select(Study.site_id, sa.func.count(), sa.func.max(Study.last_arrival_at)).group_by(
                    Study.site_id
                ),
                actor,
                Study.site_id,
            )
        ).all()
    }
    failed = _counts(session, actor, Run.site_id, Run.outcome == Outcome.FAILED)
    dead = _counts(session, actor, Delivery.site_id, Delivery.state == DeliveryState.DEAD)
    return [
        SiteLine(
            site,
            studies=arrivals.get(site.id, (0, None))[0],
            last_arrival_at=arrivals.get(site.id, (0, None))[1],
            failed=failed.get(site.id, 0),
            undelivered=dead.get(site.id, 0),
        )
        for site in identity.sites(session, actor)
    ]


def _counts(session: ReadSession, actor: Actor, column: str, condition: bool) -> dict[str, int]:
    statement = select(column, sa.func.count()).where(condition).group_by(column)
    return dict(session.exec(within_sites(statement, actor, column)).all())
