"""The tests of the sites, and one test: its plan, how far it is, its verdict and its groups."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from fastapi import APIRouter, Depends, Form, Request, UploadFile
from starlette.responses import Response

from model_registry.safety import service as safety
from model_registry.safety.models import Acceptance, SignOffStatus
from surveillance.local_tests import judging, repository, service
from surveillance.local_tests.charts import forests
from surveillance.local_tests.models import LocalTest, LocalTestState
from surveillance.local_tests.needs import Need
from surveillance.local_tests.repository import Progress
from surveillance.local_tests.rule import Rule
from surveillance.names import Names, Subject
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.parts import Parts
from vigil.kernel.web.charts.forest import ForestPlot
from vigil.kernel.web.dependencies import PartsDep, Reading, Writing, allowed
from vigil.kernel.web.page import CursorDep, next_url
from vigil.kernel.web.pages import Page, done, render

router = APIRouter(include_in_schema=False)
Watcher = Annotated[Actor, Depends(allowed(Permission.SURVEILLANCE_READ))]
Planner = Annotated[Actor, Depends(allowed(Permission.LOCAL_TEST_RUN))]
Signer = Annotated[Actor, Depends(allowed(Permission.ACCEPTANCE_SIGN))]
Reason = Annotated[str, Form(max_length=2000)]


@dataclass(frozen=True)
class TestRow:
    test: LocalTest
    about: Subject
    progress: Progress


@dataclass(frozen=True, kw_only=True)
class TestsPage(Page):
    template: ClassVar[str] = "local_tests/tests.html"
    rows: Sequence[TestRow]
    next_url: str | None


@dataclass(frozen=True, kw_only=True)
class TestPage(Page):
    """One test; `result` is the document, and None until there is one."""

    template: ClassVar[str] = "local_tests/test.html"
    test: LocalTest
    about: Subject
    rule: Rule
    progress: Progress
    needs: Sequence[Need]
    result: dict[str, Any] | None
    plots: Sequence[ForestPlot]
    acceptance: Acceptance | None
    may_run: bool
    may_sign: bool

    @property
    def is_open(self) -> bool:
        return self.test.state is LocalTestState.PLANNED

    @property
    def to_sign(self) -> bool:
        return self.acceptance is not None and self.acceptance.status is SignOffStatus.DRAFT


@router.get("/acceptance-tests")
def list_tests(request: Request, session: Reading, actor: Watcher, cursor: CursorDep) -> Response:
    rows = service.local_tests(session, actor, before=cursor.after, limit=cursor.limit + 1)
    kept, following = cursor.cut(rows, key=lambda row: row.id)
    progress = repository.progress(session, actor, [row.id for row in kept])
    names = Names(session, actor)
    page = TestsPage(
        title="Local acceptance tests",
        rows=[TestRow(row, _about(names, row), progress[row.id]) for row in kept],
        next_url=next_url(request, following) if following else None,
    )
    return render(request, page)


@router.get("/acceptance-tests/{test_id}")
def show_test(
    request: Request, session: Reading, actor: Watcher, parts: PartsDep, test_id: str
) -> Response:
    return render(
        request, _page(session, actor, parts, service.local_test(session, actor, test_id))
    )


@router.post("/acceptance-tests/{test_id}/labels")
def add_labels(
    *,
    request: Request,
    session: Writing,
    actor: Planner,
    test_id: str,
    document: UploadFile,
    reason: Reason = "",
) -> Response:
    content = document.file.read()
    came = service.add_labels(session, actor, test_id=test_id, content=content, reason=reason)
    message = (
        f"{came.accepted} of {came.cells} cells became cases; {came.blank} were empty, "
        f"{came.repeated} known already, {came.unknown} of studies that this site does not have, "
        f"{came.refused} refused. {' '.join(str(fault) + '.' for fault in came.faults[:3])}"
    )
    return done(request, f"/acceptance-tests/{test_id}", message)


@router.post("/acceptance-tests/{test_id}/run")
def start_test(
    *,
    request: Request,
    session: Writing,
    actor: Planner,
    parts: PartsDep,
    test_id: str,
    reason: Reason = "",
) -> Response:
    service.start(session, actor, parts.queue, test_id=test_id, reason=reason)
    return done(request, f"/acceptance-tests/{test_id}", "The test is running")


@router.post("/acceptance-tests/{test_id}/sign")
def sign_test(
    *,
    request: Request,
    session: Writing,
    actor: Signer,
    parts: PartsDep,
    test_id: str,
    reason: Reason = "",
) -> Response:
    row = service.local_test(session, actor, test_id)
    safety.sign_acceptance(
        session, actor, parts.events, acceptance_id=row.acceptance_id or "", reason=reason
    )
    return done(request, f"/acceptance-tests/{test_id}", "The result is signed")


def _page(session: ReadSession, actor: Actor, parts: Parts, row: LocalTest) -> TestPage:
    about = _about(Names(session, actor), row)
    rule = Rule.model_validate(row.rule)
    result = json.loads(parts.objects.get(row.result_digest)) if row.result_digest else None
    acceptance = (
        safety.acceptance_by_id(session, actor, row.acceptance_id) if row.acceptance_id else None
    )
    return TestPage(
        title=row.title,
        test=row,
        about=about,
        rule=rule,
        progress=repository.progress(session, actor, [row.id])[row.id],
        needs=[] if result else _needs(session, actor, parts, row, rule),
        result=result,
        plots=forests(result) if result else [],
        acceptance=acceptance,
        may_run=actor.may(Permission.LOCAL_TEST_RUN, row.site_id),
        may_sign=actor.may(Permission.ACCEPTANCE_SIGN, row.site_id),
    )


def _needs(
    session: ReadSession, actor: Actor, parts: Parts, row: LocalTest, rule: Rule
) -> Sequence[Need]:
    return judging.needs_of(
        session,
        actor,
        parts.objects,
        version_id=row.version_id,
        site_id=row.site_id,
        rule=rule,
        thresholds=row.thresholds,
    )


def _about(names: Names, row: LocalTest) -> Subject:
    return names.subject(row.version_id, row.site_id, "")
