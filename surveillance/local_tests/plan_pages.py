"""Planning a test as pages: which version and where, the rule, the answers, and then it is fixed.

Nothing is kept before the last button: the answers travel in the form.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response

from model_registry.packages.manifest import FindingSpec
from model_registry.versions import service as versions
from model_registry.versions.models import Model, ModelVersion
from surveillance.axes import IMAGE_AXES
from surveillance.local_tests import judging, planning, service
from surveillance.local_tests.needs import Need
from surveillance.local_tests.planning import DEFAULTS, Planned
from surveillance.local_tests.rule import METRICS, Rule
from vigil.kernel.db import ReadSession
from vigil.kernel.errors import Fault, Invalid
from vigil.kernel.identity import repository as identity
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import Site
from vigil.kernel.identity.roles import Permission
from vigil.kernel.parts import Parts
from vigil.kernel.web.dependencies import PartsDep, Reading, allowed
from vigil.kernel.web.forms import NOTHING, Sent, check_lengths, refused
from vigil.kernel.web.pages import Page, done, render

router = APIRouter(include_in_schema=False)
Planner = Annotated[Actor, Depends(allowed(Permission.LOCAL_TEST_RUN))]
Id = Annotated[str, Query(max_length=40)]
FORM, CHOICE, WHERE = "plan", "choice", ("version_id", "site_id")
PATH = "/acceptance-tests/new"
# What one page offers; an older version is reached from its own page.
OFFERED = 200


@dataclass(frozen=True, kw_only=True)
class ChoicePage(Page):
    template: ClassVar[str] = "local_tests/choose.html"
    offers: Sequence[tuple[str, str]]
    sites: Sequence[tuple[str, str]]
    version_id: str
    site_id: str
    sent: Sent


@dataclass(frozen=True)
class Subject:
    """What is to be tested, and where."""

    model: Model
    version: ModelVersion
    site: Site
    findings: Sequence[FindingSpec]
    thresholds: Mapping[str, float]

    @property
    def where(self) -> dict[str, str]:
        return {"version_id": self.version.id, "site_id": self.site.id}


@dataclass(frozen=True, kw_only=True)
class PlanPage(Page):
    template: ClassVar[str] = "local_tests/plan.html"
    about: Subject
    defaults: Mapping[str, str]
    sent: Sent
    metrics: Sequence[str] = METRICS
    axes: Sequence[str] = IMAGE_AXES
    units: Sequence[tuple[str, str]] = planning.UNITS
    samplings: Sequence[tuple[str, str]] = planning.SAMPLINGS
    tested: Sequence[tuple[str, str]] = planning.TESTED
    on: Sequence[tuple[str, str]] = planning.ON

    def is_ticked(self, name: str) -> bool:
        typed = self.sent.typed if self.sent.has(FORM) else DEFAULTS
        return typed.get(name) == planning.TICKED


@dataclass(frozen=True, kw_only=True)
class CheckPage(Page):
    template: ClassVar[str] = "local_tests/check.html"
    about: Subject
    rule: Rule
    thresholds: Mapping[str, float]
    needs: Sequence[Need]
    hidden: Mapping[str, str]
    sent: Sent


@router.get(PATH)
def new_test(
    *,
    request: Request,
    session: Reading,
    actor: Planner,
    version_id: Id = "",
    site_id: Id = "",
    chosen: Annotated[str, Query(max_length=3)] = "",
) -> Response:
    """Choose a version and a site; with both, the form of the rule."""
    if version_id and site_id:
        about = _subject(session, actor, version_id, site_id)
        return render(request, _plan_page(about, NOTHING))
    sent = NOTHING
    if chosen:
        typed = {"version_id": version_id, "site_id": site_id}
        empty = [
            Fault(name, "not chosen", "Choose one") for name, text in typed.items() if not text
        ]
        sent = refused(CHOICE, typed, Invalid.because(empty))
    page = ChoicePage(
        title="Plan an acceptance test",
        offers=_offers(session, actor),
        sites=[(one.id, one.name) for one in _sites(session, actor)],
        version_id=version_id,
        site_id=site_id,
        sent=sent,
    )
    return render(request, page, (sent.faults and Invalid.status) or 200)


@router.post(PATH)
async def check_answers(request: Request, parts: PartsDep, actor: Planner) -> Response:
    """Show what was answered and what it needs; or, where something is wrong, the form again."""
    form = await request.form()
    sent = {name: value for name, value in form.items() if isinstance(value, str)}
    return await run_in_threadpool(_check, request, parts, actor, sent)


@router.post("/acceptance-tests")
async def plan_test(request: Request, parts: PartsDep, actor: Planner) -> Response:
    """Fix the rule: nothing of it can be changed afterwards."""
    form = await request.form()
    sent = {name: value for name, value in form.items() if isinstance(value, str)}
    return await run_in_threadpool(_plan, request, parts, actor, sent)


def _check(request: Request, parts: Parts, actor: Actor, form: Mapping[str, str]) -> Response:
    with parts.database.read() as session:
        about = _subject(session, actor, form.get("version_id", ""), form.get("site_id", ""))
        typed = _typed(form, about)
        if form.get("step") == "change":
            return render(request, _plan_page(about, Sent(FORM, typed)))
        try:
            page = _check_page(session, actor, parts, about, typed)
        except Invalid as error:
            sent = refused(FORM, typed, error)
            return render(request, _plan_page(about, sent), error.status)
        return render(request, page)


def _plan(request: Request, parts: Parts, actor: Actor, form: Mapping[str, str]) -> Response:
    with parts.database.read() as session:
        about = _subject(session, actor, form.get("version_id", ""), form.get("site_id", ""))
    typed, reason = _typed(form, about), form.get("reason", "")
    try:
        check_lengths({"reason": reason})
        with parts.database.write() as session:
            rule, found = _answers(session, about, typed)
            row = service.plan(
                session,
                actor,
                **about.where,
                title=typed["title"],
                rule=rule,
                thresholds=found.thresholds,
                reason=reason,
            )
    except Invalid as error:
        return _again(request, parts, actor, about, typed, reason, error)
    said = "The rule is fixed. Give the test its labels next."
    return done(request, f"/acceptance-tests/{row.id}", said)


def _again(
    request: Request,
    parts: Parts,
    actor: Actor,
    about: Subject,
    typed: Mapping[str, str],
    reason: str,
    error: Invalid,
) -> Response:
    """Show where it went wrong: at the reason on the page of the answers, else on the form."""
    with parts.database.read() as session:
        if {fault.field for fault in error.faults} == {"reason"}:
            sent = refused("check", {"reason": reason}, error)
            page: Page = _check_page(session, actor, parts, about, typed, sent)
        else:
            page = _plan_page(about, refused(FORM, typed, error))
        return render(request, page, error.status)


def _answers(
    session: ReadSession, about: Subject, typed: Mapping[str, str]
) -> tuple[Rule, Planned]:
    """Return the rule that was typed.

    Raises:
        Invalid: it is none; each fault is at its field.
    """
    check_lengths(typed)
    found = planning.planned(typed, about.findings)
    if found.faults:
        raise Invalid.because(list(found.faults))
    rule = service.read_rule(found.rule)
    try:
        service.check_plan(session, about.version, rule, found.thresholds)
    except Invalid as error:
        raise Invalid.because([_at_field(fault) for fault in error.faults]) from error
    return rule, found


def _at_field(fault: Fault) -> Fault:
    """Return a fault of the rule or of a threshold at the field that it was typed in."""
    part, _, key = fault.field.partition(".")
    name = f"{key}-threshold" if part == "thresholds" else f"{key}-tested"
    return Fault(name, fault.problem, fault.remedy)


def _typed(form: Mapping[str, str], about: Subject) -> dict[str, str]:
    return {name: form.get(name, "") for name in planning.fields(about.findings)}


def _subject(session: ReadSession, actor: Actor, version_id: str, site_id: str) -> Subject:
    version = versions.version(session, actor, version_id)
    site = service.site_of(session, actor, site_id)
    return Subject(
        versions.model(session, actor, version.model_id),
        version,
        site,
        versions.manifest(version).findings,
        service.thresholds_in_use(session, actor, version, site.id),
    )


def _plan_page(about: Subject, sent: Sent) -> PlanPage:
    return PlanPage(
        title=f"What {about.model.title} {about.version.version} must reach",
        about=about,
        defaults=planning.defaults(about.findings, about.thresholds),
        sent=sent,
    )


def _check_page(
    session: ReadSession,
    actor: Actor,
    parts: Parts,
    about: Subject,
    typed: Mapping[str, str],
    sent: Sent = NOTHING,
) -> CheckPage:
    rule, found = _answers(session, about, typed)
    needs = judging.needs_of(
        session,
        actor,
        parts.objects,
        version_id=about.version.id,
        site_id=about.site.id,
        rule=rule,
        thresholds=found.thresholds,
    )
    return CheckPage(
        title="Check the rule before it is fixed",
        about=about,
        rule=rule,
        thresholds=found.thresholds,
        needs=needs,
        hidden={**about.where, **typed},
        sent=sent,
    )


def _offers(session: ReadSession, actor: Actor) -> list[tuple[str, str]]:
    found = versions.versions(session, actor, limit=OFFERED)
    titles = {one.id: one.title for one in versions.models(session, actor, limit=OFFERED)}
    named = [
        (one.id, f"{titles.get(one.model_id, 'Model')} {one.version}")
        for one in found
        if one.status in service.ADMITTED
    ]
    return sorted(named, key=lambda offer: offer[1].lower())


def _sites(session: ReadSession, actor: Actor) -> list[Site]:
    found = identity.sites(session, actor)
    return [one for one in found if actor.may(Permission.LOCAL_TEST_RUN, one.id)]
