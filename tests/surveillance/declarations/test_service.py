from dataclasses import replace
from typing import Any

import pytest
from factories.surveillance import Place, create_place
from sqlmodel import select

from model_registry.packages.monitoring import CORE, STREAMS
from model_registry.versions.models import ModelVersion
from surveillance.declarations import service
from surveillance.declarations.errors import AlreadyEnded, NotForASite, UnknownChoice
from surveillance.declarations.models import Choice, StreamChoice
from surveillance.declarations.service import Declared, Origin
from vigil.kernel.audit.models import AuditEvent
from vigil.kernel.db import Database, WriteSession
from vigil.kernel.errors import Forbidden, Invalid, NotFound
from vigil.kernel.identity.actor import Actor, Grant
from vigil.kernel.identity.roles import Role

OFFICER = Actor(id="usr_cso", label="cso", grants=(Grant(Role.CSO),), sites=None)


def officer_of(site_id: str) -> Actor:
    grants = (Grant(Role.CSO, site_id=site_id),)
    return Actor(id="usr_site", label="site", grants=grants, sites=frozenset({site_id}))


@pytest.fixture
def place(database: Database) -> Place:
    with database.write() as session:
        return create_place(session)


def asking_for(database: Database, place: Place, *streams: str) -> Place:
    """Return the place with another version, whose package names these streams."""
    with database.write() as session:
        before = session.get_one(ModelVersion, place.version_id)
        number = session.new_id("x")[-6:]
        own: dict[str, Any] = {"version": f"2.{number}", "digest": session.new_id("x")[-8:] * 8}
        own |= {"id": session.new_id("ver"), "manifest": {"monitoring": {"streams": list(streams)}}}
        version = ModelVersion(**before.model_dump() | own)
        session.add(version)
        return replace(place, version_id=version.id)


def declared(database: Database, place: Place) -> dict[str, Declared]:
    with database.read() as session:
        found = service.declared(
            session, OFFICER, version_id=place.version_id, site_id=place.site_id
        )
    return {each.name: each for each in found}


def choose(
    session: WriteSession, name: str, choice: Choice, actor: Actor = OFFICER, **scope: str
) -> StreamChoice:
    return service.choose(session, actor, name=name, choice=choice, reason="because", **scope)


def test_all_is_watched_where_the_package_names_nothing(database: Database, place: Place) -> None:
    found = declared(database, place)
    assert set(found) == set(STREAMS)
    assert all(each.is_watched for each in found.values())
    assert found["kvp"].origin is Origin.DEFAULT


def test_a_package_picks_of_what_is_not_core(database: Database, place: Place) -> None:
    found = declared(database, asking_for(database, place, "kvp", "view", "no such stream"))
    assert {name for name, each in found.items() if each.is_watched} == {*CORE, "kvp", "view"}
    assert declared(database, asking_for(database, place, "score"))["exposure"].is_watched


def test_the_network_adds_and_mutes_the_particular_before_the_general(
    database: Database, place: Place
) -> None:
    place = asking_for(database, place, "kvp")
    with database.write() as session:
        choose(session, "exposure", Choice.ADD)
        choose(session, "score", Choice.MUTE, site_id=place.site_id)
        choose(session, "kvp", Choice.MUTE)
        choose(session, "kvp", Choice.ADD, version_id=place.version_id)
    found = declared(database, place)
    assert found["exposure"].origin is Origin.NETWORK
    assert found["exposure"].is_watched
    assert found["score"].is_muted
    assert found["score"].choice is not None
    assert found["score"].choice.reason == "because"
    assert found["kvp"].is_watched


def test_a_choice_ends_the_one_before_it_and_each_is_in_the_audit(
    database: Database, place: Place
) -> None:
    with database.write() as session:
        first = choose(session, "kvp", Choice.MUTE, site_id=place.site_id)
        second = choose(session, "kvp", Choice.ADD, site_id=place.site_id)
        assert (first.ended_by, second.ended_at) == (OFFICER.id, None)
        service.withdraw(session, OFFICER, second.id, "no longer")
        with pytest.raises(AlreadyEnded):
            service.withdraw(session, OFFICER, second.id, "again")
        with pytest.raises(UnknownChoice):
            service.withdraw(session, OFFICER, "sch_none", "why not")
    with database.read() as session:
        tags = {event.tag for event in session.exec(select(AuditEvent)).all()}
    assert {f"surveillance:stream_choice:{verb}" for verb in ("mute", "add", "end")} <= tags
    assert not declared(database, place)["kvp"].is_muted


def test_who_may_choose(database: Database, place: Place) -> None:
    local = officer_of(place.site_id)
    auditor = Actor(id="usr_a", label="a", grants=(Grant(Role.AUDITOR),), sites=None)
    with database.write() as session:
        other = create_place(session, "RYY02", place)
        assert choose(session, "kvp", Choice.MUTE, local, site_id=place.site_id)
        with pytest.raises(NotForASite):
            choose(session, "kvp", Choice.MUTE, local)
        with pytest.raises(Forbidden):
            choose(session, "kvp", Choice.MUTE, local, site_id=other.site_id)
        with pytest.raises(Forbidden):
            choose(session, "kvp", Choice.MUTE, auditor)
        with pytest.raises(Invalid):
            choose(session, "moon", Choice.MUTE)
        with pytest.raises(NotFound):
            choose(session, "kvp", Choice.MUTE, version_id="ver_none")
        with pytest.raises(NotFound):
            choose(session, "kvp", Choice.MUTE, site_id="site_none")
        elsewhere = choose(session, "kvp", Choice.MUTE, site_id=other.site_id)
        everywhere = choose(session, "rows", Choice.MUTE)
        seen = {row.id for row in service.choices(session, local)}
    assert elsewhere.id not in seen
    assert everywhere.id in seen
