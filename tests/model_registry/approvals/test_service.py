"""The network approves a version on evidence for exactly its bytes, and is told what lacks."""

from dataclasses import dataclass

import pytest
from factories.safety import Cast, create_cast, create_version, sign_case

from model_registry.admission.checks import NAMES
from model_registry.admission.models import AdmissionCheck
from model_registry.approvals import service
from model_registry.approvals.errors import NotApprovable
from model_registry.deployments.gate import GateStatus
from model_registry.safety import staleness
from model_registry.versions import service as versions
from model_registry.versions.errors import NotAllowedNow, NotTheNetwork
from model_registry.versions.models import ModelVersion, VersionStatus
from vigil.kernel.db import Database, ReadSession, WriteSession
from vigil.kernel.objects import LocalObjectStore

_S = VersionStatus


@dataclass
class CardGate:
    """The card gate as a higher floor would keep it, with a switch."""

    met: bool = True

    def status_of(self, session: ReadSession, version: ModelVersion) -> GateStatus:
        return GateStatus("card", "a published card", "the supplier", self.met, "a switch")


GATES = (CardGate(),)


def checked(session: WriteSession, cast: Cast, *, lacking: str = "") -> ModelVersion:
    """A version with the verdict of every check, all of them good but one perhaps."""
    version = create_version(session, cast, status=_S.CHECKED)
    for name in NAMES:
        check = AdmissionCheck(
            id=session.new_id("adm"),
            version_id=version.id,
            name=name,
            passed=name != lacking,
            evidence="",
            seconds=0,
            at=session.now(),
        )
        session.add(check)
    session.flush()
    return version


def approve(session: WriteSession, cast: Cast, version: ModelVersion) -> ModelVersion:
    return service.approve(
        session, cast.manager, GATES, version_id=version.id, reason="agreed at the board"
    )


def test_with_all_the_evidence_it_is_approved_and_who_did_it_is_kept(
    database: Database, objects: LocalObjectStore
) -> None:
    with database.write() as session:
        cast = create_cast(session)
        version = checked(session, cast)
        sign_case(session, objects, cast, version)
        assert approve(session, cast, version).status is _S.APPROVED
        (step,) = versions.changes(session, cast.manager, version.id)
    assert (step.status, step.by, step.reason) == (
        _S.APPROVED,
        cast.manager.id,
        "agreed at the board",
    )


def test_what_is_missing_is_listed_with_who_can_supply_it(sqlite: Database) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast, status=_S.CHECKED)
        with pytest.raises(NotApprovable) as raised:
            service.approve(
                session,
                cast.manager,
                (CardGate(met=False),),
                version_id=version.id,
                reason="agreed",
            )
        assert version.status is _S.CHECKED
    for words in (
        "passed admission checks (from the supplier)",
        "a signed DCB0129 safety case for exactly this version",
        "a published card (from the supplier)",
    ):
        assert words in raised.value.detail


def test_one_check_that_failed_is_enough(sqlite: Database, objects: LocalObjectStore) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        version = checked(session, cast, lacking=NAMES[-1])
        sign_case(session, objects, cast, version)
        admission = service.evidence(session, GATES, version)[0]
        assert (admission.met, admission.why) == (False, f"not passed: {NAMES[-1]}")


def test_a_stale_case_says_why(sqlite: Database, objects: LocalObjectStore) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        version = checked(session, cast)
        sign_case(session, objects, cast, version)
        change = staleness.Change.INTENDED_USE
        staleness.mark_stale(
            session, cast.manager, change=change, reason="a new use", version_id=version.id
        )
        case = service.evidence(session, GATES, version)[1]
        with pytest.raises(NotApprovable, match="DCB0129"):
            approve(session, cast, version)
    assert (case.met, "a new use" in case.why) == (False, True)


@pytest.mark.parametrize("status", [_S.SUBMITTED, _S.REFUSED, _S.WITHDRAWN, _S.APPROVED])
def test_only_what_is_checked_is_approved(sqlite: Database, status: VersionStatus) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast, status=status)
        with pytest.raises(NotAllowedNow, match=status.value):
            approve(session, cast, version)


def test_who_may_not_is_told_so_before_what_is_missing(sqlite: Database) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast, status=_S.CHECKED)
        with pytest.raises(NotTheNetwork):
            service.approve(
                session, cast.site_officer, GATES, version_id=version.id, reason="agreed"
            )
        assert service.may_approve(cast.network_officer, version)
        assert not service.may_approve(cast.site_officer, version)
        assert not service.may_approve(cast.submitter, version)
