"""A program that is told, on a real socket, and what a receiver does with what it gets."""

import base64
import hashlib
import hmac
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from factories.identity import SETUP
from factories.steps import InlineSteps

from model_registry.webhooks import service
from model_registry.webhooks.addresses import Hosts
from model_registry.webhooks.models import Webhook, WebhookDelivery
from model_registry.webhooks.sender import HttpSender
from model_registry.webhooks.tasks import WebhookTasks
from vigil.kernel.db import WriteSession
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.parts import Parts

HERE = dict.fromkeys(OrganisationKind, Hosts(frozenset({"127.0.0.1:*"})))


@dataclass(frozen=True)
class Got:
    """A request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Answers with these statuses in turn, the last of them for ever.

    Attributes:
        drip: seconds between the single bytes of an answer that never ends.
    """

    statuses: list[int] = field(default_factory=lambda: [204])
    headers: dict[str, str] = field(default_factory=dict)
    drip: float = 0.0
    got: list[Got] = field(default_factory=list)
    port: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @contextmanager
    def up(self) -> Iterator["Receiver"]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.answer(self)

            def do_GET(self) -> None:
                receiver.answer(self)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        server.daemon_threads = True
        self.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        length = int(request.headers.get("content-length") or 0)
        body = request.rfile.read(length)
        with self._lock:
            names = {name.lower(): value for name, value in request.headers.items()}
            self.got.append(Got(request.path, names, body))
            status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if self.drip:
            self._drip(request)
            return
        request.send_response(status)
        for name, value in self.headers.items():
            request.send_header(name, value)
        request.end_headers()

    def _drip(self, request: BaseHTTPRequestHandler) -> None:
        try:
            request.wfile.write(b"HTTP/1.1 200 OK\r\nx-slow: ")
            while True:
                request.wfile.write(b"a")
                request.wfile.flush()
                time.sleep(self.drip)
        except OSError:
            pass


def verify(secret: str, got: Got) -> bool:
    """What a receiver does, written from the Standard Webhooks text and from nothing of ours."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join(
        [got.headers["webhook-id"].encode(), got.headers["webhook-timestamp"].encode(), got.body]
    )
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
    offered = [one.split(",", 1) for one in got.headers["webhook-signature"].split(" ")]
    return any(
        version == "v1" and hmac.compare_digest(value.encode(), expected)
        for version, value in offered
    )


def create_webhook(
    session: WriteSession,
    parts: Parts,
    url: str = "https://example.org/vigil",
    *,
    topics: Sequence[str] = ("*",),
    organisation: str = "NET",
) -> tuple[Webhook, str]:
    return service.add(
        session,
        SETUP,
        parts.keys,
        HERE,
        url=url,
        topics=topics,
        description="a test",
        reason="test",
        organisation=organisation,
    )


def work(parts: Parts, sender: HttpSender | None = None) -> int:
    """Do what the queue holds and is due, as a worker would; return how much it was."""
    tasks = WebhookTasks(parts, sender or HttpSender(HERE, 2))
    queue: Any = parts.queue
    done = 0
    while waiting := [item for item in queue.enqueued if item.key not in _done(queue)]:
        due = [item for item in waiting if not item.delay]
        if not due:
            break
        _done(queue).add(due[0].key)
        tasks.deliver(InlineSteps(parts.database), *due[0].arguments)
        done += 1
    return done


def pass_delays(parts: Parts) -> None:
    """Let what waits for its time be due; the test's clock is moved by the test."""
    queue: Any = parts.queue
    queue.enqueued[:] = [item._replace(delay=None) for item in queue.enqueued]


def message(parts: Parts, delivery_id: str) -> WebhookDelivery:
    with parts.database.read() as session:
        return session.get_one(WebhookDelivery, delivery_id)


def _done(queue: Any) -> set[str]:
    if not hasattr(queue, "done"):
        queue.done = set()
    done: set[str] = queue.done
    return done
