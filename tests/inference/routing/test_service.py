"""Drafting, publishing and deciding."""

from dataclasses import dataclass
from typing import Any

import pytest
from factories.deployments import place_deployment
from factories.identity import SETUP, create_person, create_site
from factories.routing import AUTHOR, PUBLISHER, draft_rules, make_rule, publish_rules
from factories.safety import Cast, create_cast, sign_everything
from factories.safety import create_version as create_cast_version
from factories.studies import ATTRIBUTES, create_study
from factories.versions import create_version
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from inference.routing import repository, service
from inference.routing.errors import FourEyes, NotADraft, UnknownRevision
from inference.routing.models import RevisionState, RoutingDecision, RoutingRevision
from inference.routing.service import NO_RULES, Assignment
from inference.runs.models import Priority
from inference.studies.models import Study
from model_registry.deployments.models import Deployment, Mode
from model_registry.safety.models import Acceptance, SafetyCase, SignOffStatus
from model_registry.versions.models import ModelVersion
from vigil.kernel.audit import repository as audit
from vigil.kernel.db import Database, WriteSession
from vigil.kernel.errors import Forbidden, Invalid
from vigil.kernel.identity.models import Site
from vigil.kernel.identity.roles import Role
from vigil.kernel.objects import LocalObjectStore

CHEST_INSTANCE: list[dict[str, Any]] = [dict(ATTRIBUTES)]


@dataclass(frozen=True)
class Scene:
    site: Site
    version: ModelVersion
    study: Study


@pytest.fixture
def scene(database: Database, objects: LocalObjectStore) -> Scene:
    with database.write() as session:
        site = create_site(session)
        version = create_version(session, objects)
        return Scene(site, version, create_study(session, site.id))


def decide(session: WriteSession, scene: Scene) -> list[Assignment]:
    study = session.get_one(Study, scene.study.id)
    return service.decide(session, study, CHEST_INSTANCE)


def kept(database: Database) -> list[RoutingDecision]:
    with database.read() as session:
        return list(session.exec(select(RoutingDecision).order_by(RoutingDecision.id)))


def place(session: WriteSession, scene: Scene, mode: Mode) -> Deployment:
    return place_deployment(session, scene.version, scene.site.id, mode)


def test_a_draft_is_numbered_kept_whole_and_not_in_force(database: Database, scene: Scene) -> None:
    with database.write() as session:
        first = draft_rules(session, scene.site.id, make_rule())
        second = draft_rules(session, scene.site.id, make_rule(priority=Priority.STAT))

    assert (first.number, second.number) == (1, 2)
    assert first.state is RevisionState.DRAFT
    assert first.rules[0]["model_id"] == scene.version.model_id
    assert first.digest != second.digest
    with database.read() as session:
        assert repository.published(session, scene.site.id) is None
        event = audit.recent(session, before=None, subject=first.id, limit=1)[0]
    assert (event.tag, event.actor_id) == ("routing:revision:draft", AUTHOR.id)


def test_a_draft_names_every_fault_and_is_not_kept(database: Database, scene: Scene) -> None:
    rules = [make_rule(when='patient_name == "X"'), make_rule(model="ACME/nothing")]

    with pytest.raises(Invalid) as refused, database.write() as session:
        draft_rules(session, scene.site.id, *rules)

    fields = {fault.field for fault in refused.value.faults}
    assert fields == {"rules[0].when", "rules[1].name", "rules[1].model"}
    with database.read() as session:
        assert session.exec(select(RoutingRevision)).all() == []


def test_a_publisher_comes_in_as_a_second_person(database: Database, scene: Scene) -> None:
    with database.write() as session:
        revision = draft_rules(session, scene.site.id, make_rule())
    with pytest.raises(FourEyes), database.write() as session:
        service.publish(session, AUTHOR, revision_id=revision.id, reason="my own")
    with database.write() as session:
        service.publish(session, PUBLISHER, revision_id=revision.id, reason="reviewed")

    with database.read() as session:
        found = repository.published(session, scene.site.id)
    assert found is not None
    assert (found.id, found.drafted_by, found.published_by) == (
        revision.id,
        AUTHOR.id,
        PUBLISHER.id,
    )


def test_a_part_of_vigil_publishes_nothing(database: Database, scene: Scene) -> None:
    with database.write() as session:
        revision = draft_rules(session, scene.site.id, make_rule())

    with pytest.raises(FourEyes), database.write() as session:
        service.publish(session, SETUP, revision_id=revision.id, reason="by itself")


def test_what_was_published_once_is_not_published_again(database: Database, scene: Scene) -> None:
    with database.write() as session:
        first = publish_rules(session, scene.site.id, make_rule())
        publish_rules(session, scene.site.id, make_rule(name="other"))

    with pytest.raises(NotADraft, match="superseded"), database.write() as session:
        service.publish(session, PUBLISHER, revision_id=first.id, reason="bring it back")


