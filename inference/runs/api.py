"""Runs over HTTP: what ran on what, what came out, and why not."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from inference.runs import repository, service
from inference.runs.models import Outcome, Run
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import Reading, allowed
from vigil.kernel.web.page import CursorDep, Listing, link_next
from vigil.kernel.web.route import ApiRoute

router = APIRouter(prefix="/api/v1/runs", tags=["runs"], route_class=ApiRoute)
RunReader = Annotated[Actor, Depends(allowed(Permission.STUDY_READ))]


@router.get("")
def list_runs(
    request: Request,
    response: Response,
    session: Reading,
    reader: RunReader,
    cursor: CursorDep,
    study_id: str | None = None,
    version_id: str | None = None,
    outcome: Outcome | None = None,
) -> Listing[Run]:
    """List runs, newest first."""
    found = repository.runs(
        session,
        reader,
        study_id=study_id,
        version_id=version_id,
        outcome=outcome,
        before=cursor.after,
        limit=cursor.limit + 1,
    )
    items, following = cursor.cut(found, lambda run: run.id)
    link_next(request, response, following)
    return Listing(items=items, next_cursor=following)


@router.get("/{run_id}")
def show_run(session: Reading, reader: RunReader, run_id: str) -> dict[str, Any]:
    """Show a run with its pins and findings."""
    run = service.run(session, reader, run_id)
    found = repository.findings(session, run.id)
    return {**run.model_dump(), "findings": [finding.model_dump() for finding in found]}
