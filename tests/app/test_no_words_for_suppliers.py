"""A supplier follows its versions, and reads nothing that people of hospitals or the network typed.

Somebody types a patient's name into every reason there is; the supplier asks every route.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from factories.identity import create_person
from factories.tenancy.asking import DATABASE, filled, ids_of, open_parts, routes
from factories.tenancy.nouns import NOUNS
from factories.web import browser
from factories.whole import Party, create_network, create_party
from fastapi import FastAPI

from model_registry.deployments import service as deployments
from model_registry.deployments.models import Deployment, Mode
from model_registry.keys import repository as keys
from model_registry.keys import service as trusting
from model_registry.stops import service as stops
from model_registry.stops.models import Scope
from model_registry.versions import aliases
from model_registry.versions import service as versions
from model_registry.versions.models import ModelVersion, VersionStatus
from vigil.app import web
from vigil.app.wiring import GATES, subscribe
from vigil.kernel.db import WriteSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.repository import user
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts
from vigil.kernel.web import assets

MARK = "patient John Smith 4857773456"
_NARROWED = (
    "/api/v1/deployments/history?site={site}&at=2026-11-21T10:00:00Z",
    "/models/{model_id}/history?on=2026-11-22",
    "/models/{model_id}/compare?before={version_id}&after={other_id}",
    "/stops?show=all",
    "/alerts?show=all",
    "/api/v1/gates?version_id={other_id}&site={site}",
    "/api/v1/safety-cases?version_id={version_id}",
    "/api/v1/acceptances?version_id={version_id}",
    "/api/v1/audit/events?subject={change_id}",
)


@dataclass(frozen=True)
class Told:
    """The application in which somebody typed, who did, and who asks by which ids."""

    app: FastAPI
    sellers: tuple[Actor, Actor]
    typist: Actor
    name: str
    ids: dict[str, str]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Iterator[Told]:
    folder = tmp_path_factory.mktemp("told")
    shutil.copy(migrated_sqlite, folder / DATABASE)
    assets.build(folder / "assets")
    parts = open_parts(folder)
    with parts.database.write() as session:
        network = create_network(session)
    party = create_party(parts, network, "ACME", "RXX01")
    ids = ids_of(party)
    for noun in NOUNS:
        ids |= noun.seed(parts, network, party)
    subscribe(parts)
    with parts.database.write() as session:
        typist = create_person(session, "NET", Role.NETWORK_MANAGER, Role.CSO)
        found = user(session, typist.id)
        assert found is not None
        sellers = (party.seller, create_person(session, "ACME", Role.SUPPLIER, Role.CSO))
        _type_everywhere(session, parts, typist, party, ids)
    yield Told(web.create_app(parts), sellers, typist, found.name, ids)
    parts.database.dispose()


def _type_everywhere(
    session: WriteSession, parts: Parts, typist: Actor, party: Party, ids: dict[str, str]
) -> None:
    """Whatever people decide of a version, decided with a patient's name in the reason."""
    _stop_all(session, typist, party)
    _move_about(session, typist, ids)
    (key,) = keys.keys_of(session, party.supplier.id)
    trusting.revoke(session, typist, row_id=key.id, reason=MARK)
    one = party.version.id
    for name in ("champion", "challenger"):
        _call(session, typist, ids["model_id"], name, one)
    versions.set_status(session, typist, version_id=one, status=VersionStatus.APPROVED, reason=MARK)
    versions.withdraw(session, typist, version_id=one, reason=MARK, events=parts.events)
    _call(session, typist, ids["model_id"], "champion", ids["other_id"])


def _call(session: WriteSession, typist: Actor, model_id: str, name: str, version_id: str) -> None:
    aliases.set_alias(
        session, typist, model_id=model_id, name=name, version_id=version_id, reason=MARK
    )


def _stop_all(session: WriteSession, typist: Actor, party: Party) -> None:
    target = stops.target_named(session, typist, Scope.SUPPLIER, party.supplier.ods_code)
    stop = stops.order(session, typist, target=target, reason=MARK)
    stops.request_lift(session, typist, stop_id=stop.id, reason=MARK)


def _move_about(session: WriteSession, typist: Actor, ids: dict[str, str]) -> None:
    """A proposal closed with a word, steps back and forth, and one that stays open."""
    at = session.get_one(Deployment, ids["deployment_id"])
    deployments.withdraw_change(session, typist, change_id=ids["change_id"], reason=MARK)
    deployments.suspend(session, typist, deployment_id=at.id, reason=MARK)
    version = session.get_one(ModelVersion, ids["other_id"])
    version.status = VersionStatus.CHECKED
    other = deployments.deploy(
        session, typist, version_id=version.id, site_id=at.site_id, reason=MARK
    )
    open_one = deployments.request_change(
        session, typist, GATES, deployment_id=other.id, to_mode=Mode.LIVE, reason=MARK
    )
    ids |= {"other_deployment_id": other.id, "open_change_id": open_one.change.id}


def _addresses(told: Told) -> list[str]:
    others = {
        "deployment_id": "other_deployment_id",
        "change_id": "open_change_id",
        "stop_id": "asked_stop_id",
        "version_id": "other_id",
    }
    second = told.ids | {name: told.ids[other] for name, other in others.items()}
    paths = [route.removeprefix("GET ") for route in routes(told.app) if route.startswith("GET ")]
    found = {filled(path, ids) for path in paths for ids in (told.ids, second)}
    return [*sorted(found), *(filled(address, told.ids) for address in _NARROWED)]


@pytest.mark.parametrize("is_officer_too", [False, True])
def test_no_reason_and_no_person_of_others_is_shown_to_a_supplier(
    told: Told, is_officer_too: bool
) -> None:
    client = browser(told.app, told.sellers[is_officer_too])
    answered, leaks = 0, []
    for address in _addresses(told):
        accept = "application/json" if address.startswith("/api/") else "text/html"
        answer = client.get(address, headers={"Accept": accept})
        assert answer.status_code < 500, address
        answered += answer.status_code == 200
        if any(word in answer.text for word in (MARK, told.typist.id, told.name)):
            leaks.append(address)
    assert leaks == []
    assert answered > 50


@pytest.mark.parametrize("is_officer_too", [False, True])
def test_a_refusal_tells_a_supplier_nothing_either(told: Told, is_officer_too: bool) -> None:
    client = browser(told.app, told.sellers[is_officer_too])
    changes = f"/api/v1/deployments/{told.ids['deployment_id']}/changes"
    body = {"to_mode": "retired", "reason": "because", "seen_revision": 99}
    for path, sent in (
        (changes, body),
        (f"/api/v1/deployments/changes/{told.ids['change_id']}/withdraw", {"reason": "because"}),
        (f"/api/v1/deployments/changes/{told.ids['change_id']}/approve", {"reason": "because"}),
    ):
        answer = client.post(path, json=sent)
        assert (answer.status_code, MARK in answer.text) == (403, False), path


def test_the_network_reads_what_was_typed(told: Told) -> None:
    client = browser(told.app, told.typist)
    for path in (
        f"/api/v1/deployments/{told.ids['other_deployment_id']}",
        "/api/v1/deployments/changes",
        "/api/v1/stops",
        f"/api/v1/models/{told.ids['model_id']}/history",
        f"/models/{told.ids['model_id']}/history.csv",
    ):
        assert MARK in client.get(path).text, path
