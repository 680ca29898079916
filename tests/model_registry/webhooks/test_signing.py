"""What a receiver can rely on: checked by code that shares nothing with ours."""

import base64
import json

from conftest import FakeClock
from factories.identity import SETUP, create_organisation
from factories.webhooks import Receiver, create_webhook, verify, work

from model_registry.webhooks import service, signing
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.keys import Keys
from vigil.kernel.parts import Parts


def test_the_example_of_the_specification_would_verify() -> None:
    """The secret, id, timestamp and signature that the specification's own libraries test with."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    content = b'msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}'

    assert signing._signature(key, content) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_message_is_verified_and_a_changed_one_is_not(parts: Parts, clock: FakeClock) -> None:
    with Receiver().up() as receiver:
        with parts.database.write() as session:
            create_organisation(session, "NET", OrganisationKind.NETWORK)
            webhook, secret = create_webhook(session, parts, receiver.url)
            message = service.ping(session, SETUP, parts.queue, webhook_id=webhook.id)
        assert work(parts) == 1

    [got] = receiver.got
    assert verify(secret, got)
    assert got.headers["webhook-id"] == message.id == json.loads(got.body)["id"]
    assert got.headers["webhook-timestamp"] == str(int(clock.now.timestamp()))
    got.headers["webhook-timestamp"] += "0"
    assert not verify(secret, got)


def test_a_secret_is_long_enough_and_its_own(parts: Parts) -> None:
    with parts.database.write() as session:
        create_organisation(session, "NET", OrganisationKind.NETWORK)
        first, one = create_webhook(session, parts)
        _, other = create_webhook(session, parts)
        _, changed = service.rotate(
            session, SETUP, parts.keys, webhook_id=first.id, reason="it was seen"
        )
    assert len({one, other, changed}) == 3
    for secret in (one, other, changed):
        assert secret.startswith("whsec_")
        assert 24 <= len(base64.b64decode(secret.removeprefix("whsec_"))) <= 64
    assert signing.secret(Keys(b"other" * 8), first) != changed


def test_no_secret_is_in_the_database(parts: Parts) -> None:
    with parts.database.write() as session:
        create_organisation(session, "NET", OrganisationKind.NETWORK)
        _, secret = create_webhook(session, parts)
    path = parts.database.engine.url.database
    assert path is not None
    for suffix in ("", "-wal"):
        with open(path + suffix, "rb") as file:  # noqa: PTH123 - its write-ahead log has no Path
            assert secret.removeprefix("whsec_").encode() not in file.read()


def test_for_a_day_both_secrets_sign(parts: Parts, clock: FakeClock) -> None:
    with Receiver().up() as receiver:
        with parts.database.write() as session:
            create_organisation(session, "NET", OrganisationKind.NETWORK)
            webhook, old = create_webhook(session, parts, receiver.url)
            _, new = service.rotate(
                session, SETUP, parts.keys, webhook_id=webhook.id, reason="it was seen"
            )
            service.ping(session, SETUP, parts.queue, webhook_id=webhook.id)
        work(parts)
        clock.advance(24 * 3600)
        with parts.database.write() as session:
            service.ping(session, SETUP, parts.queue, webhook_id=webhook.id)
        work(parts)

    during, after = receiver.got
    assert verify(old, during)
    assert verify(new, during)
    assert verify(new, after)
    assert not verify(old, after)
