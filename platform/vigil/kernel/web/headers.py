"""The outermost layer of every answer: security headers, the request's metrics, the last catch.

An exception that nobody foresaw is logged by type and place only and answered as a plain 500: its
text may quote the data that caused it (design invariant 8).
"""

import secrets
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

from fastapi import Request
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vigil.kernel.telemetry import logger

_POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-src 'self'; frame-ancestors 'none'; manifest-src 'self'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # `no-referrer` would turn the Origin of our own forms into `null`.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # Pages hold clinical data: no shared computer keeps them. Routes that may be kept say so.
    "Cache-Control": "no-store",
}
_HSTS = "max-age=31536000; includeSubDomains"


class RequestMetrics:
    """How many requests, how long. Labelled by the route's template, never by the path."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "vigil_http_requests", "HTTP requests", ["method", "route", "status"], registry=registry
        )
        self._duration = Histogram(
            "vigil_http_request_duration_seconds",
            "Time until an HTTP request is answered",
            ["method", "route"],
            registry=registry,
        )

    def count(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        self._requests.labels(scope["method"], route, str(status)).inc()
        self._duration.labels(scope["method"], route).observe(seconds)


class Outermost:
    """ASGI middleware around everything."""

    def __init__(
        self,
        app: ASGIApp,
        metrics: RequestMetrics,
        answer_failure: Callable[[Request], Response],
        *,
        secure: bool,
    ) -> None:
        self.app = app
        self.metrics = metrics
        self.answer_failure = answer_failure
        self.headers = {**_HEADERS, **({"Strict-Transport-Security": _HSTS} if secure else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        nonce = secrets.token_urlsafe(16)
        scope.setdefault("state", {})["nonce"] = nonce
        answer = _Answer(send, {**self.headers, "Content-Security-Policy": _policy(nonce)})
        started = perf_counter()
        try:
            await self._handle(scope, receive, answer)
        finally:
            self.metrics.count(scope, answer.status, perf_counter() - started)

    async def _handle(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        try:
            await self.app(scope, receive, answer)
        except Exception as error:  # noqa: BLE001 - the last catch; logged without its text
            logger("web").error("request failed", exc_info=error)
            if not answer.begun:
                await self.answer_failure(Request(scope))(scope, receive, answer)


class _Answer:
    """Sends an answer on with the headers that it lacks, and remembers its status."""

    def __init__(self, send: Callable[[Message], Awaitable[None]], headers: dict[str, Any]) -> None:
        self._send = send
        self._headers = headers
        self.begun = False
        self.status = 500

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun, self.status = True, message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in self._headers.items():
                headers.setdefault(name, value)
        await self._send(message)


def _policy(nonce: str) -> str:
    return _POLICY.format(nonce=nonce)
