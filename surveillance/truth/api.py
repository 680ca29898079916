"""Labels and groups, as JSON or as a table: send them, and read what came of what was sent."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response, UploadFile
from pydantic import BaseModel, ConfigDict, Field

from surveillance.axes import TOLD_AXES
from surveillance.truth import service
from surveillance.truth.intake import Taken
from surveillance.truth.judging import FINDING, LABEL_DAY, PRESENT
from surveillance.truth.lines import MAX_LINES, UID, Line, read_csv
from surveillance.truth.verdicts import REMEDIES, Verdict
from vigil.kernel.identity import service as identity
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import PartsDep, Reading, Writing, allowed
from vigil.kernel.web.page import CursorDep, Listing, link_next
from vigil.kernel.web.route import ApiRoute

router = APIRouter(prefix="/api/v1/surveillance", tags=["surveillance"], route_class=ApiRoute)
Watcher = Annotated[Actor, Depends(allowed(Permission.SURVEILLANCE_READ))]
Teller = Annotated[Actor, Depends(allowed(Permission.TRUTH_WRITE))]
Reason = Annotated[str, Field(min_length=1, max_length=2000)]
Source = Annotated[str, Field(min_length=1, max_length=200)]
Code = Annotated[str, Field(description="ODS code of the site")]
ReasonForm = Annotated[str, Form(min_length=1, max_length=2000)]
SourceForm = Annotated[str, Form(min_length=1, max_length=200)]
CodeForm = Annotated[str, Form(description="ODS code of the site")]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class LabelIn(Body):
    """What turned out to be so. `present` null takes back what was said before."""

    study_instance_uid: Annotated[str, Field(max_length=200)]
    finding: Annotated[str, Field(max_length=64)]
    present: bool | None
    label_day: date | None = None

    def as_line(self, number: int) -> Line:
        said = "withdrawn" if self.present is None else str(int(self.present))
        day = self.label_day.isoformat() if self.label_day else ""
        told = {UID: self.study_instance_uid, FINDING: self.finding}
        return Line(number, told | {PRESENT: said, LABEL_DAY: day})


class LabelsIn(Body):
    site: Code
    source: Source
    labels: Annotated[Sequence[LabelIn], Field(min_length=1, max_length=MAX_LINES)]
    reason: Reason


class GroupIn(Body):
    """The groups a study's patient belongs to; what is left out stays as it is."""

    study_instance_uid: Annotated[str, Field(max_length=200)]
    ethnicity: Annotated[str, Field(max_length=64)] = ""
    imd: Annotated[int | None, Field(ge=1, le=10)] = None
    setting: Annotated[str, Field(max_length=64)] = ""

    def as_line(self, number: int) -> Line:
        imd = "" if self.imd is None else str(self.imd)
        told = {"ethnicity": self.ethnicity, "imd": imd, "setting": self.setting}
        return Line(number, {UID: self.study_instance_uid} | told)


class GroupsIn(Body):
    site: Code
    source: Source
    groups: Annotated[Sequence[GroupIn], Field(min_length=1, max_length=MAX_LINES)]
    reason: Reason


class RefusedOut(BaseModel):
    line: int
    verdict: Verdict
    remedy: str


class BatchOut(BaseModel):
    """What was sent and what came of it: `rows` is the sum of `verdicts`."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    site_id: str
    kind: str
    source: str
    rows: int
    verdicts: dict[str, int]
    times: int
    sent_by: str
    sent_at: datetime


class TakenOut(BatchOut):
    """`again`: the same was sent before, and only what was refused then was tried."""

    again: bool
    refused: list[RefusedOut]


@router.post("/truths", status_code=201)
def add_labels(
    *, session: Writing, actor: Teller, parts: PartsDep, body: LabelsIn, response: Response
) -> TakenOut:
    lines = [label.as_line(number) for number, label in enumerate(body.labels, start=1)]
    told = {"source": body.source, "lines": lines, "reason": body.reason}
    return _labels(session, actor, parts, response, site=body.site, **told)


@router.post("/truths/table", status_code=201)
def add_label_table(
    *,
    session: Writing,
    actor: Teller,
    parts: PartsDep,
    response: Response,
    document: UploadFile,
    site: CodeForm,
    source: SourceForm,
    reason: ReasonForm,
) -> TakenOut:
    """Take in a CSV table: study_instance_uid, finding, present and, if known, label_day."""
    lines = read_csv(document.file.read(), (UID, FINDING, PRESENT), (LABEL_DAY,))
    told = {"source": source, "lines": lines, "reason": reason}
    return _labels(session, actor, parts, response, site=site, **told)


@router.post("/groups", status_code=201)
def add_groups(
    *, session: Writing, actor: Teller, parts: PartsDep, body: GroupsIn, response: Response
) -> TakenOut:
    lines = [group.as_line(number) for number, group in enumerate(body.groups, start=1)]
    told = {"source": body.source, "lines": lines, "reason": body.reason}
    return _groups(session, actor, parts, response, site=body.site, **told)


@router.post("/groups/table", status_code=201)
def add_group_table(
    *,
    session: Writing,
    actor: Teller,
    parts: PartsDep,
    response: Response,
    document: UploadFile,
    site: CodeForm,
    source: SourceForm,
    reason: ReasonForm,
) -> TakenOut:
    """Take in a CSV table: study_instance_uid and any of ethnicity, imd and setting."""
    lines = read_csv(document.file.read(), (UID,), TOLD_AXES)
    told = {"source": source, "lines": lines, "reason": reason}
    return _groups(session, actor, parts, response, site=site, **told)


@router.get("/truths")
def list_batches(
    request: Request, response: Response, session: Reading, actor: Watcher, cursor: CursorDep
) -> Listing[BatchOut]:
    """List the tables of labels and groups that were sent, the latest first."""
    rows = service.batches(session, actor, before=cursor.after, limit=cursor.limit + 1)
    kept, next_cursor = cursor.cut(rows, key=lambda row: row.id)
    link_next(request, response, next_cursor)
    return Listing(items=[BatchOut.model_validate(row) for row in kept], next_cursor=next_cursor)


@router.get("/truths/{batch_id}")
def get_batch(session: Reading, actor: Watcher, batch_id: str) -> BatchOut:
    return BatchOut.model_validate(service.batch(session, actor, batch_id))


def _labels(
    session: Writing, actor: Actor, parts: PartsDep, response: Response, *, site: str, **told: Any
) -> TakenOut:
    site_id = identity.site(session, actor, site).id
    taken = service.add_labels(session, actor, parts.keys, site_id=site_id, **told)
    return _taken(taken, response)


def _groups(
    session: Writing, actor: Actor, parts: PartsDep, response: Response, *, site: str, **told: Any
) -> TakenOut:
    site_id = identity.site(session, actor, site).id
    taken = service.add_groups(session, actor, parts.keys, site_id=site_id, **told)
    return _taken(taken, response)


def _taken(taken: Taken, response: Response) -> TakenOut:
    if taken.again:
        response.status_code = 200
    response.headers["Location"] = f"{router.prefix}/truths/{taken.batch.id}"
    refused = [
        RefusedOut(line=line, verdict=one, remedy=REMEDIES[one])
        for line, one in taken.refused.items()
    ]
    batch = BatchOut.model_validate(taken.batch).model_dump()
    return TakenOut(**batch, again=taken.again, refused=refused)
