"""One POST to a receiver that may be slow, silent, hostile or not what its name says.

httpcore, which is what httpx sends with, lets us make the connection ourselves: to an address that
was judged, and with one deadline for all of it, where a time-out for each read would let a receiver
drip for hours. No redirect is followed, no proxy of the environment used, no answer read but its
status.
"""

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Protocol

import httpcore

from model_registry.webhooks.addresses import Hosts, HostsFor
from model_registry.webhooks.errors import ForbiddenAddress
from vigil.kernel.identity.models import OrganisationKind


class Cause(StrEnum):
    """Why an attempt failed, in our words: what a receiver says is not repeated."""

    UNKNOWN_HOST = "unknown_host"
    FORBIDDEN = "forbidden"
    UNREACHABLE = "unreachable"
    NOT_TRUSTED = "not_trusted"
    NO_ANSWER = "no_answer"
    BROKEN = "broken"
    REDIRECTED = "redirected"
    BUSY = "busy"
    REFUSED = "refused"
    FAILED = "failed"
    GONE = "gone"
    FAULT = "fault"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    Cause.UNKNOWN_HOST: "The name has no address.",
    Cause.FORBIDDEN: "The name leads into a network that Vigil does not call.",
    Cause.UNREACHABLE: "Nothing answers at this address.",
    Cause.NOT_TRUSTED: "The receiver's certificate is not trusted.",
    Cause.NO_ANSWER: "The receiver did not answer in time.",
    Cause.BROKEN: "The receiver ended the connection, or did not speak HTTP.",
    Cause.REDIRECTED: "The receiver redirects, which is not followed. Use the final address.",
    Cause.BUSY: "The receiver asks to be called again later.",
    Cause.REFUSED: "The receiver refused the message.",
    Cause.FAILED: "The receiver reports an error of its own.",
    Cause.GONE: "The receiver is gone and wants no more messages.",
    Cause.FAULT: "Vigil itself failed while it was sending.",
}


# Of the statuses of a refusal those that may change by themselves (RFC 9110, 8470 and 6585).
_LATER = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS)


@dataclass(frozen=True)
class Answer:
    """What came of an attempt; no cause where the receiver took the message."""

    status: int | None = None
    cause: Cause | None = None


class Sender(Protocol):
    def send(
        self, url: str, body: bytes, headers: Mapping[str, str], kind: OrganisationKind
    ) -> Answer: ...


@dataclass(frozen=True)
class HttpSender:
    """Sends over HTTP/1.1.

    Attributes:
        hosts: which hosts may be called for each kind of organisation.
        seconds: what one attempt may take, from the name's resolution to the status.
        trust: the certificates that are trusted; None for the system's.
    """

    hosts: HostsFor
    seconds: float
    trust: ssl.SSLContext | None = None

    def send(
        self, url: str, body: bytes, headers: Mapping[str, str], kind: OrganisationKind
    ) -> Answer:
        backend = _Judged(self.hosts[kind], time.monotonic() + self.seconds)
        trust = self.trust or ssl.create_default_context()
        sent = [(name.encode(), value.encode()) for name, value in headers.items()]
        try:
            with (
                httpcore.ConnectionPool(trust, network_backend=backend, retries=0) as pool,
                pool.stream("POST", url, headers=sent, content=body) as response,
            ):
                return _answer(response.status)
        except socket.gaierror:
            return Answer(cause=Cause.UNKNOWN_HOST)
        except ForbiddenAddress:
            return Answer(cause=Cause.FORBIDDEN)
        except httpcore.TimeoutException:
            return Answer(cause=Cause.NO_ANSWER)
        except httpcore.ConnectError as error:
            return Answer(cause=Cause.NOT_TRUSTED if _is_tls(error) else Cause.UNREACHABLE)
        except (httpcore.NetworkError, httpcore.ProtocolError, UnicodeError):
            return Answer(cause=Cause.BROKEN)


def _answer(status: int) -> Answer:
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Answer(status)
    if status == HTTPStatus.GONE:
        return Answer(status, Cause.GONE)
    if status < HTTPStatus.BAD_REQUEST:
        return Answer(status, Cause.REDIRECTED)
    if status in _LATER:
        return Answer(status, Cause.BUSY)
    is_theirs = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return Answer(status, Cause.FAILED if is_theirs else Cause.REFUSED)


class _Judged(httpcore.NetworkBackend):
    """Connects to judged addresses only, before the deadline."""

    def __init__(self, hosts: Hosts, deadline: float) -> None:
        self._hosts = hosts
        self._deadline = deadline
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = _in_time(lambda: self._hosts.addresses(host, port), self._deadline)
        failure: Exception = httpcore.ConnectError("no address")
        for address in addresses:
            try:
                left = _left(self._deadline)
                return _Timed(self._sockets.connect_tcp(address, port, left), self._deadline)
            except httpcore.ConnectError as error:
                failure = error
        raise failure


class _Timed(httpcore.NetworkStream):
    """A connection all of whose reads and writes share one deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(self._deadline)
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _is_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _in_time(ask: Callable[[], Sequence[str]], deadline: float) -> Sequence[str]:
    """Ask for addresses within the deadline: the system's resolver knows none.

    A resolver that hangs keeps its thread until it gives up by itself; nobody waits for that.
    """
    done: SimpleQueue[Sequence[str] | Exception] = SimpleQueue()

    def run() -> None:
        try:
            done.put(ask())
        except Exception as error:  # noqa: BLE001 - raised again by who waits
            done.put(error)

    Thread(target=run, name="webhook-resolve", daemon=True).start()
    try:
        found = done.get(timeout=_left(deadline))
    except Empty:
        raise httpcore.ConnectTimeout("no answer from the resolver in time") from None
    if isinstance(found, Exception):
        raise found
    return found


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the deadline has passed")
    return left
