"""C-ECHO to peers of every temper: what each is told to be, and what to do about it."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest
from factories.pacs import Sockets
from pydicom.uid import CTImageStorage
from pynetdicom import AE, evt

from inference.node.echo import echo
from inference.node.errors import NoAnswer
from inference.node.syntaxes import VERIFICATION


@contextmanager
def peer(
    title: str = "PACS",
    *,
    knows: str | None = None,
    context: str = VERIFICATION,
    status: int = 0,
) -> Iterator[int]:
    entity = AE(title)
    entity.add_supported_context(context)
    entity.require_called_aet = True
    if knows:
        entity.require_calling_aet = [knows]
    sockets = Sockets()
    handlers: list[Any] = [(evt.EVT_C_ECHO, lambda _: status), sockets.handler]
    server: Any = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        sockets.close()


def ask(port: int, *, host: str = "127.0.0.1", called: str = "PACS", seconds: float = 2) -> float:
    return echo(host, port, calling_ae="VIGIL", called_ae=called, seconds=seconds)


def said(port: int, **named: Any) -> str:
    with pytest.raises(NoAnswer) as caught:
        ask(port, **named)
    return caught.value.detail


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_one_that_answers() -> None:
    with peer() as port:
        assert 0 < ask(port) < 2


def test_one_that_does_not_know_us() -> None:
    with peer(knows="OTHER") as port:
        assert "PACS does not know VIGIL. Have VIGIL entered as a peer there" in said(port)


def test_another_than_we_think() -> None:
    with peer("ARCHIVE") as port:
        assert "What answers there is not PACS. Correct the node's AE title" in said(port)


def test_one_without_verification() -> None:
    with peer(context=CTImageStorage) as port:
        text = said(port)
    assert "offers no Verification service" in text or "ended it" in text


def test_one_that_answers_with_a_failure() -> None:
    with peer(status=0x0122) as port:
        assert "status 0122" in said(port)


def test_nothing_there() -> None:
    text = said(free_port())
    assert "Nothing accepts a connection" in text
    assert "firewall" in text


def test_a_name_without_an_address() -> None:
    assert "has no address" in said(104, host="no-such-host.invalid")


def test_a_port_that_takes_the_connection_and_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert "without an answer" in said(silent.getsockname()[1], seconds=0.5)


def test_a_web_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = Thread(target=answer)
        thread.start()
        text = said(server.getsockname()[1])
        thread.join()
    assert "DICOM port" in text
