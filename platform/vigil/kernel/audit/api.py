"""The audit over HTTP: read, verify; there is nothing to write."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from vigil.kernel.audit import repository, service
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import Reading, allowed

router = APIRouter(prefix="/api/v1/audit", tags=["audit"])
Auditor = Annotated[Actor, Depends(allowed(Permission.AUDIT_READ))]
LIMIT = 100


@router.get("/events")
def events(
    session: Reading,
    auditor: Auditor,
    before: int | None = None,
    subject: str | None = None,
    limit: Annotated[int, Query(ge=1, le=LIMIT)] = LIMIT,
) -> dict[str, Any]:
    """List events, newest first; `before` is the cursor."""
    whose = service.audience(auditor)
    found = repository.recent(
        session, before=before, subject=subject, limit=limit, organisation_id=whose
    )
    cursor = found[-1].sequence if len(found) == limit and found[-1].sequence > 1 else None
    return {"items": [event.model_dump() for event in found], "next_cursor": cursor}


@router.get("/verification")
def verification(
    session: Reading, _auditor: Auditor, head: str | None = None
) -> dict[str, int | str | bool | None]:
    """Walk the chain; with `head`, that hash must still be in it."""
    verdict = service.verify(session, head)
    return {
        "holds": verdict.holds,
        "events": verdict.events,
        "head": verdict.head,
        "broken_at": verdict.broken_at,
    }
