"""Who stops what, who brings it back, and what a stop covers."""

import pytest
from conftest import FakeClock
from factories.deployments import deploy, go_live, place_deployment
from factories.identity import create_organisation, create_person, create_site
from factories.safety import create_cast, create_version
from factories.stops import ask_lift, lift, lift_by_two, order_stop, target_of
from sqlalchemy.exc import IntegrityError

from model_registry.deployments.models import Deployment, Mode
from model_registry.safety import staleness
from model_registry.stops import repository, service
from model_registry.stops.errors import (
    AlreadyStopped,
    LiftAsked,
    LiftNotAsked,
    NotAPerson,
    NotInForce,
    NotReady,
    OneCapacity,
    SamePerson,
    UnknownStop,
    UnknownTarget,
)
from model_registry.stops.models import Scope, StopOrder
from vigil.kernel.audit import repository as audit
from vigil.kernel.db import Database, ReadSession
from vigil.kernel.errors import Forbidden, Invalid
from vigil.kernel.identity.actor import system_actor
from vigil.kernel.identity.models import OrganisationKind, User
from vigil.kernel.identity.roles import Role
from vigil.kernel.objects import LocalObjectStore

VIGIL = system_actor("surveillance")


def _runs(session: ReadSession, deployment: Deployment) -> bool:
    return (
        service.active_stop(session, site_id=deployment.site_id, model_id=deployment.model_id)
        is None
    )


@pytest.mark.parametrize("scope", list(Scope))
def test_a_stop_covers_its_target_at_once_and_until_two_people_lift_it(
    database: Database, scope: Scope
) -> None:
    with database.write() as session:
        cast = create_cast(session)
        deployment = deploy(session, cast, create_version(session, cast))
        assert _runs(session, deployment)
        stop = order_stop(session, cast.manager, scope)
    with database.read() as session:
        assert not _runs(session, deployment)
        assert session.get_one(Deployment, deployment.id).mode is Mode.SHADOW
    with database.write() as session:
        ask_lift(session, cast.manager, stop)
        assert not _runs(session, deployment)
        lift(session, cast.network_officer, stop)
    with database.read() as session:
        assert _runs(session, deployment)
        tags = [e.tag for e in audit.recent(session, before=None, subject=stop.id, limit=9)]
    assert tags == ["registry:stop:lift", "registry:stop:request_lift", "registry:stop:order"]


def test_a_stop_of_a_site_leaves_other_sites_and_one_of_a_model_leaves_other_models(
    database: Database,
) -> None:
    with database.write() as session:
        cast = create_cast(session)
        here = deploy(session, cast, create_version(session, cast))
        other_model = place_deployment(
            session, create_version(session, cast, name="other"), cast.site.id
        )
        there = place_deployment(
            session, create_version(session, cast, "2.0.0"), create_site(session, "RYY01").id
        )
        of_site = order_stop(session, cast.manager, Scope.SITE)
        assert [_runs(session, d) for d in (here, other_model, there)] == [False, False, True]
        lift_by_two(session, cast, of_site)
        order_stop(session, cast.manager, Scope.MODEL)
        assert [_runs(session, d) for d in (here, other_model, there)] == [False, True, False]
        order_stop(session, cast.manager, Scope.SUPPLIER)
        assert [_runs(session, d) for d in (here, other_model, there)] == [False] * 3


