"""Aliases: names that stand for a version until somebody of the network moves them."""

import pytest
from conftest import FakeClock
from factories import packages
from factories.safety import Cast, create_cast, create_version

from model_registry.versions import aliases, repository, service
from model_registry.versions.errors import (
    AliasAmbiguous,
    AliasMoved,
    BadAlias,
    NotAllowedNow,
    NotTheNetwork,
    UnknownAlias,
    UnknownVersion,
    VersionTaken,
)
from model_registry.versions.handover import Handover
from model_registry.versions.models import ModelAlias, ModelVersion, VersionStatus
from vigil.kernel.audit import repository as audit
from vigil.kernel.db import Database, WriteSession
from vigil.kernel.errors import Forbidden
from vigil.kernel.events import Events
from vigil.kernel.identity.actor import Actor, Grant
from vigil.kernel.identity.roles import Role
from vigil.kernel.objects import LocalObjectStore


def name(
    session: WriteSession,
    actor: Actor,
    version: ModelVersion,
    alias: str = "champion",
    seen: str | None = None,
) -> ModelAlias:
    return aliases.set_alias(
        session,
        actor,
        model_id=version.model_id,
        name=alias,
        version_id=version.id,
        reason="it did best",
        seen=seen,
    )


def two(session: WriteSession) -> tuple[Cast, ModelVersion, ModelVersion]:
    cast = create_cast(session)
    return cast, create_version(session, cast), create_version(session, cast, "2.0.0")


def test_an_alias_is_a_version_until_it_is_moved(database: Database, clock: FakeClock) -> None:
    with database.write() as session:
        cast, old, new = two(session)
        name(session, cast.manager, old)
        assert service.version_named(session, cast.manager, "ACME/linear-three@champion") == old
        clock.advance(60)
        name(session, cast.manager, new, seen=old.id)
        assert service.version_named(session, cast.manager, "linear-three@champion") == new
        (standing,) = aliases.standing(session, cast.manager, old.model_id)
    assert (standing.version_id, standing.set_by) == (new.id, cast.manager.id)
    assert standing.set_by_label == cast.manager.label


def test_a_move_ends_what_stood_before_and_is_in_the_audit(sqlite: Database) -> None:
    with sqlite.write() as session:
        cast, old, new = two(session)
        first = name(session, cast.manager, old)
        name(session, cast.other_manager, new)
        assert first.ended_by == cast.other_manager.id
        assert first.end_reason == "it did best"
    with sqlite.read() as session:
        events = audit.recent(session, before=None, subject=old.model_id, limit=10)
    assert [(e.tag, e.detail["version"]) for e in events] == [
        ("registry:alias:set", new.id),
        ("registry:alias:set", old.id),
    ]


def test_to_set_it_again_changes_nothing(sqlite: Database) -> None:
    with sqlite.write() as session:
        cast, old, _ = two(session)
        assert name(session, cast.manager, old).id == name(session, cast.manager, old).id


def test_of_two_managers_at_once_the_second_is_told(sqlite: Database) -> None:
    with sqlite.write() as session:
        cast, old, new = two(session)
        name(session, cast.manager, old, seen="")
        with pytest.raises(AliasMoved):
            name(session, cast.other_manager, new, seen="")


@pytest.mark.parametrize("bad", ["", "Champion", "1st", "a b", "x" * 33, "no_line", "../x"])
def test_a_name_is_small_letters(sqlite: Database, bad: str) -> None:
    with sqlite.write() as session:
        cast, old, _ = two(session)
        with pytest.raises(BadAlias):
            name(session, cast.manager, old, bad)


@pytest.mark.parametrize("status", [VersionStatus.REFUSED, VersionStatus.WITHDRAWN])
def test_it_never_stands_for_what_is_out(sqlite: Database, status: VersionStatus) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast, status=status)
        with pytest.raises(NotAllowedNow, match=status.value):
            name(session, cast.manager, version)


def test_withdrawing_ends_its_names(sqlite: Database) -> None:
    with sqlite.write() as session:
        cast, old, new = two(session)
        for alias, version in (("champion", old), ("fallback", old), ("challenger", new)):
            name(session, cast.manager, version, alias)
        service.withdraw(
            session, cast.manager, version_id=old.id, reason="missed findings", events=Events()
        )
        (left,) = aliases.standing(session, cast.manager, old.model_id)
        ended = repository.standing_for(session, old.id)
        with pytest.raises(UnknownVersion):
            service.version_named(session, cast.manager, "linear-three@champion")
    assert (left.name, list(ended)) == ("challenger", [])


def test_a_cleared_alias_stands_for_nothing(sqlite: Database) -> None:
    with sqlite.write() as session:
        cast, old, _ = two(session)
        name(session, cast.manager, old)
        model = {"model_id": old.model_id, "name": "champion", "reason": "none is good enough"}
        aliases.clear_alias(session, cast.manager, **model)
        assert list(aliases.standing(session, cast.manager, old.model_id)) == []
        with pytest.raises(UnknownAlias):
            aliases.clear_alias(session, cast.manager, **model)


def test_only_the_network_names(sqlite: Database) -> None:
    with sqlite.write() as session:
        cast, old, _ = two(session)
        for actor in (cast.submitter, cast.network_officer, cast.site_officer):
            with pytest.raises(Forbidden):
                name(session, actor, old)
        hospital = Actor(
            id="usr_x",
            label="usr_x (network_manager)",
            grants=(Grant(Role.NETWORK_MANAGER),),
            sites=frozenset({cast.site.id}),
        )
        with pytest.raises(NotTheNetwork):
            name(session, hospital, old)


def test_another_models_version_is_not_named(sqlite: Database) -> None:
    with sqlite.write() as session:
        cast, old, _ = two(session)
        other = create_version(session, cast, name="other-model")
        with pytest.raises(UnknownVersion):
            aliases.set_alias(
                session,
                cast.manager,
                model_id=old.model_id,
                name="champion",
                version_id=other.id,
                reason="mistaken",
            )


def test_a_label_and_an_alias_are_never_the_same_word(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        cast, old, _ = two(session)
        beta = create_version(session, cast, "beta")
        with pytest.raises(AliasAmbiguous):
            name(session, cast.manager, old, "beta")
        name(session, cast.manager, old, "stable")
        for label in ("stable", "champion", "challenger"):
            handover = Handover.of(packages.archive(version=label))
            with pytest.raises(VersionTaken, match="alias"):
                service.submit(session, cast.submitter, objects=objects, handover=handover)
    assert beta.version == "beta"


def test_the_database_holds_one_standing_alias_of_a_name(database: Database) -> None:
    with database.write() as session:
        cast, old, new = two(session)
        name(session, cast.manager, old)
        with pytest.raises(AliasMoved), session.begin_nested():
            aliases._begin(session, cast.manager, "champion", new, "at the same instant")
