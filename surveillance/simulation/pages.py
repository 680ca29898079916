"""Simulations to ask for and to read."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import Annotated, Any, ClassVar

from fastapi import APIRouter, Depends, Form, Request, UploadFile
from starlette.responses import Response

from model_registry.versions import service as versions
from surveillance.names import Names
from surveillance.simulation import service, sheet
from surveillance.simulation.errors import BadQuestion
from surveillance.simulation.models import Simulation
from surveillance.simulation.question import Question
from surveillance.simulation.uploads import uploads_of
from vigil.kernel.db import ReadSession
from vigil.kernel.errors import Fault, Invalid
from vigil.kernel.identity import repository as people
from vigil.kernel.identity import service as identity
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import Site
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.charts.control import ControlChart
from vigil.kernel.web.dependencies import PartsDep, Reading, Writing, allowed
from vigil.kernel.web.page import Cursor, CursorDep, next_url
from vigil.kernel.web.pages import Page, done, render

router = APIRouter(include_in_schema=False)
Watcher = Annotated[Actor, Depends(allowed(Permission.SURVEILLANCE_READ))]
Runner = Annotated[Actor, Depends(allowed(Permission.SURVEILLANCE_RUN))]
Line = Annotated[str, Form(max_length=200)]
Reason = Annotated[str, Form(max_length=2000)]


@dataclass(frozen=True, kw_only=True)
class SimulationsPage(Page):
    """`sites` are those that the visitor may run a simulation for."""

    template: ClassVar[str] = "simulation/simulations.html"
    rows: Sequence[tuple[Simulation, str]]
    next_url: str | None
    sites: Sequence[Site]
    faults: Sequence[Fault] = ()


@dataclass(frozen=True, kw_only=True)
class SimulationPage(Page):
    template: ClassVar[str] = "simulation/simulation.html"
    row: Simulation
    site: str
    version: str | None
    found: dict[str, Any] | None
    plots: Sequence[ControlChart]


@router.get("/simulations")
def list_simulations(
    request: Request, session: Reading, actor: Watcher, cursor: CursorDep
) -> Response:
    return render(request, _list(request, session, actor, cursor))


@router.post("/simulations")
def ask_for_simulation(
    *,
    request: Request,
    session: Writing,
    actor: Runner,
    parts: PartsDep,
    document: UploadFile,
    reference: UploadFile | None = None,
    site: Line = "",
    title: Line = "",
    threshold: Line = "",
    reason: Reason = "",
) -> Response:
    try:
        _need({"title": title, "reason": reason})
        row = service.simulate(
            session,
            actor,
            parts.queue,
            uploads_of(parts.settings),
            site_id=identity.site(session, actor, site).id,
            title=title,
            question=Question(threshold=_number(threshold)),
            document=document.file,
            reference=reference.file if reference and reference.filename else None,
            reason=reason,
        )
    except Invalid as error:
        return _again(request, session, actor, error)
    return done(request, f"/simulations/{row.id}", "The simulation was asked for")


@router.post("/simulations/backfills")
def ask_for_backfill(
    *,
    request: Request,
    session: Writing,
    actor: Runner,
    parts: PartsDep,
    version: Line = "",
    site: Line = "",
    from_day: Line = "",
    to_day: Line = "",
    reason: Reason = "",
) -> Response:
    try:
        _need({"version": version, "from_day": from_day, "to_day": to_day, "reason": reason})
        row = service.backfill(
            session,
            actor,
            parts.queue,
            version_id=versions.version_named(session, actor, version).id,
            site_id=identity.site(session, actor, site).id,
            from_day=_day("from_day", from_day),
            to_day=_day("to_day", to_day),
            among=None,
            reason=reason,
        )
    except Invalid as error:
        return _again(request, session, actor, error)
    return done(request, f"/simulations/{row.id}", "The simulation was asked for")


@router.get("/simulations/{simulation_id}")
def show_simulation(
    request: Request, session: Reading, actor: Watcher, parts: PartsDep, simulation_id: str
) -> Response:
    row = service.simulation(session, actor, simulation_id)
    found = json.loads(parts.objects.get(row.result_digest)) if row.result_digest else None
    page = SimulationPage(
        title=row.title,
        row=row,
        site=session.get_one(Site, row.site_id).name,
        version=_version(session, actor, row),
        found=found,
        plots=sheet.plots(found) if found else [],
    )
    return render(request, page)


def _list(
    request: Request,
    session: ReadSession,
    actor: Actor,
    cursor: Cursor,
    faults: Sequence[Fault] = (),
) -> SimulationsPage:
    rows = service.simulations(session, actor, before=cursor.after, limit=cursor.limit + 1)
    kept, following = cursor.cut(rows, key=lambda row: row.id)
    sites = people.sites(session, actor)
    names = {site.id: site.name for site in sites}
    return SimulationsPage(
        title="Simulations",
        rows=[(row, names.get(row.site_id, "Another site")) for row in kept],
        next_url=next_url(request, following) if following else None,
        sites=[site for site in sites if actor.may(Permission.SURVEILLANCE_RUN, site.id)],
        faults=faults,
    )


def _again(request: Request, session: ReadSession, actor: Actor, error: Invalid) -> Response:
    page = _list(request, session, actor, Cursor(None, 50), error.faults)
    return render(request, page, HTTPStatus.UNPROCESSABLE_ENTITY)


def _version(session: ReadSession, actor: Actor, row: Simulation) -> str | None:
    if row.version_id is None:
        return None
    about = Names(session, actor).subject(row.version_id, row.site_id, "")
    return f"{about.model} {about.version}"


def _need(fields: dict[str, str]) -> None:
    empty = [name for name, text in fields.items() if not text.strip()]
    if empty:
        raise BadQuestion.because([Fault(name, "is empty", "Fill it in") for name in empty])


def _number(text: str) -> float | None:
    if not text.strip():
        return None
    try:
        return float(text)
    except ValueError:
        fault = Fault("threshold", "is no number", "Write it as 0.5")
        raise BadQuestion.because([fault]) from None


def _day(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        fault = Fault(name, "is no day", "Write it as 2026-05-03")
        raise BadQuestion.because([fault]) from None
