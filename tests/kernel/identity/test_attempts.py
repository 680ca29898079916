"""Nobody guesses on, and nobody locks out somebody else."""

import pytest
from conftest import FakeClock
from factories.identity import PASSWORD, create_organisation, create_person
from factories.web import anonymous, create_web
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlmodel import col, select

from vigil.kernel.audit.models import AuditEvent
from vigil.kernel.db import Database
from vigil.kernel.identity import attempts, repository, service
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.attempts import TooManyPasswords
from vigil.kernel.identity.errors import BadCredentials
from vigil.kernel.identity.models import PasswordAttempt
from vigil.kernel.identity.roles import Role
from vigil.kernel.identity.signing import signature_faults
from vigil.kernel.parts import Parts

WRONG = "not the password at all"


def create_officer(database: Database) -> Actor:
    with database.write() as session:
        create_organisation(session, "RXX")
        return create_person(session, "RXX", Role.CSO)


@pytest.fixture
def person(database: Database) -> Actor:
    return create_officer(database)


@pytest.fixture
def officer(parts: Parts) -> Actor:
    return create_officer(parts.database)


@pytest.fixture
def email(parts: Parts, officer: Actor) -> str:
    with parts.database.read() as session:
        user = repository.user(session, officer.id)
    assert user is not None
    return user.email


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    return create_web(parts)


def events(database: Database) -> list[tuple[str, str, str]]:
    with database.read() as session:
        statement = select(AuditEvent).where(col(AuditEvent.tag).startswith("account:password"))
        found = session.exec(statement.order_by(col(AuditEvent.sequence))).all()
    return [(one.actor_id, one.tag.rpartition(":")[2], one.subject) for one in found]


def fail(database: Database, officer: Actor, cookie: str, times: int) -> None:
    for _ in range(times):
        with pytest.raises(BadCredentials):
            service.confirm_password(database, officer, cookie, WRONG)


def test_after_five_wrong_passwords_a_browser_signs_nothing_for_a_while(
    database: Database, person: Actor, clock: FakeClock
) -> None:
    fail(database, person, "one", attempts.MOST_AT_A_SIGNATURE)
    with pytest.raises(TooManyPasswords, match="Wait 15 minutes") as caught:
        service.confirm_password(database, person, "one", PASSWORD)
    assert caught.value.seconds == 900
    # Another browser of the same person is not concerned.
    service.confirm_password(database, person, "two", PASSWORD)
    clock.advance(15 * 60 + 1)
    service.confirm_password(database, person, "one", PASSWORD)
    seen = events(database)
    assert [deed for _, deed, _ in seen] == ["wrong"] * 4 + ["locked"]
    assert {(actor, subject) for actor, _, subject in seen} == {(person.id, person.id)}


def test_the_right_password_begins_the_count_anew(database: Database, person: Actor) -> None:
    for _ in range(3):
        fail(database, person, "one", attempts.MOST_AT_A_SIGNATURE - 1)
        service.confirm_password(database, person, "one", PASSWORD)


def test_what_is_refused_for_the_count_is_not_counted(
    database: Database, person: Actor, clock: FakeClock
) -> None:
    fail(database, person, "one", attempts.MOST_AT_A_SIGNATURE)
    for _ in range(10):
        clock.advance(60)
        with pytest.raises(TooManyPasswords):
            service.confirm_password(database, person, "one", WRONG)
    clock.advance(5 * 60 + 1)
    service.confirm_password(database, person, "one", PASSWORD)
    assert len(events(database)) == attempts.MOST_AT_A_SIGNATURE


def test_a_signature_says_what_to_do(parts: Parts, officer: Actor) -> None:
    faults = signature_faults(parts, officer, "c", password=WRONG, reason=" ")
    assert [one.field for one in faults] == ["reason", "password"]
    for _ in range(attempts.MOST_AT_A_SIGNATURE):
        faults = signature_faults(parts, officer, "c", password=WRONG, reason="read")
    assert [(one.field, one.problem, one.remedy) for one in faults] == [
        (
            "password",
            "Too many wrong passwords",
            "Wait 15 minutes, then try again, or sign out and in again",
        )
    ]


def test_strangers_who_guess_are_stopped_and_the_person_s_own_browser_is_not(
    app: FastAPI, parts: Parts, officer: Actor, email: str
) -> None:
    own, stranger = anonymous(app), anonymous(app)
    right, wrong = {"email": email, "password": PASSWORD}, {"email": email, "password": WRONG}
    assert own.post("/sign-in", data=right).status_code == 303
    own.cookies.delete("vigil_session")
    for _ in range(attempts.MOST_AT_SIGN_IN):
        assert stranger.post("/sign-in", data=wrong).status_code == 401
    refused = stranger.post("/sign-in", data=right)
    assert refused.status_code == 429
    assert "Too many wrong passwords" in refused.text
    assert "a browser you have signed in with before" in refused.text
    assert own.post("/sign-in", data=right).status_code == 303
    assert [deed for _, deed, _ in events(parts.database)][-1] == "locked"
    assert {actor for actor, _, _ in events(parts.database)} == {"system:sign-in"}


def test_a_browser_that_signed_in_before_cannot_guess_on_either(app: FastAPI, email: str) -> None:
    own = anonymous(app)
    own.post("/sign-in", data={"email": email, "password": PASSWORD})
    own.cookies.delete("vigil_session")
    statuses = [
        own.post("/sign-in", data={"email": email, "password": WRONG}).status_code
        for _ in range(attempts.MOST_AT_SIGN_IN + 1)
    ]
    assert statuses == [401] * attempts.MOST_AT_SIGN_IN + [429]


def test_the_mark_of_one_person_is_none_for_another(app: FastAPI, parts: Parts, email: str) -> None:
    with parts.database.write() as session:
        other = create_person(session, "RXX", Role.READER)
        user = repository.user(session, other.id)
    assert user is not None
    client = anonymous(app)
    client.post("/sign-in", data={"email": user.email, "password": PASSWORD})
    client.cookies.delete("vigil_session")
    guesses = [_guess(client, email) for _ in range(attempts.MOST_AT_SIGN_IN + 1)]
    assert guesses[-1] == 429
    assert _guess(anonymous(app), email) == 429


def test_an_unknown_address_is_counted_alike_and_fills_no_audit(
    app: FastAPI, parts: Parts, officer: Actor, clock: FakeClock
) -> None:
    client = anonymous(app)
    statuses = [_guess(client, "nobody@x.example") for _ in range(attempts.MOST_AT_SIGN_IN + 1)]
    assert statuses[-2:] == [401, 429]
    assert events(parts.database) == []
    clock.advance(16 * 60)
    _guess(client, "somebody@x.example")
    with parts.database.read() as session:
        kept = session.exec(select(PasswordAttempt)).all()
    assert len(kept) == 1
    assert "example" not in kept[0].key


def _guess(client: TestClient, email: str) -> int:
    return client.post("/sign-in", data={"email": email, "password": WRONG}).status_code
