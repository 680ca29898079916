"""A refused version is checked again on the same bytes where the answer may be another one."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from factories.identity import SETUP, create_organisation, create_person, create_site
from factories.keys import create_key
from factories.packages import package, signed_archive
from factories.versions import LinearRunner, create_version
from factories.web import browser, create_web
from sqlmodel import select

from model_registry.admission import again, api, service
from model_registry.admission.errors import NotAgain
from model_registry.admission.models import AdmissionCheck, Status
from model_registry.admission.verdict import Verdict
from model_registry.keys import service as keys
from model_registry.keys.models import KeyStatus
from model_registry.packages.build import build
from model_registry.packages.signature import new_private_key
from model_registry.versions import service as versions
from model_registry.versions.errors import NotTheNetwork
from model_registry.versions.handover import Handover
from model_registry.versions.models import ModelVersion, VersionStatus
from vigil.kernel.audit.models import AuditEvent
from vigil.kernel.db import WriteSession
from vigil.kernel.errors import Forbidden
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts

JSON = {"Accept": "application/json"}


def judge(session: WriteSession, parts: Parts, version: ModelVersion) -> list[AdmissionCheck]:
    objects = parts.objects
    return service.admit(session, SETUP, version=version, runner=LinearRunner(), objects=objects)


def refused(
    session: WriteSession, parts: Parts, status: KeyStatus | None, **options: str
) -> tuple[ModelVersion, Ed25519PrivateKey]:
    """A version refused for its signature: by a key of this status, or one never proposed."""
    first = create_version(session, parts.objects, version="0.0.1")
    private = new_private_key()
    if status is not None:
        create_key(session, first.organisation_id, private, status)
    archive = signed_archive(private, **options)
    version = versions.submit(session, SETUP, objects=parts.objects, handover=Handover.of(archive))
    judge(session, parts, version)
    assert version.status is VersionStatus.REFUSED
    return version, private


def seller(session: WriteSession, code: str = "ACME") -> Actor:
    return create_person(session, code, Role.SUPPLIER)


def manager(session: WriteSession) -> Actor:
    create_organisation(session, "NET", OrganisationKind.NETWORK)
    return create_person(session, "NET", Role.NETWORK_MANAGER)


@pytest.mark.parametrize("status", [None, KeyStatus.PROPOSED])
def test_once_its_key_is_trusted_the_same_bytes_pass(
    parts: Parts, status: KeyStatus | None
) -> None:
    with parts.database.write() as session:
        version, private = refused(session, parts, status)
        actor = seller(session)
        with pytest.raises(NotAgain, match="trust"):
            again.ask(session, actor, parts.queue, version_id=version.id, reason="please")
        if status is None:
            key = create_key(session, version.organisation_id, private, KeyStatus.PROPOSED)
        else:
            key = next(
                one
                for one in keys.keys(session, SETUP, before=None, limit=9)
                if one.status is status
            )
        keys.trust(session, manager(session), row_id=key.id, reason="compared by telephone")
        assert again.standing(session, version) == again.Again(
            possible=True, why=f"The key {key.key_id} is trusted now."
        )
        again.ask(session, actor, parts.queue, version_id=version.id, reason="it is trusted now")
        judge(session, parts, version)
        assert version.status is VersionStatus.CHECKED
    queued = parts.queue.enqueued  # type: ignore[attr-defined]
    assert [(one.task, one.arguments) for one in queued] == [("versions.admit", (version.id,))]
    with parts.database.read() as session:
        [event] = session.exec(
            select(AuditEvent).where(AuditEvent.tag == "registry:version:recheck")
        ).all()
    assert (event.actor_id, event.subject) == (actor.id, version.id)
    assert "key" in event.detail["failed"]["signature"]


def test_what_is_in_the_bytes_stays_refused(parts: Parts) -> None:
    with parts.database.write() as session:
        create_version(session, parts.objects, version="0.0.1")
        unsigned = versions.submit(
            session,
            SETUP,
            objects=parts.objects,
            handover=Handover.of(build(package(version="3.0.0"))),
        )
        judge(session, parts, unsigned)
        assert "not signed" in again.standing(session, unsigned).why
        revoked, _ = refused(session, parts, KeyStatus.REVOKED, version="4.0.0")
        assert "was revoked" in again.standing(session, revoked).why
        for version in (unsigned, revoked):
            with pytest.raises(NotAgain):
                again.ask(session, SETUP, parts.queue, version_id=version.id, reason="please")
    assert parts.queue.enqueued == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("failed", "possible"),
    [
        (["resources"], True),
        (["examination"], True),
        (["golden"], False),
        (["resources", "documents"], False),
    ],
)
def test_what_was_measured_may_be_measured_again(
    parts: Parts,
    failed: list[str],
    possible: bool,
) -> None:
    with parts.database.write() as session:
        version = create_version(session, parts.objects)
        verdicts = [
            Verdict(name, passed=False, evidence="no", seconds=1, status=Status.FAILED)
            for name in failed
        ]
        unreached = Verdict(
            "batch", passed=False, evidence="not reached", seconds=0, status=Status.NOT_REACHED
        )
        service.keep(session, SETUP, version=version, verdicts=[*verdicts, unreached])
        assert again.standing(session, version).possible is possible


def test_a_version_that_passed_or_is_being_checked_is_not_asked_again(parts: Parts) -> None:
    with parts.database.write() as session:
        version = create_version(session, parts.objects)
        with pytest.raises(NotAgain, match="it is submitted"):
            again.ask(session, SETUP, parts.queue, version_id=version.id, reason="please")
        judge(session, parts, version)
        with pytest.raises(NotAgain, match="it is checked"):
            again.ask(session, SETUP, parts.queue, version_id=version.id, reason="please")


def test_its_supplier_and_the_network_may_ask_and_nobody_else(parts: Parts) -> None:
    with parts.database.write() as session:
        version, private = refused(session, parts, None)
        create_key(session, version.organisation_id, private)
        create_site(session)
        hospital = create_person(session, "RXX", Role.NETWORK_MANAGER)
        reader = create_person(session, "RXX", Role.READER)
        for actor, error in ((hospital, NotTheNetwork), (reader, Forbidden)):
            assert not again.may_ask(actor)
            with pytest.raises(error):
                again.ask(session, actor, parts.queue, version_id=version.id, reason="please")
        for actor in (seller(session), manager(session)):
            assert again.may_ask(actor)
            again.ask(session, actor, parts.queue, version_id=version.id, reason="please")


def test_each_refusal_is_checked_again_once_also_in_the_minute_of_its_submission(
    parts: Parts,
) -> None:
    def refuse() -> None:
        verdict = Verdict("resources", passed=False, evidence="slow", seconds=1)
        service.keep(session, SETUP, version=version, verdicts=[verdict])

    with parts.database.write() as session:
        version = create_version(session, parts.objects)
        versions.request_admission(session, parts.queue, version)
        for _ in range(2):
            refuse()
            for _ in range(2):
                again.ask(session, SETUP, parts.queue, version_id=version.id, reason="busy")
    keys = [one.key for one in parts.queue.enqueued]  # type: ignore[attr-defined]
    assert len(keys) == 3


def test_over_http(parts: Parts) -> None:
    with parts.database.write() as session:
        version, private = refused(session, parts, None)
        actor = seller(session)
    client = browser(create_web(parts, api.router), actor)
    path = f"/api/v1/versions/{version.id}/admission"
    assert client.get(path, headers=JSON).json()["may_be_checked_again"] is False
    refusal = client.post(path, json={"reason": "please"}, headers=JSON)
    assert (refusal.status_code, refusal.json()["type"]) == (409, "/problems/not-again")
    with parts.database.write() as session:
        create_key(session, version.organisation_id, private)
    accepted = client.post(path, json={"reason": "the key is trusted"}, headers=JSON)
    assert (accepted.status_code, accepted.json()["may_be_checked_again"]) == (202, True)
    assert client.post(path, json={"reason": " "}, headers=JSON).status_code == 422
