import pytest
from conftest import FakeClock
from factories.deployments import GATES, approve, deploy, go_live, request
from factories.identity import create_organisation, create_person, create_site
from factories.safety import accept, create_cast, create_version, sign_everything

from model_registry.deployments import repository, service
from model_registry.deployments.errors import (
    AlreadyDeployed,
    BadShare,
    ChangeClosed,
    LiveChanged,
    NoSuchWay,
    NotAPerson,
    NothingBefore,
    NotReady,
    OwnSubmission,
    UnknownDeployment,
)
from model_registry.deployments.models import ChangeState, Mode
from model_registry.safety import repository as safety
from model_registry.safety.errors import BadThresholds
from model_registry.safety.models import AcceptanceKind, SignOffStatus
from vigil.kernel.audit import repository as audit
from vigil.kernel.audit import service as audit_service
from vigil.kernel.db import Database
from vigil.kernel.errors import Forbidden
from vigil.kernel.identity.actor import system_actor
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Role
from vigil.kernel.objects import LocalObjectStore

VIGIL = system_actor("surveillance")


def test_two_people_bring_a_version_live(database: Database, objects: LocalObjectStore) -> None:
    with database.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast)
        sign_everything(session, objects, cast, version)
        deployment = deploy(session, cast, version)

        proposed = request(session, cast.manager, deployment)
        assert [missing.who for missing in proposed.missing] == [
            "a clinical safety officer of the site, other than the manager who agreed"
        ]
        assert deployment.mode is Mode.SHADOW

        agreed = approve(session, cast.site_officer, proposed)
        assert agreed.is_applied
        assert (deployment.mode, deployment.revision) == (Mode.LIVE, 2)


def test_the_same_person_twice_is_one_person(sqlite: Database, objects: LocalObjectStore) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast)
        sign_everything(session, objects, cast, version)
        both = create_person(session, "NET", Role.NETWORK_MANAGER, Role.CSO)
        deployment = deploy(session, cast, version)
        outcome = request(session, both, deployment)

        assert not approve(session, both, outcome).is_applied
        assert len(repository.approvals(session, outcome.change.id)) == 1
        # Somebody else is the second person, whichever of the two capacities is left.
        assert approve(session, cast.manager, outcome).is_applied


def test_a_second_manager_is_not_the_officer_that_is_wanted(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast)
        sign_everything(session, objects, cast, version)
        outcome = request(session, cast.manager, deploy(session, cast, version))

        assert not approve(session, cast.other_manager, outcome).is_applied


def test_who_submitted_the_version_neither_requests_nor_approves(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        by_manager = create_version(session, cast, "1.0.0", submitted_by=cast.manager.id)
        with pytest.raises(OwnSubmission):
            request(session, cast.manager, deploy(session, cast, by_manager))

        by_officer = create_version(session, cast, "1.0.1", submitted_by=cast.network_officer.id)
        outcome = request(session, cast.manager, deploy(session, cast, by_officer))
        with pytest.raises(OwnSubmission):
            approve(session, cast.network_officer, outcome)


def test_a_part_of_vigil_is_no_person(sqlite: Database, objects: LocalObjectStore) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast)
        sign_everything(session, objects, cast, version)
        with pytest.raises(NotAPerson):
            service.deploy(
                session, VIGIL, version_id=version.id, site_id=cast.site.id, reason="try"
            )
        deployment = deploy(session, cast, version)
        with pytest.raises(NotAPerson):
            request(session, VIGIL, deployment)
        with pytest.raises(NotAPerson):
            approve(session, VIGIL, request(session, cast.manager, deployment))


def test_an_officer_of_another_site_or_of_the_supplier_does_not_approve(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast)
        sign_everything(session, objects, cast, version)
        outcome = request(session, cast.manager, deploy(session, cast, version))
        create_site(session, "RYY01")
        with pytest.raises(Exception, match="another site"):
            approve(session, create_person(session, "RYY", Role.CSO), outcome)
        with pytest.raises(Forbidden):
            approve(session, cast.supplier_officer, outcome)


