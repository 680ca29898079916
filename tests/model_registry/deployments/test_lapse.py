"""An agreement does not outlive its person, nor a proposal what it rests on."""

from collections.abc import Callable

import pytest
from conftest import FakeClock
from factories.deployments import approve, deploy, request
from factories.safety import Cast, accept, create_cast, create_version, sign_everything
from sqlmodel import select

from model_registry.deployments import repository, reviews, service
from model_registry.deployments.errors import ChangeLapsed
from model_registry.deployments.lapse import LIFE
from model_registry.deployments.models import ChangeState, DeploymentChange, Mode
from model_registry.deployments.people import counting, counts
from model_registry.deployments.service import Outcome
from model_registry.safety import staleness
from model_registry.safety.models import AcceptanceKind
from model_registry.safety.staleness import Change
from model_registry.versions.models import ModelVersion
from vigil.kernel.db import Database, WriteSession
from vigil.kernel.identity.actor import system_actor
from vigil.kernel.identity.models import RoleGrant, User
from vigil.kernel.objects import LocalObjectStore

DAY = 24 * 3600


def _asked(session: WriteSession, objects: LocalObjectStore) -> tuple[Cast, Outcome]:
    cast = create_cast(session)
    version = create_version(session, cast)
    sign_everything(session, objects, cast, version)
    return cast, request(session, cast.manager, deploy(session, cast, version))


def _close_account(session: WriteSession, cast: Cast) -> None:
    person = session.get_one(User, cast.manager.id)
    person.active = False
    session.add(person)
    session.flush()


def _take_role(session: WriteSession, cast: Cast) -> None:
    held = select(RoleGrant).where(RoleGrant.user_id == cast.manager.id)
    for grant in session.exec(held).all():
        session.delete(grant)
    session.flush()


@pytest.mark.parametrize("gone", [_close_account, _take_role])
def test_the_word_of_somebody_who_left_or_lost_the_role_does_not_count(
    database: Database,
    objects: LocalObjectStore,
    gone: Callable[[WriteSession, Cast], None],
) -> None:
    with database.write() as session:
        cast, outcome = _asked(session, objects)
        gone(session, cast)

        agreed = approve(session, cast.site_officer, outcome)
        assert (agreed.is_applied, agreed.deployment.mode) == (False, Mode.SHADOW)
        assert [one.what for one in agreed.missing] == ["a manager's agreement"]
        given = repository.approvals(session, outcome.change.id)
        held = {one.user_id: counts(one) for one in counting(session, cast.site.id, given)}
        assert held == {cast.manager.id: False, cast.site_officer.id: True}
        (line,) = reviews.waiting_for(session, cast.other_manager)
        assert [one.what for one in line.waits_for] == ["a manager's agreement"]

        assert approve(session, cast.other_manager, outcome).is_applied


def test_a_proposal_lapses_after_thirty_days_and_is_asked_anew(
    database: Database, objects: LocalObjectStore, clock: FakeClock
) -> None:
    with database.write() as session:
        cast, outcome = _asked(session, objects)
        clock.advance(LIFE.total_seconds() - 1)
        (line,) = reviews.waiting_for(session, cast.site_officer)
        assert line.lapsed is None
        clock.advance(1)

        assert reviews.waiting_for(session, cast.site_officer) == []
        (line,) = reviews.open_proposals(session, cast.site_officer)
        assert line.lapsed == "it was asked for more than 30 days ago"
        with pytest.raises(ChangeLapsed, match="30 days"):
            approve(session, cast.site_officer, outcome)

        anew = request(session, cast.manager, outcome.deployment)
        closed = session.get_one(DeploymentChange, outcome.change.id)
        assert closed.state is ChangeState.WITHDRAWN
        assert (closed.closed_reason or "").startswith("Lapsed: ")
        assert approve(session, cast.site_officer, anew).is_applied


def test_a_proposal_lapses_with_evidence_that_stood_when_it_was_asked_for(
    database: Database, objects: LocalObjectStore, clock: FakeClock
) -> None:
    with database.write() as session:
        cast, outcome = _asked(session, objects)
        version = session.get_one(ModelVersion, outcome.deployment.version_id)
        clock.advance(DAY)
        vigil = system_actor("worker")
        staleness.mark_stale(session, vigil, change=Change.RUNTIME, reason="another runtime")
        clock.advance(DAY)
        for kind in AcceptanceKind:
            accept(session, objects, cast, version, kind)

        with pytest.raises(ChangeLapsed, match=r"test and the site.s DCB0160 acceptance"):
            approve(session, cast.site_officer, outcome)
        anew = request(session, cast.manager, outcome.deployment)
        assert approve(session, cast.site_officer, anew).is_applied


def test_evidence_that_comes_in_after_a_proposal_does_not_end_it(
    sqlite: Database, objects: LocalObjectStore, clock: FakeClock
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast)
        outcome = request(session, cast.manager, deploy(session, cast, version))
        clock.advance(DAY)
        accept(session, objects, cast, version, AcceptanceKind.LOCAL_TEST, passed=False)
        clock.advance(DAY)
        sign_everything(session, objects, cast, version)
        assert approve(session, cast.site_officer, outcome).is_applied


def test_a_change_of_one_person_is_done_at_once_and_never_lapses(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        cast, outcome = _asked(session, objects)
        service.suspend(session, cast.manager, deployment_id=outcome.deployment.id, reason="odd")
        assert request(session, cast.manager, outcome.deployment, Mode.RETIRED).is_applied