def test_one_lift_of_two_overlapping_stops_brings_nothing_back(sqlite: Database) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        deployment = deploy(session, cast, create_version(session, cast))
        first = order_stop(session, cast.manager, Scope.SITE)
        second = order_stop(session, cast.manager, Scope.MODEL)
        lift_by_two(session, cast, first)
        assert not _runs(session, deployment)
        lift_by_two(session, cast, second)
        assert _runs(session, deployment)


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.CSO, Role.NETWORK_MANAGER])
def test_a_sites_own_person_stops_that_site_alone_and_nothing_wider(
    sqlite: Database, role: Role
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        create_version(session, cast)
        create_site(session, "RYY01")
        own = create_person(session, "RXX", role)
        neighbour = create_person(session, "RYY", role)
        bound = create_person(session, "NET", role, site_id=cast.site.id)
        for actor in (own, neighbour, bound):
            for scope in (Scope.MODEL, Scope.SUPPLIER):
                with pytest.raises(Forbidden):
                    order_stop(session, actor, scope)
        with pytest.raises(UnknownTarget):
            order_stop(session, neighbour, Scope.SITE)
        order_stop(session, own, Scope.SITE)


@pytest.mark.parametrize("role", [Role.READER, Role.AUDITOR, Role.ADMIN])
def test_who_may_not_suspend_stops_nothing(sqlite: Database, role: Role) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        actor = create_person(session, "NET", role)
        target = target_of(session, cast.manager, Scope.SITE)
        with pytest.raises(Forbidden):
            service.order(session, actor, target=target, reason="try")


def test_vigil_itself_stops_anything_and_lifts_nothing(sqlite: Database) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        create_version(session, cast)
        for scope in Scope:
            stop = order_stop(session, VIGIL, scope)
            with pytest.raises(NotAPerson):
                ask_lift(session, VIGIL, stop)
            ask_lift(session, cast.manager, stop)
            with pytest.raises(NotAPerson):
                lift(session, VIGIL, stop)


def test_a_reason_is_asked_for(sqlite: Database) -> None:
    with pytest.raises(Invalid), sqlite.write() as session:
        order_stop(session, create_cast(session).manager, Scope.SITE, reason=" ")


@pytest.mark.parametrize("scope", list(Scope))
def test_a_target_is_stopped_once_at_a_time_and_again_after_a_lift(
    database: Database, scope: Scope
) -> None:
    with database.write() as session:
        cast = create_cast(session)
        create_version(session, cast)
        first = order_stop(session, cast.manager, scope)
    with pytest.raises(AlreadyStopped), database.write() as session:
        order_stop(session, cast.other_manager, scope)
    with database.write() as session:
        lift_by_two(session, cast, first)
        assert order_stop(session, cast.manager, scope).id != first.id


def test_the_database_refuses_an_order_with_no_target_or_with_two(database: Database) -> None:
    with database.write() as session:
        cast = create_cast(session)
        model_id = create_version(session, cast).model_id
    for site, model in ((None, None), (cast.site.id, model_id)):
        with pytest.raises(IntegrityError), database.write() as session:
            session.add(
                StopOrder(
                    id=session.new_id("stp"),
                    scope=Scope.SITE,
                    site_id=site,
                    model_id=model,
                    reason="x",
                    ordered_by="x",
                    ordered_at=session.now(),
                )
            )


def test_a_lift_takes_a_manager_and_someone_else_who_is_an_officer(sqlite: Database) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        both = create_person(session, "NET", Role.NETWORK_MANAGER, Role.CSO)
        stop = order_stop(session, cast.manager)
        with pytest.raises(LiftNotAsked):
            lift(session, cast.network_officer, stop)
        ask_lift(session, cast.manager, stop)
        with pytest.raises(LiftAsked):
            ask_lift(session, cast.network_officer, stop)
        with pytest.raises(SamePerson):
            lift(session, cast.manager, stop)
        with pytest.raises(OneCapacity):
            lift(session, cast.other_manager, stop)
        with pytest.raises(UnknownStop):
            lift(session, cast.supplier_officer, stop)
        lift(session, both, stop)
        with pytest.raises(NotInForce):
            lift(session, cast.network_officer, stop)


def test_a_person_with_both_roles_is_one_person(sqlite: Database) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        both = create_person(session, "NET", Role.NETWORK_MANAGER, Role.CSO)
        stop = order_stop(session, both)
        ask_lift(session, both, stop)
        with pytest.raises(SamePerson):
            lift(session, both, stop)
        lift(session, cast.other_manager, stop)


def test_a_sites_officer_helps_to_lift_a_stop_of_that_site_and_of_nothing_wider(
    sqlite: Database,
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        create_version(session, cast)
        of_site = order_stop(session, cast.manager, Scope.SITE)
        of_model = order_stop(session, cast.manager, Scope.MODEL)
        for stop in (of_site, of_model):
            ask_lift(session, cast.manager, stop)
        lift(session, cast.site_officer, of_site)
        with pytest.raises(Forbidden):
            lift(session, cast.site_officer, of_model)


def test_a_stop_that_is_kept_needs_a_new_request(sqlite: Database) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        operator = create_person(session, "RXX", Role.OPERATOR)
        stop = order_stop(session, operator)
        with pytest.raises(LiftNotAsked):
            service.keep(session, operator, stop_id=stop.id, reason="try")
        ask_lift(session, cast.manager, stop)
        service.keep(session, operator, stop_id=stop.id, reason="it still happens")
        with pytest.raises(LiftNotAsked):
            lift(session, cast.network_officer, stop)
        lift_by_two(session, cast, stop)


def test_nothing_comes_back_to_patients_by_a_lift_without_its_evidence(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        deployment = go_live(session, objects, cast)
        stop = order_stop(session, cast.manager)
        staleness.runtime_changed(session, cast.manager, "other runtime")
        ask_lift(session, cast.manager, stop)
        with pytest.raises(NotReady, match=r"linear-three at Site RXX01: .*DCB0160"):
            lift(session, cast.network_officer, stop)
        deployment.mode = Mode.SUSPENDED
        session.add(deployment)
        session.flush()
        assert not lift(session, cast.network_officer, stop).is_in_force


def test_each_reads_the_stops_that_concern_them(sqlite: Database) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        create_version(session, cast)
        create_site(session, "RYY01")
        create_organisation(session, "BETA", OrganisationKind.SUPPLIER)
        neighbour = create_person(session, "RYY", Role.READER)
        rival = create_person(session, "BETA", Role.SUPPLIER)
        ids = {scope: order_stop(session, cast.manager, scope).id for scope in Scope}

        def read(actor: object) -> set[str]:
            return {named.order.id for named in service.active_stops(session, actor)}  # type: ignore[arg-type]

        assert read(cast.site_officer) == set(ids.values())
        assert read(neighbour) == {ids[Scope.MODEL], ids[Scope.SUPPLIER]}
        assert read(cast.submitter) == {ids[Scope.MODEL], ids[Scope.SUPPLIER]}
        assert read(rival) == set()
        with pytest.raises(UnknownStop):
            service.stop_by_id(session, neighbour, ids[Scope.SITE])


def test_what_a_stop_covers_is_listed_by_name(sqlite: Database) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        deployment = deploy(session, cast, create_version(session, cast))
        place_deployment(
            session, create_version(session, cast, "2.0.0"), cast.site.id, Mode.RETIRED
        )
        stop = order_stop(session, cast.manager, Scope.SUPPLIER)
        [(found, site, model, version)] = service.covered_by(session, cast.manager, stop)
        assert (found.id, site, model, version) == (
            deployment.id,
            "Site RXX01",
            "linear-three",
            "1.0.0",
        )
        named = repository.named(session, cast.manager, in_force=True)
        assert [one.target for one in named] == ["Organisation ACME"]


def test_a_lift_that_was_asked_for_by_somebody_who_left_is_asked_for_anew(
    database: Database,
) -> None:
    with database.write() as session:
        cast = create_cast(session)
        create_version(session, cast)
        stop = order_stop(session, cast.manager, Scope.MODEL)
        ask_lift(session, cast.manager, stop)
        person = session.get_one(User, cast.manager.id)
        person.active = False
        session.add(person)
        session.flush()

        with pytest.raises(LiftNotAsked, match="no open account"):
            lift(session, cast.network_officer, stop)
        ask_lift(session, cast.other_manager, stop)
        lift(session, cast.network_officer, stop)
        assert not stop.is_in_force


def test_a_lift_is_agreed_to_within_a_month_or_asked_for_anew(
    sqlite: Database, clock: FakeClock
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        create_version(session, cast)
        stop = order_stop(session, cast.manager, Scope.MODEL)
        ask_lift(session, cast.manager, stop)
        clock.advance(30 * 24 * 3600)
        with pytest.raises(LiftNotAsked, match="30 days"):
            lift(session, cast.network_officer, stop)
        ask_lift(session, cast.manager, stop)
        lift(session, cast.network_officer, stop)
