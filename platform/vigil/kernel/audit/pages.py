"""The audit as a page: newest first, by subject, with the verdict on the chain on demand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from vigil.kernel.audit import repository, service
from vigil.kernel.audit.models import AuditEvent
from vigil.kernel.audit.service import Verdict, audience
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import Reading, allowed
from vigil.kernel.web.pages import Page, render

router = APIRouter(include_in_schema=False)
Auditor = Annotated[Actor, Depends(allowed(Permission.AUDIT_READ))]
ROWS = 50
SHOWN = 6


@dataclass(frozen=True, kw_only=True)
class AuditPage(Page):
    template: ClassVar[str] = "audit/audit.html"
    events: Sequence[AuditEvent]
    subject: str | None
    next_before: int | None
    verdict: Verdict | None

    def who(self, event: AuditEvent) -> str:
        """Return who did it, short: the role, and the end of the identifier."""
        _, found, role = event.actor_label.partition(" (")
        return f"{role.rstrip(')')}, {self.short(event.actor_id)}" if found else event.actor_label

    def short(self, identifier: str) -> str:
        """Return an identifier's kind and its end, which differs most."""
        kind, found, rest = identifier.partition("_")
        return f"{kind} …{rest[-SHOWN:]}" if found and len(rest) > SHOWN else identifier


@router.get("/audit")
def audit(
    request: Request,
    session: Reading,
    auditor: Auditor,
    before: int | None = None,
    subject: str | None = None,
    verify: bool = False,
) -> Response:
    subject = subject or None
    found = repository.recent(
        session, before=before, subject=subject, limit=ROWS, organisation_id=audience(auditor)
    )
    page = AuditPage(
        title="Audit",
        events=found,
        subject=subject,
        next_before=found[-1].sequence if len(found) == ROWS else None,
        verdict=service.verify(session) if verify else None,
    )
    return render(request, page)
