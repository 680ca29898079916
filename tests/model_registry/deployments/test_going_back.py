"""A rollback goes one step back, the next one another, and never to what cannot be live."""

import pytest
from conftest import FakeClock
from factories.deployments import GATES, approve, deploy, go_live, request
from factories.safety import Cast, create_cast

from model_registry.deployments import repository, service
from model_registry.deployments.errors import AlreadyDeployed, NothingBefore
from model_registry.deployments.models import Deployment, Mode
from model_registry.deployments.service import Outcome
from model_registry.versions.models import ModelVersion, VersionStatus
from vigil.kernel.db import Database, WriteSession
from vigil.kernel.objects import LocalObjectStore

LABELS = ("1.0.0", "2.0.0", "3.0.0")


def _three(
    session: WriteSession, objects: LocalObjectStore, clock: FakeClock
) -> tuple[Cast, list[Deployment]]:
    """Three versions that were live in turn."""
    cast, found = create_cast(session), []
    for label in LABELS:
        found.append(go_live(session, objects, cast, label))
        clock.advance(60)
    return cast, found


def _back(session: WriteSession, cast: Cast, left: Deployment) -> Outcome:
    return service.rollback(
        session, cast.manager, GATES, deployment_id=left.id, reason="misses more"
    )


def _gone_back(session: WriteSession, cast: Cast, left: Deployment, clock: FakeClock) -> Deployment:
    outcome = approve(session, cast.site_officer, _back(session, cast, left))
    assert outcome.is_applied
    clock.advance(60)
    return outcome.deployment


def _withdrawn(session: WriteSession, deployment: Deployment) -> None:
    version = session.get_one(ModelVersion, deployment.version_id)
    version.status = VersionStatus.WITHDRAWN
    session.add(version)
    session.flush()


def test_a_second_rollback_goes_one_further_and_not_to_what_was_just_left(
    database: Database, objects: LocalObjectStore, clock: FakeClock
) -> None:
    with database.write() as session:
        cast, (first, second, third) = _three(session, objects, clock)
        assert _gone_back(session, cast, third, clock).id == second.id
        assert _gone_back(session, cast, second, clock).id == first.id
        with pytest.raises(NothingBefore, match=r"before 1\.0\.0"):
            _back(session, cast, first)


def test_what_goes_live_after_a_rollback_goes_back_to_what_was_live_then(
    sqlite: Database, objects: LocalObjectStore, clock: FakeClock
) -> None:
    with sqlite.write() as session:
        cast, (_, second, third) = _three(session, objects, clock)
        _gone_back(session, cast, third, clock)
        fourth = go_live(session, objects, cast, "4.0.0")
        clock.advance(60)
        assert _back(session, cast, fourth).deployment.id == second.id


def test_a_withdrawn_version_is_passed_over(
    sqlite: Database, objects: LocalObjectStore, clock: FakeClock
) -> None:
    with sqlite.write() as session:
        cast, (first, second, third) = _three(session, objects, clock)
        _withdrawn(session, second)
        assert _back(session, cast, third).deployment.id == first.id
        _withdrawn(session, first)
        with pytest.raises(NothingBefore, match=r"2\.0\.0 is withdrawn, version 1\.0\.0 is"):
            _back(session, cast, third)


def test_a_version_that_was_deployed_anew_comes_back_in_that_deployment(
    database: Database, objects: LocalObjectStore, clock: FakeClock
) -> None:
    with database.write() as session:
        cast, (_, second, third) = _three(session, objects, clock)
        anew = deploy(session, cast, session.get_one(ModelVersion, second.version_id))

        with pytest.raises(AlreadyDeployed, match=anew.id):
            request(session, cast.manager, second)
        assert _gone_back(session, cast, third, clock).id == anew.id
        assert (anew.mode, second.mode, third.mode) == (Mode.LIVE, Mode.RETIRED, Mode.SHADOW)


def test_it_comes_back_with_the_thresholds_of_then(
    sqlite: Database, objects: LocalObjectStore, clock: FakeClock
) -> None:
    with sqlite.write() as session:
        cast, (_, second, third) = _three(session, objects, clock)
        period = repository.current_period(session, second.id)
        assert period is not None
        assert _back(session, cast, third).change.to_thresholds == period.thresholds


def test_one_goes_back_from_what_was_live_last(
    sqlite: Database, objects: LocalObjectStore, clock: FakeClock
) -> None:
    with sqlite.write() as session:
        cast, (first, second, third) = _three(session, objects, clock)
        for other in (first, second):
            with pytest.raises(NothingBefore, match=r"3\.0\.0 was the last one live"):
                _back(session, cast, other)
        service.suspend(session, cast.manager, deployment_id=third.id, reason="misses more")
        assert _back(session, cast, third).deployment.id == second.id
