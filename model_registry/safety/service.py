"""Submit safety cases, draft acceptances, and have the right officer sign each."""

from sqlalchemy.exc import IntegrityError

from model_registry.packages.layout import CHANGE_PLAN
from model_registry.safety import repository
from model_registry.safety.configuration import check_thresholds, configuration_digest
from model_registry.safety.errors import (
    AlreadyJudged,
    NotAnOfficer,
    UnknownAcceptance,
    UnknownSafetyCase,
    VigilTestedIt,
)
from model_registry.safety.events import AcceptanceSigned
from model_registry.safety.models import Acceptance, AcceptanceKind, SafetyCase, SignOffStatus
from model_registry.safety.officers import officer_for_supplier, officer_of_site
from model_registry.safety.staleness import make_stale
from model_registry.versions import service as versions
from model_registry.versions.models import ModelVersion
from vigil.kernel.audit import service as audit
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.errors import Fault, Forbidden, Invalid
from vigil.kernel.events import Events
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.objects import ObjectStore


def submit_case(
    session: WriteSession,
    actor: Actor,
    objects: ObjectStore,
    *,
    version_id: str,
    title: str,
    content: bytes,
    reason: str,
) -> SafetyCase:
    """Hand in the safety case report of a version, as a draft to be signed.

    Raises:
        Invalid: the document is empty or has no title.
        UnknownVersion: there is none, or it is another supplier's.
    """
    actor.require(Permission.VERSION_SUBMIT)
    version = versions.version(session, actor, version_id)
    _check_document(title, content)
    case = SafetyCase(
        id=session.new_id("sc"),
        organisation_id=version.organisation_id,
        version_id=version.id,
        version_digest=version.digest,
        content_digest=objects.put(content),
        title=title,
        status=SignOffStatus.DRAFT,
        submitted_by=actor.id,
        submitted_at=session.now(),
    )
    session.add(case)
    session.flush()
    audit.record(session, actor, "safety:case:submit", case.id, reason, content=case.content_digest)
    return case


def sign_case(session: WriteSession, actor: Actor, *, case_id: str, reason: str) -> SafetyCase:
    """Sign a case, in the place of the one that was signed for the same bytes before.

    Raises:
        NotAnOfficer: the actor is no registered officer of the supplier or the network, or handed
            in the case or the version itself.
        AlreadyJudged: the case is no draft.
    """
    case = case_by_id(session, actor, case_id)
    signer = officer_for_supplier(session, actor, case.organisation_id)
    version = versions.version(session, actor, case.version_id)
    if signer.id in {version.submitted_by, case.submitted_by}:
        raise NotAnOfficer("Who hands in a version or its case does not sign the case.")
    earlier = repository.signed_case(session, case.version_digest)
    _sign(session, actor, case, earlier, reason)
    return case


def draft_acceptance(
    session: WriteSession,
    actor: Actor,
    objects: ObjectStore,
    *,
    kind: AcceptanceKind,
    version_id: str,
    site_id: str,
    thresholds: dict[str, float],
    content: bytes,
    passed: bool,
    reason: str,
    accepts_plan: bool = False,
    local_test_id: str | None = None,
) -> Acceptance:
    """Lay a site's judgement of a version, with the thresholds it would have, before its officer.

    With `accepts_plan` the document accepts, too, the changes that the version's plan announces.
    `local_test_id` is given by the part of Vigil that ran the test, and by nobody else.

    Raises:
        BadThresholds: a threshold does not fit the model.
        Invalid: the document is empty, or accepts a plan that is not there.
    """
    _check_may_draft(actor, site_id)
    version = versions.version(session, actor, version_id)
    check_thresholds(version, thresholds)
    _check_document(kind.value, content)
    if accepts_plan:
        _check_plan(objects, version, kind)
    acceptance = Acceptance(
        id=session.new_id("acc"),
        kind=kind,
        version_id=version.id,
        version_digest=version.digest,
        site_id=site_id,
        configuration_digest=configuration_digest(version, thresholds),
        content_digest=objects.put(content),
        passed=passed,
        status=SignOffStatus.DRAFT,
        submitted_by=actor.id,
        submitted_at=session.now(),
        accepts_plan=accepts_plan,
        local_test_id=local_test_id,
    )
    session.add(acceptance)
    session.flush()
    facts = {
        "kind": kind.value,
        "passed": passed,
        "accepts_plan": accepts_plan,
        "content": acceptance.content_digest,
    }
    audit.record(session, actor, "safety:acceptance:draft", acceptance.id, reason, **facts)
    return acceptance


