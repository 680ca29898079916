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
from vigil.kernel.errors import Fault, Invalid
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.identity.signing import signature_faults
from vigil.kernel.parts import Parts
from vigil.kernel.web.charts.forest import ForestPlot
from vigil.kernel.web.dependencies import PartsDep, Reading, Writing, allowed, session_cookie
from vigil.kernel.web.forms import NOTHING, Sent, check_lengths, refused
from vigil.kernel.web.page import CursorDep, next_url
from vigil.kernel.web.pages import Page, done, render

router = APIRouter(include_in_schema=False)
Watcher = Annotated[Actor, Depends(allowed(Permission.SURVEILLANCE_READ))]
Planner = Annotated[Actor, Depends(allowed(Permission.LOCAL_TEST_RUN))]
Signer = Annotated[Actor, Depends(allowed(Permission.ACCEPTANCE_SIGN))]
Text = Annotated[str, Form()]
LABELS, RUN, SIGN = "labels", "run", "sign"


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
    may_plan: bool


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
    sent: Sent

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
        may_plan=actor.may(Permission.LOCAL_TEST_RUN) and actor.supplier_id is None,
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
    parts: PartsDep,
    test_id: str,
    document: UploadFile | None = None,
    reason: Text = "",
) -> Response:
    content = document.file.read() if document else b""
    typed = {"document": "", "reason": reason}
    try:
        check_lengths(typed)
        if not content:
            fault = Fault("document", "no table was chosen", "Choose a CSV file")
            raise Invalid.because([fault])
        with session.begin_nested():
            came = service.add_labels(
                session, actor, test_id=test_id, content=content, reason=reason
            )
    except Invalid as error:
        return _again(request, session, actor, parts, test_id, refused(LABELS, typed, error))
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
    reason: Text = "",
) -> Response:
    typed = {"reason": reason}
    try:
        check_lengths(typed)
        with session.begin_nested():
            service.start(session, actor, parts.queue, test_id=test_id, reason=reason)
    except Invalid as error:
        return _again(request, session, actor, parts, test_id, refused(RUN, typed, error))
    return done(request, f"/acceptance-tests/{test_id}", "The test is running")


@router.post("/acceptance-tests/{test_id}/sign")
def sign_test(
    *,
    request: Request,
    actor: Signer,
    parts: PartsDep,
    test_id: str,
    password: Annotated[str, Form(max_length=500)] = "",
    reason: Text = "",
) -> Response:
    """Sign with the password: a signature is of who is there now, not of an open browser."""
    with parts.database.read() as session:
        row = service.local_test(session, actor, test_id)
        safety.acceptance_by_id(session, actor, row.acceptance_id or "")
    faults = signature_faults(
        parts, actor, session_cookie(request), password=password, reason=reason
    )
    if faults:
        with parts.database.read() as session:
            sent = Sent(SIGN, {"reason": reason}, faults)
            return _again(request, session, actor, parts, test_id, sent)
    with parts.database.write() as session:
        safety.sign_acceptance(
            session, actor, parts.events, acceptance_id=row.acceptance_id or "", reason=reason
        )
    return done(request, f"/acceptance-tests/{test_id}", "The result is signed")


def _again(
    request: Request, session: ReadSession, actor: Actor, parts: Parts, test_id: str, sent: Sent
) -> Response:
    row = service.local_test(session, actor, test_id)
    return render(request, _page(session, actor, parts, row, sent), Invalid.status)


def _page(
    session: ReadSession, actor: Actor, parts: Parts, row: LocalTest, sent: Sent = NOTHING
) -> TestPage:
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
        sent=sent,
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
