"""One POST, to receivers of every kind."""

import socket
import ssl
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Event, Thread

import pytest
from factories.tls import tls_receiver
from factories.webhooks import HERE, Receiver

from model_registry.webhooks.addresses import Hosts
from model_registry.webhooks.sender import Answer, Cause, HttpSender
from vigil.kernel.identity.models import OrganisationKind

HEADERS = {"content-type": "application/json", "webhook-id": "whd_1"}


NETWORK = OrganisationKind.NETWORK


def send(url: str, hosts: Hosts = HERE[NETWORK], seconds: float = 2) -> Answer:
    return HttpSender({NETWORK: hosts}, seconds).send(url, b'{"a":1}', HEADERS, NETWORK)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_status_of_success_is_one(status: int) -> None:
    with Receiver([status]).up() as receiver:
        assert send(receiver.url) == Answer(status)

    [got] = receiver.got
    assert (got.path, got.body) == ("/hook", b'{"a":1}')
    assert got.headers["webhook-id"] == "whd_1"
    assert got.headers["host"] == f"127.0.0.1:{receiver.port}"


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (500, Cause.FAILED),
        (503, Cause.FAILED),
        (400, Cause.REFUSED),
        (404, Cause.REFUSED),
        (408, Cause.BUSY),
        (425, Cause.BUSY),
        (429, Cause.BUSY),
        (410, Cause.GONE),
    ],
)
def test_other_statuses_are_failures(status: int, cause: Cause) -> None:
    with Receiver([status]).up() as receiver:
        assert send(receiver.url) == Answer(status, cause)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status: int) -> None:
    with Receiver([200]).up() as inner:
        outer = Receiver([status], headers={"Location": inner.url})
        with outer.up():
            assert send(outer.url) == Answer(status, Cause.REDIRECTED)
    assert inner.got == []


def test_nothing_listens() -> None:
    with Receiver().up() as receiver:
        url = receiver.url
    assert send(url) == Answer(cause=Cause.UNREACHABLE)


def test_a_name_without_an_address() -> None:
    def unknown(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(-2, "Name or service not known")

    assert send("https://nobody.example/", Hosts(resolve=unknown)).cause is Cause.UNKNOWN_HOST


def test_a_resolver_that_hangs_is_left_in_time() -> None:
    over = Event()

    def hang(host: str, port: int) -> Sequence[str]:
        over.wait(10)
        return ["8.8.8.8"]

    try:
        answer = send("https://slow.example/", Hosts(resolve=hang), seconds=0.2)
        assert (answer.cause, over.is_set()) == (Cause.NO_ANSWER, False)
    finally:
        over.set()


def test_one_that_accepts_and_says_nothing_is_left_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        answer = send(f"http://127.0.0.1:{silent.getsockname()[1]}/", seconds=0.5)
    assert answer == Answer(cause=Cause.NO_ANSWER)
    assert time.monotonic() - began < 30


def test_one_that_drips_is_left_in_time() -> None:
    with Receiver(drip=0.05).up() as receiver:
        began = time.monotonic()
        assert send(receiver.url, seconds=0.5) == Answer(cause=Cause.NO_ANSWER)
        assert time.monotonic() - began < 30


def test_one_that_does_not_speak_http() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def nonsense() -> None:
            peer, _ = server.accept()
            with peer:
                peer.recv(1000)
                peer.sendall(b"\x00\x01 nonsense\r\n\r\n")

        thread = Thread(target=nonsense)
        thread.start()
        answer = send(f"http://127.0.0.1:{port}/")
        thread.join()
    assert answer.cause is Cause.BROKEN


def test_a_long_answer_is_not_read() -> None:
    with Receiver([200], headers={"Content-Length": "9999999999"}).up() as receiver:
        assert send(receiver.url, seconds=1) == Answer(200)


def test_a_name_that_leads_inside_is_not_connected_to() -> None:
    with Receiver().up() as receiver:
        hosts = Hosts(resolve=lambda *_: ["127.0.0.1"])
        answer = send(f"https://example.org:{receiver.port}/", hosts)
    assert answer == Answer(cause=Cause.FORBIDDEN)
    assert receiver.got == []


def test_the_address_that_was_judged_is_the_one_that_is_called() -> None:
    """A name that changes between the two looks (DNS rebinding) is looked up once only."""
    asked: list[str] = []

    def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"]

    with Receiver().up() as receiver:
        hosts = Hosts(frozenset({"no-such-name.example:*"}), resolve)
        answer = send(f"http://no-such-name.example:{receiver.port}/", hosts)

    assert answer == Answer(204)
    assert asked == ["no-such-name.example"]
    assert receiver.got[0].headers["host"] == f"no-such-name.example:{receiver.port}"


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver().up() as receiver, Receiver().up() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        assert send(receiver.url) == Answer(204)
    assert proxy.got == []


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    with tls_receiver(tmp_path, "receiver.example") as port:
        hosts = Hosts(frozenset({"receiver.example:*"}), lambda *_: ["127.0.0.1"])
        answer = send(f"https://receiver.example:{port}/", hosts)
    assert answer.cause is Cause.NOT_TRUSTED


@pytest.mark.parametrize(
    ("name", "cause"), [("receiver.example", None), ("other.example", Cause.NOT_TRUSTED)]
)
def test_the_certificate_must_be_of_the_name_not_of_the_address(
    tmp_path: Path, name: str, cause: Cause | None
) -> None:
    with tls_receiver(tmp_path, "receiver.example") as port:
        hosts = Hosts(frozenset({f"{name}:*"}), lambda *_: ["127.0.0.1"])
        trust = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
        answer = HttpSender({NETWORK: hosts}, 5, trust).send(
            f"https://{name}:{port}/", b"{}", HEADERS, NETWORK
        )
    assert answer.cause is cause