def test_a_revision_that_is_not_there_is_unknown(database: Database, scene: Scene) -> None:
    with pytest.raises(UnknownRevision), database.write() as session:
        service.publish(session, PUBLISHER, revision_id="rev_none", reason="what")


def test_the_database_holds_one_revision_in_force(database: Database, scene: Scene) -> None:
    with database.write() as session:
        publish_rules(session, scene.site.id, make_rule())
        second = draft_rules(session, scene.site.id, make_rule())

    second.state = RevisionState.PUBLISHED
    with pytest.raises(IntegrityError), database.write() as session:
        session.add(second)


def test_only_the_revision_in_force_decides(database: Database, scene: Scene) -> None:
    with database.write() as session:
        place(session, scene, Mode.SHADOW)
        publish_rules(session, scene.site.id, make_rule())
        publish_rules(session, scene.site.id, make_rule(name="hands", when='body_part == "HAND"'))
        draft_rules(session, scene.site.id, make_rule(name="everything", when="rows > 0"))
        assert decide(session, scene) == []

    assert [(one.rule, one.sent) for one in kept(database)] == [("hands", False)]


def test_without_rules_a_row_says_so(database: Database, scene: Scene) -> None:
    with database.write() as session:
        assert decide(session, scene) == []
    with database.write() as session:
        publish_rules(session, scene.site.id)
        assert decide(session, scene) == []

    assert [(one.sent, one.reason) for one in kept(database)] == [(False, NO_RULES)] * 2


def test_a_study_that_no_rule_takes_keeps_the_reason(database: Database, scene: Scene) -> None:
    with database.write() as session:
        place(session, scene, Mode.LIVE)
        publish_rules(session, scene.site.id, make_rule(when='modality == "CT"'))
        decide(session, scene)

    [row] = kept(database)
    assert not row.sent
    assert row.deployment_id is None
    assert row.reason == "no instance satisfies the rule: modality = DX"
    assert (row.study_id, row.study_revision) == (scene.study.id, 1)


def test_live_and_its_candidate_in_shadow_both_run(
    database: Database, scene: Scene, objects: LocalObjectStore
) -> None:
    with database.write() as session:
        candidate = create_version(session, objects, version="2.0.0")
        live = place(session, scene, Mode.LIVE)
        shadow = place_deployment(session, candidate, scene.site.id, Mode.SHADOW)
        revision = publish_rules(session, scene.site.id, make_rule(priority=Priority.STAT))
        found = decide(session, scene)

    assert {one.deployment.id for one in found} == {live.id, shadow.id}
    assert {one.priority for one in found} == {Priority.STAT}
    assert {one.revision.id for one in found} == {revision.id}
    assert [one.sent for one in kept(database)] == [True, True]


@pytest.mark.parametrize("mode", [Mode.SUSPENDED, Mode.RETIRED])
def test_what_was_stopped_gets_no_study_and_the_row_says_why(
    database: Database, scene: Scene, mode: Mode
) -> None:
    with database.write() as session:
        place(session, scene, mode)
        publish_rules(session, scene.site.id, make_rule())
        assert decide(session, scene) == []

    [row] = kept(database)
    assert row.reason == "ACME/linear-three is neither in shadow, canary nor live at this site"


def test_a_deployment_at_another_site_is_not_reached(database: Database, scene: Scene) -> None:
    with database.write() as session:
        other = create_site(session, "RYY01")
        place_deployment(session, scene.version, other.id, Mode.LIVE)
        publish_rules(session, scene.site.id, make_rule())
        assert decide(session, scene) == []


def test_the_first_of_two_rules_sets_the_priority_and_no_study_runs_twice(
    database: Database, scene: Scene
) -> None:
    with database.write() as session:
        place(session, scene, Mode.LIVE)
        urgent = make_rule(name="urgent", when="rows > 0", priority=Priority.STAT)
        publish_rules(session, scene.site.id, urgent, make_rule())
        [found] = decide(session, scene)

    assert (found.rule, found.priority) == ("urgent", Priority.STAT)
    assert [one.rule for one in kept(database) if one.sent] == ["urgent"]


def test_a_rule_keeps_the_model_that_its_name_meant_when_it_was_drafted(
    database: Database, scene: Scene, objects: LocalObjectStore
) -> None:
    with database.write() as session:
        other = create_version(session, objects, name="another-model")
        place_deployment(session, other, scene.site.id, Mode.LIVE)
        publish_rules(session, scene.site.id, make_rule())
        assert decide(session, scene) == []


def test_a_reader_may_neither_draft_nor_publish(database: Database, scene: Scene) -> None:
    with database.write() as session:
        reader = create_person(session, "RXX", Role.READER)
        revision = draft_rules(session, scene.site.id, make_rule())

    with pytest.raises(Forbidden), database.write() as session:
        draft_rules(session, scene.site.id, make_rule(), actor=reader)
    with pytest.raises(Forbidden), database.write() as session:
        service.publish(session, reader, revision_id=revision.id, reason="let me")


