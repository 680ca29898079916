"""The page behind a reader's link: what the model says of a study, one button to agree or overrule.

It needs no sign-in and no JavaScript, and names no patient: the reader came from the study.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from inference.decisions import service
from inference.decisions.models import Decision
from inference.decisions.service import Link
from inference.decisions.service import Reading as StudyReading
from inference.runs.models import Finding, Outcome
from vigil.kernel.identity.service import SignedIn
from vigil.kernel.web.dependencies import PartsDep, Reading, Writing, visitor
from vigil.kernel.web.pages import Page, done, render

router = APIRouter(include_in_schema=False)

# Asked for its form token only: a browser that is signed in sends its cookie here too.
Visitor = Annotated[SignedIn | None, Depends(visitor)]


@dataclass(frozen=True, kw_only=True)
class FindingRow:
    id: str
    name: str
    image: int
    score: float
    threshold: float
    flagged: bool
    decision: Decision | None
    decided_at: datetime | None

    @property
    def present(self) -> bool | None:
        """What the reader said last; None where nothing was said."""
        if self.decision is None:
            return None
        return self.decision in (Decision.AGREE_POS, Decision.OVERRIDE_FN)


@dataclass(frozen=True, kw_only=True)
class ReadPage(Page):
    template: ClassVar[str] = "decisions/read.html"
    token: str
    model: str
    version: str
    mode: str
    outcome: Outcome | None
    reason: str | None
    finished_at: datetime | None
    images: int
    findings: list[FindingRow]


def link(parts: PartsDep, token: str) -> Link:
    return service.open_link(parts.keys, token, parts.database.clock())


LinkDep = Annotated[Link, Depends(link)]


@router.get("/read/{token}")
def read(
    request: Request, session: Reading, link: LinkDep, token: str, _visitor: Visitor
) -> Response:
    return render(request, _page(token, service.reading(session, link)))


@router.post("/read/{token}/findings/{finding_id}")
def decide(
    *,
    request: Request,
    session: Writing,
    parts: PartsDep,
    link: LinkDep,
    token: str,
    finding_id: str,
    present: Annotated[bool, Form()],
) -> Response:
    service.decide_by_link(session, parts, link, finding_id=finding_id, present=present)
    return done(request, f"/read/{token}", "Thank you. Your answer is saved.")


def _page(token: str, reading: StudyReading) -> ReadPage:
    run = reading.run
    images = sorted({finding.sop_instance_uid for finding in reading.findings})
    return ReadPage(
        title="What the AI model says",
        token=token,
        model=reading.model,
        version=reading.version,
        mode=run.mode.value,
        outcome=run.outcome,
        reason=run.reason,
        finished_at=run.finished_at,
        images=len(images),
        findings=[_row(reading, one, images) for one in reading.findings],
    )


def _row(reading: StudyReading, finding: Finding, images: list[str]) -> FindingRow:
    said = reading.latest.get(finding.id)
    return FindingRow(
        id=finding.id,
        name=finding.name,
        image=images.index(finding.sop_instance_uid) + 1,
        score=finding.score,
        threshold=finding.threshold,
        flagged=finding.flagged,
        decision=said.decision if said else None,
        decided_at=said.decided_at if said else None,
    )