def sign_acceptance(
    session: WriteSession, actor: Actor, events: Events, *, acceptance_id: str, reason: str
) -> Acceptance:
    """Sign a site's judgement, passed or failed, in the place of its earlier one.

    `AcceptanceSigned` is published in the same transaction.

    Raises:
        NotAnOfficer: the actor is no registered officer of this site, or submitted the version.
        AlreadyJudged: the acceptance is no draft.
        VigilTestedIt: a document made elsewhere would stand in for a test that Vigil ran.
    """
    acceptance = acceptance_by_id(session, actor, acceptance_id)
    signer = officer_of_site(session, actor, acceptance.site_id)
    version = versions.version(session, actor, acceptance.version_id)
    if signer.id == version.submitted_by:
        raise NotAnOfficer("Who submits a version does not accept it.")
    earlier = repository.signed_acceptance(
        session,
        kind=acceptance.kind,
        site_id=acceptance.site_id,
        configuration_digest=acceptance.configuration_digest,
    )
    _check_not_tested(session, acceptance)
    _sign(session, actor, acceptance, earlier, reason)
    events.publish(session, AcceptanceSigned(acceptance.id, actor))
    return acceptance


def case_by_id(session: ReadSession, actor: Actor, case_id: str) -> SafetyCase:
    found = repository.case(session, actor, case_id)
    if found is None:
        raise UnknownSafetyCase("No safety case has this id, or it is another supplier's.")
    return found


def acceptance_by_id(session: ReadSession, actor: Actor, acceptance_id: str) -> Acceptance:
    found = repository.acceptance(session, actor, acceptance_id)
    if found is None:
        raise UnknownAcceptance("No acceptance has this id, or it is another site's.")
    return found


def _check_not_tested(session: ReadSession, acceptance: Acceptance) -> None:
    """What Vigil measured stands, whether somebody signed it, left it unsigned, or it is stale."""
    if acceptance.kind is not AcceptanceKind.LOCAL_TEST or acceptance.local_test_id:
        return
    tested = repository.newest_of_vigil(
        session,
        site_id=acceptance.site_id,
        configuration_digest=acceptance.configuration_digest,
    )
    if tested is not None:
        said = "passed" if tested.passed else "did not pass"
        raise VigilTestedIt(
            f"Vigil tested this configuration here, and it {said}. Only a new test replaces that."
        )


def _sign(
    session: WriteSession,
    actor: Actor,
    sign_off: SafetyCase | Acceptance,
    earlier: SafetyCase | Acceptance | None,
    reason: str,
) -> None:
    if sign_off.status is not SignOffStatus.DRAFT:
        raise AlreadyJudged(f"It is {sign_off.status.value}. Hand in a new one.")
    if earlier is not None:
        make_stale(session, actor, earlier, f"Superseded by {sign_off.id}")
    sign_off.status = SignOffStatus.SIGNED
    sign_off.signed_by = actor.id
    sign_off.signed_at = session.now()
    session.add(sign_off)
    try:
        session.flush()
    except IntegrityError as error:
        raise AlreadyJudged("Somebody else signed one at the same time. Look again.") from error
    tag = f"safety:{sign_off.__tablename__}:sign"
    audit.record(session, actor, tag, sign_off.id, reason, content=sign_off.content_digest)


def _check_may_draft(actor: Actor, site_id: str) -> None:
    may_request = actor.may(Permission.DEPLOYMENT_REQUEST, site_id)
    if not may_request and not actor.may(Permission.ACCEPTANCE_SIGN, site_id):
        raise Forbidden("A manager or a clinical safety officer of the site drafts this.")


def _check_plan(objects: ObjectStore, version: ModelVersion, kind: AcceptanceKind) -> None:
    if kind is not AcceptanceKind.DCB0160:
        fault = Fault("accepts_plan", "a test accepts no plan", "Say it in the DCB0160 acceptance")
        raise Invalid.because([fault])
    if CHANGE_PLAN not in versions.package(objects, version).files:
        fault = Fault("accepts_plan", "the version brings no change plan", "Leave it out")
        raise Invalid.because([fault])


def _check_document(title: str, content: bytes) -> None:
    faults = []
    if not title.strip():
        faults.append(Fault("title", "empty", "Name the document"))
    if not content.strip():
        faults.append(Fault("content", "empty", "Give the document"))
    if faults:
        raise Invalid.because(faults)