@pytest.mark.parametrize("mode", [Mode.SHADOW, Mode.LIVE])
@pytest.mark.parametrize("who", ["operator", "vigil"])
def test_suspending_is_immediate_and_takes_one_person_or_vigil_itself(
    sqlite: Database, objects: LocalObjectStore, who: str, mode: Mode
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        deployment = (
            go_live(session, objects, cast)
            if mode is Mode.LIVE
            else deploy(session, cast, create_version(session, cast))
        )
        operator = create_person(session, "RXX", Role.OPERATOR)
        actor = VIGIL if who == "vigil" else operator

        service.suspend(session, actor, deployment_id=deployment.id, reason="odd results")
    with sqlite.read() as session:
        assert service.runnable_at(session, cast.site.id) == []
        event = audit.recent(session, before=None, subject=deployment.id, limit=1)[0]
        assert (event.tag, event.actor_id, event.reason) == (
            "registry:deployment:suspended",
            actor.id,
            "odd results",
        )
        assert audit_service.verify(session).holds


def test_a_reader_suspends_nothing(sqlite: Database) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        deployment = deploy(session, cast, create_version(session, cast))
        reader = create_person(session, "RXX", Role.READER)
        with pytest.raises(Forbidden):
            service.suspend(session, reader, deployment_id=deployment.id, reason="try")


def test_falling_back_to_shadow_is_towards_safety_but_resuming_is_not(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        deployment = go_live(session, objects, cast)
        service.fall_back(session, VIGIL, deployment_id=deployment.id, reason="drift")
        assert deployment.mode is Mode.SHADOW

        service.suspend(session, VIGIL, deployment_id=deployment.id, reason="worse")
        with pytest.raises(NotReady):
            service.fall_back(session, VIGIL, deployment_id=deployment.id, reason="better")
        assert request(session, cast.manager, deployment, Mode.SHADOW).is_applied


def test_a_step_back_changes_no_threshold(sqlite: Database, objects: LocalObjectStore) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        deployment = go_live(session, objects, cast)
        with pytest.raises(NoSuchWay):
            request(session, cast.manager, deployment, Mode.SHADOW, thresholds={"pneumonia": 0.1})


def test_suspending_overtakes_an_open_proposal(sqlite: Database, objects: LocalObjectStore) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast)
        sign_everything(session, objects, cast, version)
        outcome = request(session, cast.manager, deploy(session, cast, version))
        service.suspend(session, VIGIL, deployment_id=outcome.deployment.id, reason="odd")

        assert outcome.change.state is ChangeState.WITHDRAWN
        with pytest.raises(ChangeClosed):
            approve(session, cast.site_officer, outcome)


def test_a_withdrawn_proposal_is_closed(sqlite: Database) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        deployment = deploy(session, cast, create_version(session, cast))
        outcome = request(session, cast.manager, deployment)
        service.withdraw_change(
            session, cast.manager, change_id=outcome.change.id, reason="too early"
        )
        with pytest.raises(ChangeClosed):
            approve(session, cast.site_officer, outcome)


def test_one_manager_retires_a_deployment_and_its_version_can_be_deployed_again(
    database: Database,
) -> None:
    with database.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast)
        deployment = deploy(session, cast, version)
        with pytest.raises(AlreadyDeployed), session.begin_nested():
            deploy(session, cast, version)

        assert request(session, cast.manager, deployment, Mode.RETIRED).is_applied
        with pytest.raises(NoSuchWay):
            request(session, cast.manager, deployment, Mode.SHADOW)
        assert deploy(session, cast, version).id != deployment.id


@pytest.mark.parametrize("becomes", [Mode.RETIRED, Mode.SHADOW])
def test_a_new_live_version_replaces_the_old_one_at_once(
    database: Database, objects: LocalObjectStore, becomes: Mode
) -> None:
    with database.write() as session:
        cast = create_cast(session)
        old = go_live(session, objects, cast, "1.0.0")
        version = create_version(session, cast, "2.0.0")
        sign_everything(session, objects, cast, version)
        new = deploy(session, cast, version)
        outcome = request(session, cast.manager, new, replaced_becomes=becomes)
        approve(session, cast.site_officer, outcome)

        assert (old.mode, new.mode) == (becomes, Mode.LIVE)