def test_another_site_sees_no_revision_no_decision_and_publishes_nothing(
    database: Database, scene: Scene
) -> None:
    with database.write() as session:
        create_site(session, "RYY01")
        stranger = create_person(session, "RYY", Role.CSO)
        own = create_person(session, "RXX", Role.CSO)
        revision = draft_rules(session, scene.site.id, make_rule())
        decide(session, scene)

    with database.read() as session:
        assert repository.revisions(session, stranger, scene.site.id) == []
        assert repository.decisions(session, stranger, scene.study.id) == []
        assert repository.reasons_not_sent(session, stranger) == []
        assert len(repository.revisions(session, own, scene.site.id)) == 1
        assert len(repository.decisions(session, own, scene.study.id)) == 1
        assert repository.reasons_not_sent(session, own) == [("-", NO_RULES, 1)]
    with pytest.raises(UnknownRevision), database.write() as session:
        service.publish(session, stranger, revision_id=revision.id, reason="from afar")


@pytest.fixture
def cast(sqlite: Database, objects: LocalObjectStore) -> Cast:
    """A network with a signed-off version and rules in force."""
    with sqlite.write() as session:
        cast = create_cast(session)
        version = create_cast_version(session, cast)
        sign_everything(session, objects, cast, version)
        publish_rules(session, cast.site.id, make_rule())
    return cast


def sign_offs(database: Database) -> tuple[set[SignOffStatus], set[SignOffStatus]]:
    with database.read() as session:
        cases = {case.status for case in session.exec(select(SafetyCase))}
        return cases, {one.status for one in session.exec(select(Acceptance))}


def test_another_scope_makes_the_sites_acceptances_stale_and_says_why(
    sqlite: Database, cast: Cast
) -> None:
    with sqlite.write() as session:
        publish_rules(session, cast.site.id, make_rule(when='modality == "DX"'))

    assert sign_offs(sqlite) == ({SignOffStatus.SIGNED}, {SignOffStatus.STALE})
    with sqlite.read() as session:
        reasons = {one.stale_reason for one in session.exec(select(Acceptance))}
    assert reasons == {"routing revision 2 widened which studies it gets"}


def test_dropping_the_model_from_the_rules_changes_its_scope(sqlite: Database, cast: Cast) -> None:
    with sqlite.write() as session:
        publish_rules(session, cast.site.id)

    assert sign_offs(sqlite)[1] == {SignOffStatus.STALE}


def test_another_name_or_priority_leaves_sign_offs_alone(sqlite: Database, cast: Cast) -> None:
    with sqlite.write() as session:
        publish_rules(session, cast.site.id, make_rule(name="renamed", priority=Priority.STAT))

    assert sign_offs(sqlite) == ({SignOffStatus.SIGNED}, {SignOffStatus.SIGNED})


def test_another_models_rules_touch_nothing_of_this_one(
    sqlite: Database, objects: LocalObjectStore, cast: Cast
) -> None:
    with sqlite.write() as session:
        other = create_cast_version(session, cast, name="other-model")
        sign_everything(session, objects, cast, other)
        second = make_rule(name="second", model="ACME/other-model", when='modality == "CR"')
        publish_rules(session, cast.site.id, make_rule(), second)
        # Its first rules here are the scope that was signed for.
        assert stale_models(session) == set()

        narrower = second.model_copy(update={"when": 'modality == "CR" && view == "PA"'})
        publish_rules(session, cast.site.id, narrower, make_rule())

        assert stale_models(session) == {other.model_id}
        reasons = {one.stale_reason for one in session.exec(select(Acceptance))}
        assert reasons == {None, "routing revision 3 narrowed which studies it gets"}


def test_after_a_pause_a_scope_is_compared_with_the_last_that_was_in_force(
    sqlite: Database, objects: LocalObjectStore, cast: Cast
) -> None:
    with sqlite.write() as session:
        publish_rules(session, cast.site.id)
        version = session.exec(select(ModelVersion)).one()
        sign_everything(session, objects, cast, version)
        publish_rules(session, cast.site.id, make_rule())
        signed = {one.status for one in session.exec(select(Acceptance))}
        assert SignOffStatus.SIGNED in signed

        publish_rules(session, cast.site.id)
        reasons = [one.stale_reason for one in session.exec(select(Acceptance))]
        assert "routing revision 4 narrowed which studies it gets, to none" in reasons


def stale_models(session: WriteSession) -> set[str]:
    return {
        session.get_one(ModelVersion, one.version_id).model_id
        for one in session.exec(select(Acceptance))
        if one.status is SignOffStatus.STALE
    }
