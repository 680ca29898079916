"""A test that Vigil ran is not passed over by a document made by hand."""

import pytest
from conftest import FakeClock
from factories.deployments import GATES
from factories.safety import Cast, create_acceptance, create_cast, create_version

from model_registry.deployments import gates
from model_registry.deployments.gate import GateStatus, Target
from model_registry.safety import service
from model_registry.safety.errors import VigilTestedIt
from model_registry.safety.models import Acceptance, AcceptanceKind, SignOffStatus
from model_registry.versions.models import ModelVersion
from vigil.kernel.db import Database, WriteSession
from vigil.kernel.events import Events
from vigil.kernel.objects import LocalObjectStore


def vigil_tests(
    session: WriteSession,
    objects: LocalObjectStore,
    cast: Cast,
    version: ModelVersion,
    *,
    passed: bool,
    status: SignOffStatus = SignOffStatus.DRAFT,
) -> Acceptance:
    """What Vigil drafts when a test has ended."""
    found = service.draft_acceptance(
        session,
        cast.site_officer,
        objects,
        kind=AcceptanceKind.LOCAL_TEST,
        version_id=version.id,
        site_id=cast.site.id,
        thresholds={},
        content=b"measured",
        passed=passed,
        local_test_id="lt_1",
        reason="test",
    )
    found.status = status
    session.add(found)
    session.flush()
    return found


def sign(session: WriteSession, cast: Cast, acceptance: Acceptance) -> Acceptance:
    return service.sign_acceptance(
        session, cast.site_officer, Events(), acceptance_id=acceptance.id, reason="test"
    )


def gate(session: WriteSession, cast: Cast, version: ModelVersion) -> GateStatus:
    target = Target.of(version, cast.site.id, {})
    found = gates.statuses(session, GATES, target)
    return next(one for one in found if one.name == "local_test")


@pytest.mark.parametrize("status", list(SignOffStatus))
@pytest.mark.parametrize("passed", [True, False])
def test_what_vigil_tested_is_not_signed_by_hand_whatever_its_signature(
    database: Database, objects: LocalObjectStore, status: SignOffStatus, passed: bool
) -> None:
    with database.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast)
        vigil_tests(session, objects, cast, version, passed=passed, status=status)
        by_hand = create_acceptance(session, objects, cast, version, AcceptanceKind.LOCAL_TEST)
        with pytest.raises(VigilTestedIt):
            sign(session, cast, by_hand)


def test_a_document_by_hand_that_was_signed_before_falls_when_vigils_test_does_not_pass(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast)
        by_hand = create_acceptance(session, objects, cast, version, AcceptanceKind.LOCAL_TEST)
        sign(session, cast, by_hand)
        assert gate(session, cast, version).met

        vigil_tests(session, objects, cast, version, passed=False)

        found = gate(session, cast, version)
        assert not found.met
        assert "the test that Vigil ran here did not pass" in found.why


def test_a_signed_test_of_vigils_falls_when_a_later_one_does_not_pass(
    sqlite: Database, objects: LocalObjectStore, clock: FakeClock
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast)
        passed = vigil_tests(session, objects, cast, version, passed=True)
        sign(session, cast, passed)
        assert gate(session, cast, version).met
    clock.advance(60)
    with sqlite.write() as session:
        vigil_tests(session, objects, cast, version, passed=False)
        found = gate(session, cast, version)
        assert not found.met
        assert "the test that Vigil ran here since then did not pass" in found.why


def test_another_configuration_and_the_other_acceptance_are_signed_as_before(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        version, other = create_version(session, cast), create_version(session, cast, "2.0.0")
        vigil_tests(session, objects, cast, version, passed=False)
        for kind, of in ((AcceptanceKind.DCB0160, version), (AcceptanceKind.LOCAL_TEST, other)):
            drafted = create_acceptance(session, objects, cast, of, kind)
            assert sign(session, cast, drafted).status is SignOffStatus.SIGNED
