"""Signing keys over HTTP and as a page."""

from typing import NamedTuple

import pytest
from factories.identity import create_organisation, create_person
from factories.packages import SIGNING_KEY
from factories.web import browser, create_web
from fastapi.testclient import TestClient

from model_registry.keys import api, pages
from model_registry.packages.signature import public_bytes, public_pem
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts

PEM = public_pem(public_bytes(SIGNING_KEY)).decode()
NEW = {"public_key": PEM, "label": "release server", "reason": "first key"}


class Clients(NamedTuple):
    supplier: TestClient
    manager: TestClient
    reader: TestClient


@pytest.fixture
def clients(parts: Parts) -> Clients:
    app = create_web(parts, api.router, pages.router, domains={"keys": "model_registry.keys"})
    with parts.database.write() as session:
        create_organisation(session, "ACME", OrganisationKind.SUPPLIER)
        create_organisation(session, "NET", OrganisationKind.NETWORK)
        people = (
            create_person(session, "ACME", Role.SUPPLIER),
            create_person(session, "NET", Role.NETWORK_MANAGER),
            create_person(session, "NET", Role.READER),
        )
    return Clients(*(browser(app, person) for person in people))


def test_a_key_goes_its_way_over_the_api(clients: Clients) -> None:
    made = clients.supplier.post("/api/v1/supplier-keys", json=NEW)
    assert made.status_code == 201, made.text
    path = made.headers["Location"]
    assert clients.supplier.post(f"{path}/trust", json={"reason": "mine"}).status_code == 403
    trusted = clients.manager.post(f"{path}/trust", json={"reason": "compared"})
    assert trusted.json()["status"] == "trusted"
    assert clients.reader.post(f"{path}/revoke", json={"reason": "no"}).status_code == 403
    revoked = clients.supplier.post(f"{path}/revoke", json={"reason": "a new one"})
    assert revoked.json()["revoked_reason"] == "a new one"
    listed = clients.reader.get("/api/v1/supplier-keys").json()["items"]
    assert [key["id"] for key in listed] == [made.json()["id"]]


def test_a_key_goes_its_way_over_the_pages(clients: Clients) -> None:
    assert "Propose this key" in clients.supplier.get("/supplier-keys/new").text
    assert clients.supplier.post("/supplier-keys", data=NEW).status_code == 303
    page = clients.manager.get("/supplier-keys").text
    assert public_bytes(SIGNING_KEY).hex() in page
    assert "Trust this key" in page
    key = clients.manager.get("/api/v1/supplier-keys").json()["items"][0]["id"]
    own = clients.supplier.get("/supplier-keys").text
    assert "Trust this key" not in own
    assert "Revoke this key" in own
    path = f"/supplier-keys/{key}"
    trusted = clients.manager.post(f"{path}/trust", data={"reason": "compared"})
    assert trusted.status_code == 303
    assert "Trust this key" not in clients.manager.get("/supplier-keys").text
    assert clients.manager.post(f"{path}/revoke", data={"reason": "leaked"}).status_code == 303
    assert "Revoke this key" not in clients.supplier.get("/supplier-keys").text
    assert "Revoke this key" not in clients.reader.get("/supplier-keys").text


def test_a_wrong_form_comes_back_with_what_is_wrong(clients: Clients) -> None:
    answer = clients.supplier.post("/supplier-keys", data=NEW | {"public_key": "abc"})
    assert answer.status_code == 422
    assert "There is a problem" in answer.text
    assert "not an Ed25519 public key" in answer.text
    assert "release server" in answer.text
    assert clients.supplier.post("/supplier-keys", data=NEW | {"reason": ""}).status_code == 422
    assert clients.manager.get("/api/v1/supplier-keys").json()["items"] == []


def test_a_private_key_that_was_pasted_is_not_shown_again(clients: Clients) -> None:
    pasted = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAAB\n-----END PRIVATE KEY-----"
    answer = clients.supplier.post("/supplier-keys", data=NEW | {"public_key": pasted})
    assert answer.status_code == 422
    assert "MC4CAQ" not in answer.text
