"""Safety as pages: which documents stand, which are stale and why, and signing one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import Response

from model_registry.deployments import repository as deployments
from model_registry.deployments.api import GatesDep
from model_registry.deployments.stale import StaleUse, stale_in_use
from model_registry.safety import lines, service
from model_registry.safety.lines import AcceptanceLine, CaseLine
from model_registry.safety.models import Acceptance, SafetyCase, SignOffStatus
from model_registry.safety.officers import covers
from model_registry.versions import service as versions
from model_registry.versions.models import Model, ModelVersion
from vigil.kernel.db import ReadSession
from vigil.kernel.errors import Fault
from vigil.kernel.identity import repository as people
from vigil.kernel.identity import service as identity
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import Site
from vigil.kernel.identity.roles import Permission, Role
from vigil.kernel.identity.signing import signature_faults
from vigil.kernel.web.dependencies import PartsDep, Reading, allowed, session_cookie
from vigil.kernel.web.page import CursorDep, next_url
from vigil.kernel.web.pages import Page, done, render

router = APIRouter(include_in_schema=False)
Reader = Annotated[Actor, Depends(allowed(Permission.REGISTRY_READ))]
CaseSigner = Annotated[Actor, Depends(allowed(Permission.SAFETY_CASE_SIGN))]
SiteSigner = Annotated[Actor, Depends(allowed(Permission.ACCEPTANCE_SIGN))]
Password = Annotated[str, Form(max_length=500)]
Reason = Annotated[str, Form(max_length=2000)]


@dataclass(frozen=True, kw_only=True)
class SafetyPage(Page):
    """Attributes: `shows` is `cases` or `acceptances`; `names` are of the stale deployments."""

    template: ClassVar[str] = "safety/safety.html"
    shows: str
    status: str
    site: str
    sites: Sequence[Site]
    cases: Sequence[CaseLine]
    acceptances: Sequence[AcceptanceLine]
    stale: Sequence[StaleUse]
    names: Mapping[str, deployments.Names]
    next_url: str | None


@dataclass(frozen=True, kw_only=True)
class SignOffPage(Page):
    """A document with what was judged, and the form to sign it for whoever may."""

    template: ClassVar[str] = "safety/sign_off.html"
    sign_off: SafetyCase | Acceptance
    is_case: bool
    path: str
    model: Model
    version: ModelVersion
    site: Site | None
    submitter: str
    signer: str | None
    may_sign: bool
    reason: str = ""
    faults: tuple[Fault, ...] = ()


@router.get("/safety")
def safety(
    *,
    request: Request,
    session: Reading,
    actor: Reader,
    cursor: CursorDep,
    gates: GatesDep,
    shows: Annotated[str, Query(pattern="^(cases|acceptances)$")] = "cases",
    status: Annotated[str, Query(max_length=20)] = "",
    site: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    wanted = next((one for one in SignOffStatus if one.value == status), None)
    cases, acceptances, following = _listed(session, actor, cursor, shows, wanted, site)
    stale = stale_in_use(session, actor, gates)
    page = SafetyPage(
        title="Clinical safety",
        shows=shows,
        status=wanted.value if wanted else "",
        site=site,
        sites=people.sites(session, actor),
        cases=cases,
        acceptances=acceptances,
        stale=stale,
        names=deployments.names_of(session, [one.deployment for one in stale]),
        next_url=next_url(request, following) if following else None,
    )
    return render(request, page)


@router.get("/safety/cases/{case_id}")
def show_case(request: Request, session: Reading, actor: Reader, case_id: str) -> Response:
    return render(request, _page(session, actor, service.case_by_id(session, actor, case_id)))


@router.get("/safety/acceptances/{acceptance_id}")
def show_acceptance(
    request: Request, session: Reading, actor: Reader, acceptance_id: str
) -> Response:
    found = service.acceptance_by_id(session, actor, acceptance_id)
    return render(request, _page(session, actor, found))


@router.post("/safety/cases/{case_id}/sign")
def sign_case(
    *,
    request: Request,
    actor: CaseSigner,
    parts: PartsDep,
    case_id: str,
    password: Password = "",
    reason: Reason = "",
) -> Response:
    """Sign with the password: a signature is of who is there now, not of an open browser."""
    with parts.database.read() as session:
        service.case_by_id(session, actor, case_id)
    faults = signature_faults(
        parts, actor, session_cookie(request), password=password, reason=reason
    )
    if faults:
        with parts.database.read() as session:
            case = service.case_by_id(session, actor, case_id)
            return render(request, _page(session, actor, case, reason, faults), 422)
    with parts.database.write() as session:
        service.sign_case(session, actor, case_id=case_id, reason=reason)
    return done(request, f"/safety/cases/{case_id}", "The safety case is signed.")


@router.post("/safety/acceptances/{acceptance_id}/sign")
def sign_acceptance(
    *,
    request: Request,
    actor: SiteSigner,
    parts: PartsDep,
    acceptance_id: str,
    password: Password = "",
    reason: Reason = "",
) -> Response:
    """Sign a site's judgement, passed or failed, with the password."""
    with parts.database.read() as session:
        service.acceptance_by_id(session, actor, acceptance_id)
    faults = signature_faults(
        parts, actor, session_cookie(request), password=password, reason=reason
    )
    if faults:
        with parts.database.read() as session:
            found = service.acceptance_by_id(session, actor, acceptance_id)
            return render(request, _page(session, actor, found, reason, faults), 422)
    with parts.database.write() as session:
        service.sign_acceptance(
            session, actor, parts.events, acceptance_id=acceptance_id, reason=reason
        )
    return done(request, f"/safety/acceptances/{acceptance_id}", "The judgement is signed.")


