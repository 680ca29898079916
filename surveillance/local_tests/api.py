"""Local acceptance tests, as JSON: reckon, plan, label, run, read."""

import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request, Response, UploadFile
from pydantic import BaseModel, ConfigDict, Field

from inference.runs.models import Outcome
from surveillance.local_tests import judging, repository, service
from surveillance.local_tests.document import shared
from surveillance.local_tests.intake import Intake
from surveillance.local_tests.models import LocalTest, LocalTestState, Verdict
from surveillance.local_tests.needs import Need
from surveillance.local_tests.repository import Progress
from surveillance.local_tests.rule import Rule
from vigil.kernel.identity import service as identity
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import PartsDep, Reading, Writing, allowed
from vigil.kernel.web.page import CursorDep, Listing, link_next
from vigil.kernel.web.route import ApiRoute

router = APIRouter(
    prefix="/api/v1/acceptance-tests", tags=["acceptance tests"], route_class=ApiRoute
)
Watcher = Annotated[Actor, Depends(allowed(Permission.SURVEILLANCE_READ))]
Planner = Annotated[Actor, Depends(allowed(Permission.LOCAL_TEST_RUN))]
Clinician = Annotated[Actor, Depends(allowed(Permission.STUDY_READ))]
Reason = Annotated[str, Field(min_length=1, max_length=2000)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ReckoningIn(Body):
    version_id: str
    site: Annotated[str, Field(description="ODS code of the site")]
    rule: Rule
    thresholds: dict[str, float] = Field(default_factory=dict)


class PlanIn(Body):
    version_id: str
    site: Annotated[str, Field(description="ODS code of the site")]
    title: Annotated[str, Field(min_length=1, max_length=200)]
    rule: Rule
    thresholds: dict[str, float] | None = None
    reason: Reason


class StartIn(Body):
    reason: Reason


class TestOut(BaseModel):
    """A test as it stands; `done` of its `cases` have an outcome."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    site_id: str
    version_id: str
    version_digest: str
    thresholds: dict[str, float]
    configuration_digest: str
    title: str
    rule: dict[str, Any]
    rule_digest: str
    intake: list[dict[str, Any]]
    state: LocalTestState
    planned_by: str
    planned_at: datetime
    started_by: str | None
    started_at: datetime | None
    finished_at: datetime | None
    studies: int
    cases: int = 0
    done: int = 0
    verdict: Verdict | None
    passed: bool | None
    result_digest: str | None
    acceptance_id: str | None
    note: str | None
    reference_note: str | None


class CaseOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: str
    study_id: str
    instance_id: str | None
    finding_key: str
    label: bool
    levels: dict[str, str]
    outcome: Outcome | None
    reason: str | None
    score: float | None
    flagged: bool | None


@router.post("/reckoning")
def reckon(session: Reading, actor: Planner, parts: PartsDep, body: ReckoningIn) -> list[Need]:
    """Say how many cases a rule needs, before anything is planned. Writes nothing."""
    fields = _fields(body)
    site = identity.site(session, actor, fields.pop("site"))
    return judging.needs_of(session, actor, parts.objects, site_id=site.id, **fields)


@router.post("", status_code=201)
def plan_test(*, session: Writing, actor: Planner, body: PlanIn, response: Response) -> TestOut:
    fields = _fields(body)
    site = identity.site(session, actor, fields.pop("site"))
    row = service.plan(session, actor, site_id=site.id, **fields)
    response.headers["Location"] = f"{router.prefix}/{row.id}"
    return _out(row, Progress(0, 0))


@router.get("")
def list_tests(
    *,
    request: Request,
    response: Response,
    session: Reading,
    actor: Watcher,
    cursor: CursorDep,
    version_id: str | None = None,
    site_id: str | None = None,
) -> Listing[TestOut]:
    rows = service.local_tests(
        session,
        actor,
        version_id=version_id,
        site_id=site_id,
        before=cursor.after,
        limit=cursor.limit + 1,
    )
    kept, next_cursor = cursor.cut(rows, key=lambda row: row.id)
    link_next(request, response, next_cursor)
    progress = repository.progress(session, actor, [row.id for row in kept])
    items = [_out(row, progress[row.id]) for row in kept]
    return Listing(items=items, next_cursor=next_cursor)


@router.get("/{test_id}")
def get_test(session: Reading, actor: Watcher, test_id: str) -> TestOut:
    row = service.local_test(session, actor, test_id)
    return _out(row, repository.progress(session, actor, [row.id])[row.id])


@router.post("/{test_id}/labels")
def add_labels(
    *,
    session: Writing,
    actor: Planner,
    test_id: str,
    document: UploadFile,
    reason: Annotated[str, Form(min_length=1, max_length=2000)],
) -> Intake:
    """Take in a CSV table of labels; the answer says what came of every cell."""
    content = document.file.read()
    return service.add_labels(session, actor, test_id=test_id, content=content, reason=reason)


@router.post("/{test_id}/run", status_code=202)
def start_test(
    *, session: Writing, actor: Planner, parts: PartsDep, test_id: str, body: StartIn
) -> TestOut:
    row = service.start(session, actor, parts.queue, test_id=test_id, reason=body.reason)
    return _out(row, repository.progress(session, actor, [row.id])[row.id])


@router.get("/{test_id}/cases")
def list_cases(
    *,
    request: Request,
    response: Response,
    session: Reading,
    actor: Clinician,
    cursor: CursorDep,
    test_id: str,
) -> Listing[CaseOut]:
    """List the cases with their scores, for those who may open the studies."""
    rows = service.cases(session, actor, test_id, after=cursor.after, limit=cursor.limit + 1)
    kept, next_cursor = cursor.cut(rows, key=lambda row: row.id)
    link_next(request, response, next_cursor)
    return Listing(items=[CaseOut.model_validate(row) for row in kept], next_cursor=next_cursor)


@router.get("/{test_id}/document")
def read_document(
    *,
    session: Reading,
    actor: Watcher,
    parts: PartsDep,
    test_id: str,
    to_share: Annotated[bool, Query(description="without small numbers")] = False,
) -> Response:
    """Return the signed document, byte for byte; or the form in which it may leave the site."""
    content = service.document(session, actor, parts.objects, test_id)
    name = f"{test_id}-shared" if to_share else test_id
    if to_share:
        content = json.dumps(shared(content), indent=1).encode()
    headers = {"Content-Disposition": f'attachment; filename="{name}.json"'}
    return Response(content, media_type="application/json", headers=headers)


def _out(row: LocalTest, progress: Progress) -> TestOut:
    return TestOut.model_validate(row).model_copy(update=progress._asdict())


def _fields(body: BaseModel) -> dict[str, Any]:
    """Return the fields as they are: the rule stays a rule."""
    return {name: getattr(body, name) for name in type(body).model_fields}