def test_a_proposal_made_before_another_version_went_live_is_refused(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        proposals = []
        for label, manager in (("1.0.0", cast.manager), ("2.0.0", cast.other_manager)):
            version = create_version(session, cast, label)
            sign_everything(session, objects, cast, version)
            proposals.append(request(session, manager, deploy(session, cast, version)))
        first, second = proposals

        assert approve(session, cast.site_officer, first).is_applied
        with pytest.raises(LiveChanged):
            approve(session, cast.site_officer, second)
        assert first.deployment.mode is Mode.LIVE


def test_rolling_back_one_step_takes_two_people_and_keeps_the_failed_one_in_shadow(
    database: Database, objects: LocalObjectStore, clock: FakeClock
) -> None:
    with database.write() as session:
        cast = create_cast(session)
        old = go_live(session, objects, cast, "1.0.0")
        clock.advance(60)
        new = go_live(session, objects, cast, "2.0.0")
        clock.advance(60)
        outcome = service.rollback(
            session, cast.manager, GATES, deployment_id=new.id, reason="misses more"
        )
        assert (outcome.deployment.id, new.mode) == (old.id, Mode.LIVE)

        approve(session, cast.site_officer, outcome)
        assert (old.mode, new.mode) == (Mode.LIVE, Mode.SHADOW)


def test_there_is_nothing_before_the_first(sqlite: Database, objects: LocalObjectStore) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        only = go_live(session, objects, cast)
        with pytest.raises(NothingBefore):
            service.rollback(session, cast.manager, GATES, deployment_id=only.id, reason="try")


def test_history_answers_what_was_live_at_a_site_on_a_date(
    database: Database, objects: LocalObjectStore, clock: FakeClock
) -> None:
    with database.write() as session:
        cast = create_cast(session)
        before = clock.now
        clock.advance(3600)
        old, went_live = go_live(session, objects, cast, "1.0.0"), clock.now
        clock.advance(3600)
        new, swapped = go_live(session, objects, cast, "2.0.0"), clock.now
        clock.advance(3600)
        suspended = clock.now
        service.suspend(session, VIGIL, deployment_id=new.id, reason="drift")
        clock.advance(3600)

        def live_at(at: object) -> list[tuple[str, str]]:
            found = service.what_was_live(session, cast.site_officer, cast.site.id, at)  # type: ignore[arg-type]
            return [(period.version_id, period.by) for period in found]

        assert live_at(before) == []
        assert live_at(went_live) == [(old.version_id, cast.site_officer.id)]
        assert live_at(swapped) == [(new.version_id, cast.site_officer.id)]
        assert live_at(suspended) == []
        assert live_at(clock.now) == []
        periods = repository.history(session, cast.site_officer, new.id)
        assert [(p.mode, p.reason, p.to_at) for p in periods] == [
            (Mode.SHADOW, "try it", swapped),
            (Mode.LIVE, "it did well", suspended),
            (Mode.SUSPENDED, "drift", None),
        ]


def test_new_thresholds_need_their_own_sign_offs_and_make_the_old_ones_stale(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    lower = {"pneumonia": 0.4}
    with sqlite.write() as session:
        cast = create_cast(session)
        deployment = go_live(session, objects, cast)
        version = repository.version_of(session, deployment)
        outcome = request(session, cast.manager, deployment, Mode.LIVE, thresholds=lower)
        assert len(approve(session, cast.site_officer, outcome).missing) == 2

        new = [
            accept(session, objects, cast, version, kind, thresholds=lower)
            for kind in AcceptanceKind
        ]
        assert approve(session, cast.site_officer, outcome).is_applied

        assert deployment.thresholds == lower
        assert [acceptance.status for acceptance in new] == [SignOffStatus.SIGNED] * 2
        stale = [
            acceptance.stale_reason
            for acceptance in safety.acceptances(session, cast.site_officer)
            if acceptance.status is SignOffStatus.STALE
        ]
        assert stale == ["Other thresholds: it did well"] * 2


def test_a_canary_takes_a_share_and_every_sign_off(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast)
        sign_everything(session, objects, cast, version)
        deployment = deploy(session, cast, version)
        for share in (0, 100):
            with pytest.raises(BadShare):
                request(session, cast.manager, deployment, Mode.CANARY, share=share)
        with pytest.raises(BadThresholds):
            request(session, cast.manager, deployment, Mode.CANARY, share=5, thresholds={"x": 0.5})
        outcome = request(session, cast.manager, deployment, Mode.CANARY, share=5)
        approve(session, cast.site_officer, outcome)

        assert (deployment.mode, deployment.share) == (Mode.CANARY, 5)


def test_another_sites_deployments_are_not_there(sqlite: Database) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        deployment = deploy(session, cast, create_version(session, cast))
        create_site(session, "RYY01")
        neighbour = create_person(session, "RYY", Role.NETWORK_MANAGER)

        assert repository.deployments(session, neighbour) == []
        assert repository.history(session, neighbour, deployment.id) == []
        with pytest.raises(UnknownDeployment):
            service.suspend(session, neighbour, deployment_id=deployment.id, reason="try")
        with pytest.raises(Forbidden):
            service.deploy(
                session,
                neighbour,
                version_id=deployment.version_id,
                site_id=cast.site.id,
                reason="try",
            )


def test_a_supplier_sees_the_deployments_of_its_own_versions_and_changes_none(
    sqlite: Database,
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        deployment = deploy(session, cast, create_version(session, cast))
        create_organisation(session, "OTH", OrganisationKind.SUPPLIER)
        other = create_person(session, "OTH", Role.SUPPLIER)

        assert repository.deployments(session, cast.submitter) == [deployment]
        assert repository.deployments(session, other) == []
        with pytest.raises(Forbidden):
            service.suspend(session, cast.submitter, deployment_id=deployment.id, reason="try")
        with pytest.raises(Forbidden):
            request(session, cast.submitter, deployment)