def _listed(
    session: ReadSession,
    actor: Actor,
    cursor: CursorDep,
    shows: str,
    status: SignOffStatus | None,
    site: str,
) -> tuple[Sequence[CaseLine], Sequence[AcceptanceLine], str | None]:
    if shows == "cases":
        found = lines.cases(
            session, actor, status=status, after=cursor.after, limit=cursor.limit + 1
        )
        kept, following = cursor.cut(found, lambda line: line.case.id)
        return kept, (), following
    accepted = lines.acceptances(
        session,
        actor,
        site_id=identity.site(session, actor, site).id if site else None,
        status=status,
        after=cursor.after,
        limit=cursor.limit + 1,
    )
    shown, following = cursor.cut(accepted, lambda line: line.acceptance.id)
    return (), shown, following


def _page(
    session: ReadSession,
    actor: Actor,
    found: SafetyCase | Acceptance,
    reason: str = "",
    faults: tuple[Fault, ...] = (),
) -> SignOffPage:
    version = versions.version(session, actor, found.version_id)
    model = versions.model(session, actor, version.model_id)
    site = session.get(Site, found.site_id) if isinstance(found, Acceptance) else None
    kind = "acceptances" if site else "cases"
    return SignOffPage(
        title=_title(found, f"{model.title} {version.version}"),
        sign_off=found,
        is_case=isinstance(found, SafetyCase),
        path=f"/safety/{kind}/{found.id}",
        model=model,
        version=version,
        site=site,
        submitter=_name(session, found.submitted_by) or "Vigil",
        signer=_name(session, found.signed_by),
        may_sign=found.status is SignOffStatus.DRAFT and _may_sign(actor, found, version),
        reason=reason,
        faults=faults,
    )


def _title(found: SafetyCase | Acceptance, named: str) -> str:
    if isinstance(found, SafetyCase):
        return f"Safety case of {named}"
    what = "DCB0160 acceptance" if found.kind.value == "dcb0160" else "Local acceptance test"
    return f"{what} of {named}"


def _may_sign(actor: Actor, found: SafetyCase | Acceptance, version: ModelVersion) -> bool:
    """Whether the form is worth showing; the service decides."""
    if isinstance(found, Acceptance):
        may = actor.may(Permission.ACCEPTANCE_SIGN, found.site_id) and covers(actor, found.site_id)
        return may and actor.id != version.submitted_by
    may = actor.may(Permission.SAFETY_CASE_SIGN) and actor.has_role(Role.CSO)
    return may and actor.id not in {version.submitted_by, found.submitted_by}


def _name(session: ReadSession, user_id: str | None) -> str | None:
    found = people.user(session, user_id) if user_id else None
    return found.name if found else None
