"""Simulations, as JSON: ask what the engine would have said, and read it."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response, UploadFile
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from surveillance.simulation import service
from surveillance.simulation.errors import BadQuestion
from surveillance.simulation.models import Simulation
from surveillance.simulation.question import Question
from surveillance.simulation.uploads import uploads_of
from vigil.kernel.errors import Fault
from vigil.kernel.identity import service as identity
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import PartsDep, Reading, Writing, allowed
from vigil.kernel.web.page import CursorDep, Listing, link_next
from vigil.kernel.web.route import ApiRoute

router = APIRouter(prefix="/api/v1/surveillance", tags=["surveillance"], route_class=ApiRoute)
Watcher = Annotated[Actor, Depends(allowed(Permission.SURVEILLANCE_READ))]
Runner = Annotated[Actor, Depends(allowed(Permission.SURVEILLANCE_RUN))]
Reason = Annotated[str, Field(min_length=1, max_length=2000)]


class BackfillIn(BaseModel):
    """A dry run over history. `among` streams share the false alarms: all, by default."""

    model_config = ConfigDict(extra="forbid")
    version_id: str
    site: Annotated[str, Field(description="ODS code of the site")]
    from_day: date
    to_day: date
    among: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    reason: Reason


class SimulationOut(BaseModel):
    """A simulation as it stands; `done` of `total` days are looked at."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    kind: str
    site_id: str
    version_id: str | None
    title: str
    question: dict[str, Any]
    state: str
    done: int
    total: int
    note: str | None
    result_digest: str | None
    html_digest: str | None
    created_by: str
    created_at: datetime
    finished_at: datetime | None


@router.post("/simulations", status_code=202)
def ask_for_simulation(
    *,
    session: Writing,
    actor: Runner,
    parts: PartsDep,
    response: Response,
    document: UploadFile,
    site: Annotated[str, Form(description="ODS code of the site")],
    title: Annotated[str, Form(min_length=1, max_length=200)],
    reason: Annotated[str, Form(min_length=1, max_length=2000)],
    question: Annotated[str, Form(description="what is asked, as JSON")] = "{}",
    reference: UploadFile | None = None,
) -> SimulationOut:
    """Run the engine over a Parquet or CSV table. The table is deleted after the run."""
    row = service.simulate(
        session,
        actor,
        parts.queue,
        uploads_of(parts.settings),
        site_id=identity.site(session, actor, site).id,
        title=title,
        question=asked(question),
        document=document.file,
        reference=reference.file if reference else None,
        reason=reason,
    )
    response.headers["Location"] = f"{router.prefix}/simulations/{row.id}"
    return SimulationOut.model_validate(row)


@router.post("/backfills", status_code=202)
def ask_for_backfill(
    *, session: Writing, actor: Runner, parts: PartsDep, body: BackfillIn, response: Response
) -> SimulationOut:
    """Run the engine over a version's history at a site, day by day. It raises no alert."""
    facts = body.model_dump()
    site = identity.site(session, actor, facts.pop("site"))
    row = service.backfill(session, actor, parts.queue, site_id=site.id, **facts)
    response.headers["Location"] = f"{router.prefix}/simulations/{row.id}"
    return SimulationOut.model_validate(row)


@router.get("/simulations")
def list_simulations(
    *, request: Request, response: Response, session: Reading, actor: Watcher, cursor: CursorDep
) -> Listing[SimulationOut]:
    rows = service.simulations(session, actor, before=cursor.after, limit=cursor.limit + 1)
    kept, next_cursor = cursor.cut(rows, key=lambda row: row.id)
    link_next(request, response, next_cursor)
    return Listing(
        items=[SimulationOut.model_validate(row) for row in kept], next_cursor=next_cursor
    )


@router.get("/simulations/{simulation_id}")
def get_simulation(session: Reading, actor: Watcher, simulation_id: str) -> SimulationOut:
    row: Simulation = service.simulation(session, actor, simulation_id)
    return SimulationOut.model_validate(row)


@router.get("/simulations/{simulation_id}/result")
def read_result(session: Reading, actor: Watcher, parts: PartsDep, simulation_id: str) -> Response:
    """Return the result, byte for byte as its digest says."""
    found = service.result(session, actor, parts.objects, simulation_id)
    return _download(found, f"{simulation_id}.json", "application/json")


@router.get("/simulations/{simulation_id}/page")
def read_page(session: Reading, actor: Watcher, parts: PartsDep, simulation_id: str) -> Response:
    """Return the result as one HTML page to keep."""
    found = service.sheet(session, actor, parts.objects, simulation_id)
    return _download(found, f"{simulation_id}.html", "text/html; charset=utf-8")


def asked(text: str) -> Question:
    """Return the question.

    Raises:
        BadQuestion: it is none.
    """
    try:
        return Question.model_validate_json(text)
    except ValidationError as error:
        faults = [
            Fault(".".join(map(str, one["loc"])) or "question", one["msg"], "Correct it")
            for one in error.errors(include_url=False, include_input=False)
        ]
        raise BadQuestion.because(faults) from None


def _download(content: bytes, name: str, media_type: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media_type, headers=headers)
