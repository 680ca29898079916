"""What is handed over is read and stored before the turn to write begins."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from factories import packages
from factories.identity import create_organisation, create_person
from factories.submissions import create_ready
from factories.web import browser, create_web

from model_registry.submissions import api as submissions
from model_registry.versions import api
from vigil.kernel.db import Database
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Role
from vigil.kernel.objects import LocalObjectStore
from vigil.kernel.parts import Parts


@pytest.fixture
def acme(parts: Parts) -> Actor:
    with parts.database.write() as session:
        create_organisation(session, "ACME", OrganisationKind.SUPPLIER)
        return create_person(session, "ACME", Role.SUPPLIER)


@pytest.fixture
def in_turn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Name what is parsed or flushed while somebody holds the turn to write."""
    holders, found = [0], list[str]()
    write, load, put = Database.write, yaml.load, LocalObjectStore.put

    @contextlib.contextmanager
    def watched(self: Database) -> Iterator[Any]:
        with write(self) as session:
            holders[0] += 1
            try:
                yield session
            finally:
                holders[0] -= 1

    def noting(what: str, function: Any) -> Any:
        def noted(*args: Any, **options: Any) -> Any:
            if holders[0]:
                found.append(what)
            return function(*args, **options)

        return noted

    monkeypatch.setattr(Database, "write", watched)
    monkeypatch.setattr(yaml, "load", noting("parsed", load))
    monkeypatch.setattr(LocalObjectStore, "put", noting("stored", put))
    return found


def test_a_posted_package_is_read_and_stored_before_the_turn(
    parts: Parts, acme: Actor, in_turn: list[str]
) -> None:
    with browser(create_web(parts, api.router), acme) as client:
        answer = client.post("/api/v1/versions", content=packages.archive())
    assert answer.status_code == 201
    assert in_turn == []


def test_a_posted_package_that_cannot_be_read_takes_no_turn(
    parts: Parts, acme: Actor, in_turn: list[str]
) -> None:
    hostile = packages.archive(manifest_yaml=b"a: !!int ''")
    with browser(create_web(parts, api.router), acme) as client:
        answer = client.post("/api/v1/versions", content=hostile)
    assert (answer.status_code, "manifest.yaml: a tag" in answer.text) == (422, True)
    assert in_turn == []


def test_a_submission_is_read_and_stored_before_the_turn(
    parts: Parts, acme: Actor, in_turn: list[str]
) -> None:
    ready = create_ready(parts, acme)
    in_turn.clear()
    with browser(create_web(parts, submissions.router), acme) as client:
        answer = client.post(
            f"/api/v1/submissions/{ready.id}/submit",
            json={"reason": "ready"},
            headers={"If-Match": f'"{ready.revision}"'},
        )
    assert (answer.status_code, answer.json()["state"]) == (200, "submitted")
    assert in_turn == []


def test_a_package_of_another_supplier_is_not_stored(parts: Parts, acme: Actor) -> None:
    foreign = packages.archive(supplier="OTHER")
    with browser(create_web(parts, api.router), acme) as client:
        answer = client.post("/api/v1/versions", content=foreign)
    assert answer.status_code >= 400
    assert list(parts.objects.digests()) == []
