"""What an endpoint asks for: a session, the parts, and who is calling.

`Writing` commits when the endpoint returns and before the answer leaves: `scope="function"` makes a
failed commit a 500, where FastAPI's default would already have said 201
(docs/adr/0003-commit-before-the-answer.md).
"""

import hmac
from collections.abc import Callable, Iterator
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security.utils import get_authorization_scheme_param

from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.errors import Forbidden, Unauthenticated
from vigil.kernel.identity import service as identity
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.errors import BadCredentials
from vigil.kernel.identity.roles import Permission
from vigil.kernel.identity.service import SignedIn
from vigil.kernel.parts import Parts
from vigil.kernel.settings import KernelSettings

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_FIELD = "csrf_token"
CSRF_HEADER = "X-CSRF-Token"
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class ForeignRequest(Forbidden):
    """The request did not come from a page of this server, or from an old one."""

    title = "This form is not valid any more"


def request_parts(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


PartsDep = Annotated[Parts, Depends(request_parts)]


def read_session(parts: PartsDep) -> Iterator[ReadSession]:
    with parts.database.read() as session:
        yield session


def write_session(parts: PartsDep) -> Iterator[WriteSession]:
    with parts.database.write() as session:
        yield session


Reading = Annotated[ReadSession, Depends(read_session, scope="function")]
Writing = Annotated[WriteSession, Depends(write_session, scope="function")]


def cookie_name(settings: KernelSettings) -> str:
    """Return the session cookie's name; browsers bind `__Host-` to this host and to TLS."""
    return "__Host-vigil_session" if settings.cookie_secure else "vigil_session"


def session_cookie(request: Request) -> str | None:
    return request.cookies.get(cookie_name(request_parts(request).settings))


def visitor(request: Request) -> SignedIn | None:
    """Return whose browser this is, or None; asked of the database once a request."""
    if not hasattr(request.state, "visitor"):
        cookie = session_cookie(request)
        request.state.visitor = None
        if cookie:
            with request_parts(request).database.read() as session:
                request.state.visitor = identity.signed_in(session, cookie)
    found: SignedIn | None = request.state.visitor
    return found


VisitorDep = Annotated[SignedIn | None, Depends(visitor)]


def current_actor(request: Request) -> Actor:
    """Return who calls: the holder of the bearer token, else the one signed in by cookie.

    Raises:
        Unauthenticated: nobody. A browser is led to the sign-in page instead.
    """
    if not hasattr(request.state, "actor"):
        request.state.actor = _find_actor(request)
    found: Actor = request.state.actor
    return found


def _find_actor(request: Request) -> Actor:
    header = request.headers.get("Authorization")
    if header is not None:
        scheme, key = get_authorization_scheme_param(header)
        if scheme.lower() != "bearer":
            raise BadCredentials("Send the token as `Authorization: Bearer TOKEN`.")
        with request_parts(request).database.read() as session:
            return identity.bearer(session, key)
    found = visitor(request)
    if found is None:
        raise Unauthenticated("Sign in, or send a token as `Authorization: Bearer TOKEN`.")
    return found.actor


SignedInDep = Annotated[Actor, Depends(current_actor)]


def allowed(permission: Permission) -> Callable[[Actor], Actor]:
    """Return the dependency that lets only those pass who may do this somewhere.

    Where it concerns one site, the service asks again and names the site.
    """

    def check(actor: SignedInDep) -> Actor:
        actor.require(permission)
        return actor

    return check


async def refuse_foreign(request: Request) -> None:
    """Let a change pass only from our own page: every route of the application depends on this.

    Raises:
        ForeignRequest: the origin is not ours, or the session's form token is missing or wrong.
    """
    if request.method in SAFE_METHODS or "Authorization" in request.headers:
        return
    origin = request.headers.get("Origin")
    if session_cookie(request) is None:
        # Nothing to steal without a cookie, but the sign-in form must be ours too.
        if origin is not None and not _is_ours(request, origin):
            raise ForeignRequest("This request came from another site.")
        return
    if origin is None or not _is_ours(request, origin):
        raise ForeignRequest("This request came from another site.")
    found = await run_in_threadpool(visitor, request)
    if found is not None and not hmac.compare_digest(
        (await _sent_token(request)).encode(), found.csrf_token.encode()
    ):
        raise ForeignRequest("Open the page again and repeat what you did.")


def _is_ours(request: Request, origin: str) -> bool:
    settings = request_parts(request).settings
    if settings.public_url is None:
        return origin == f"{request.url.scheme}://{request.url.netloc}"
    public = urlsplit(settings.public_url)
    return origin == f"{public.scheme}://{public.netloc}"


async def _sent_token(request: Request) -> str:
    header = request.headers.get(CSRF_HEADER)
    if header is not None:
        return header
    if not request.headers.get("Content-Type", "").startswith(_FORMS):
        return ""
    field = (await request.form()).get(CSRF_FIELD)
    return field if isinstance(field, str) else ""
