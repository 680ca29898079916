"""Every mode to every mode, by every kind of person: what is not in the table never happens."""

from itertools import product

import pytest
from factories.deployments import approve, place_deployment, request
from factories.identity import create_person, create_site
from factories.safety import Cast, create_cast, create_version, sign_everything

from model_registry.deployments import service
from model_registry.deployments.models import ChangeState, Deployment, Mode
from model_registry.deployments.steps import open_history
from model_registry.deployments.transitions import TRANSITIONS, People, Transition
from vigil.kernel.db import Database, WriteSession
from vigil.kernel.errors import Forbidden, VigilError
from vigil.kernel.identity.actor import Actor, system_actor
from vigil.kernel.identity.roles import Role
from vigil.kernel.objects import LocalObjectStore

TABLE: dict[tuple[Mode | None, Mode], Transition] = {
    (step.before, step.after): step for step in TRANSITIONS
}
PEOPLE = ("submitter", "supplier_officer", "manager", "network_officer", "site_officer",
          "operator", "reader", "auditor", "admin", "neighbour", "vigil")  # fmt: skip
AT_ONCE = {"manager", "network_officer", "site_officer", "operator", "vigil"}


def _person(session: WriteSession, cast: Cast, who: str) -> Actor:
    if who == "vigil":
        return system_actor("surveillance")
    if who == "neighbour":
        return create_person(session, "ZZZ", Role.NETWORK_MANAGER)
    if who in {"operator", "reader", "auditor", "admin"}:
        return create_person(session, "RXX", Role(who))
    actor: Actor = getattr(cast, who)
    return actor


def _placed(session: WriteSession, cast: Cast, objects: LocalObjectStore, mode: Mode) -> Deployment:
    version = create_version(session, cast)
    sign_everything(session, objects, cast, version)
    deployment = place_deployment(session, version, cast.site.id, mode)
    open_history(session, cast.manager, deployment, "for a test")
    session.flush()
    return deployment


def _allowed(step: Transition | None, who: str) -> bool:
    """Whether this person alone brings the step about."""
    if step is None or step.people is People.MANAGER_AND_OFFICER:
        return False
    if step.people is People.ANYBODY:
        return who in AT_ONCE
    return who == "manager"


@pytest.mark.parametrize("before", list(Mode))
def test_alone_a_person_takes_exactly_the_steps_that_the_table_gives_one_person(
    sqlite: Database, objects: LocalObjectStore, before: Mode
) -> None:
    with sqlite.write() as session:
        create_site(session, "ZZZ01")
        cast = create_cast(session)
        deployment = _placed(session, cast, objects, before)
        people = {who: _person(session, cast, who) for who in PEOPLE}
        for who, after in product(PEOPLE, Mode):
            tried = session.begin_nested()
            applied = _alone(session, people[who], deployment, after)
            assert applied == _allowed(TABLE.get((before, after)), who), (before, after, who)
            assert deployment.mode is (after if applied else before)
            tried.rollback()
            session.refresh(deployment)


@pytest.mark.parametrize(
    "step",
    [s for s in TRANSITIONS if s.people is People.MANAGER_AND_OFFICER],
    ids=lambda step: f"{step.before}-{step.after}",
)
def test_of_all_pairs_of_people_only_a_manager_and_an_officer_reach_patients(
    sqlite: Database, objects: LocalObjectStore, step: Transition
) -> None:
    good = {("manager", "network_officer"), ("manager", "site_officer")}
    assert step.before is not None
    with sqlite.write() as session:
        create_site(session, "ZZZ01")
        cast = create_cast(session)
        deployment = _placed(session, cast, objects, step.before)
        people = {who: _person(session, cast, who) for who in PEOPLE}
        for first, second in product(("manager", "submitter", "operator", "vigil"), PEOPLE):
            tried = session.begin_nested()
            reached = _reached(session, people[first], people[second], deployment, step.after)
            assert reached == ((first, second) in good), (first, second)
            tried.rollback()
            session.refresh(deployment)


def _alone(session: WriteSession, actor: Actor, deployment: Deployment, after: Mode) -> bool:
    try:
        share = 20 if after is Mode.CANARY else 100
        return request(session, actor, deployment, after, share=share).is_applied
    except VigilError:
        return False


def _reached(
    session: WriteSession, first: Actor, second: Actor, deployment: Deployment, after: Mode
) -> bool:
    try:
        share = 20 if after is Mode.CANARY else 100
        outcome = request(session, first, deployment, after, share=share)
        assert outcome.change.state is ChangeState.OPEN
        return approve(session, second, outcome).is_applied
    except VigilError:
        return False


def test_who_submitted_neither_requests_nor_agrees_though_a_manager_too(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast, submitted_by=cast.manager.id)
        sign_everything(session, objects, cast, version)
        deployment = place_deployment(session, version, cast.site.id)
        with pytest.raises(Forbidden):
            request(session, cast.manager, deployment)
        outcome = request(session, cast.other_manager, deployment)
        with pytest.raises(Forbidden):
            approve(session, cast.manager, outcome)


def test_a_withdrawn_version_is_suspended_wherever_it_runs_and_only_there(
    database: Database, objects: LocalObjectStore
) -> None:
    with database.write() as session:
        cast = create_cast(session)
        live = _placed(session, cast, objects, Mode.LIVE)
        other = place_deployment(session, create_version(session, cast, "2.0.0"), cast.site.id)
        vigil = system_actor("registry")
        stopped = service.suspend_all_of(session, vigil, live.version_id, "withdrawn")
        assert [one.id for one in stopped] == [live.id]
        assert (live.mode, other.mode) == (Mode.SUSPENDED, Mode.SHADOW)
        assert service.suspend_all_of(session, vigil, live.version_id, "again") == []
