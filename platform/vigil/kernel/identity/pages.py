"""Signing in and out, and a person's own account with the keys of their programs."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, ClassVar

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from vigil.kernel.errors import Fault, Unauthenticated
from vigil.kernel.identity import repository, service
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.attempts import TooManyPasswords
from vigil.kernel.identity.errors import BadCredentials
from vigil.kernel.identity.models import ApiToken, User
from vigil.kernel.identity.roles import Permission
from vigil.kernel.keys import BadToken
from vigil.kernel.parts import Parts
from vigil.kernel.web.dependencies import (
    PartsDep,
    Reading,
    SignedInDep,
    Writing,
    cookie_name,
    session_cookie,
)
from vigil.kernel.web.pages import Page, done, local_path, render

router = APIRouter(include_in_schema=False)
# A browser that signed in before is counted by itself (vigil.kernel.identity.attempts).
_KNOWN, _KNOWN_COOKIE, _KNOWN_LIFE = "identity.browser", "vigil_browser", timedelta(days=365)


@dataclass(frozen=True, kw_only=True)
class SignInPage(Page):
    template: ClassVar[str] = "identity/sign_in.html"
    next: str
    email: str = ""
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TokenRow:
    id: str
    name: str
    scopes: str
    expires_at: datetime
    state: str


@dataclass(frozen=True, kw_only=True)
class AccountPage(Page):
    """The page of an account. `new_key` is set once, right after a token was issued."""

    template: ClassVar[str] = "identity/account.html"
    user: User
    grants: list[str]
    permissions: list[Permission]
    tokens: list[TokenRow]
    new_key: str | None = None


@router.get("/sign-in")
def sign_in_form(request: Request, next: str = "/") -> Response:  # noqa: A002 - the URL's word
    return render(request, SignInPage(title="Sign in", next=local_path(next)))


@router.post("/sign-in")
def sign_in(
    *,
    request: Request,
    parts: PartsDep,
    email: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",  # noqa: A002 - the form's word
) -> Response:
    try:
        known = _known_browser(request, parts, email)
        token = service.sign_in(parts.database, email, password, known_browser=known)
    except BadCredentials as error:
        fault = Fault("email", error.detail.rstrip("."), "Check both and try again")
        return _sign_in_again(request, next, email, fault, HTTPStatus.UNAUTHORIZED)
    except TooManyPasswords as error:
        problem, _, remedy = error.detail.rstrip(".").partition(". ")
        fault = Fault(
            "email", problem, f"{remedy}, or use a browser you have signed in with before"
        )
        return _sign_in_again(request, next, email, fault, HTTPStatus.TOO_MANY_REQUESTS)
    response = RedirectResponse(local_path(next), status_code=HTTPStatus.SEE_OTHER)
    response.set_cookie(
        cookie_name(parts.settings),
        token,
        max_age=int(service.SESSION_LIFE.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=parts.settings.cookie_secure,
    )
    _know_again(response, parts, email)
    return response


@router.post("/sign-out")
def sign_out(request: Request, session: Writing, parts: PartsDep, actor: SignedInDep) -> Response:
    service.sign_out(session, actor, session_cookie(request) or "")
    response = RedirectResponse("/sign-in", status_code=HTTPStatus.SEE_OTHER)
    response.delete_cookie(
        cookie_name(parts.settings), httponly=True, secure=parts.settings.cookie_secure
    )
    return response


@router.get("/account")
def account(request: Request, session: Reading, actor: SignedInDep) -> Response:
    tokens = service.tokens(session, actor)
    return render(request, _account(_person(session, actor), actor, tokens, session.now()))


@router.post("/account/tokens")
def issue_token(
    *,
    request: Request,
    session: Writing,
    actor: SignedInDep,
    name: Annotated[str, Form(min_length=1, max_length=100)],
    scopes: Annotated[list[Permission], Form()],
    days: Annotated[int, Form(ge=1, le=366)],
) -> Response:
    person = _person(session, actor)
    _, key = service.issue_token(
        session, actor, email=person.email, name=name, scopes=scopes, life=timedelta(days=days)
    )
    session.flush()
    tokens = service.tokens(session, actor)
    return render(request, _account(person, actor, tokens, session.now(), new_key=key))


@router.post("/account/tokens/{token_id}/revoke")
def revoke_token(
    request: Request,
    session: Writing,
    actor: SignedInDep,
    token_id: str,
    reason: Annotated[str, Form()] = "",
) -> Response:
    service.revoke_token(session, actor, token_id, reason)
    return done(request, "/account", "Token revoked")


def _sign_in_again(
    request: Request, path: str, email: str, fault: Fault, status: HTTPStatus
) -> Response:
    page = SignInPage(title="Sign in", next=local_path(path), email=email, faults=(fault,))
    return render(request, page, status)


def _known_browser(request: Request, parts: Parts, email: str) -> str:
    """Return what stands for this browser, if this person has signed in with it before."""
    try:
        mark = parts.keys.open(
            _KNOWN, request.cookies.get(_KNOWN_COOKIE, ""), parts.database.clock()
        )
    except BadToken:
        return ""
    return str(mark["id"]) if mark["who"] == _who(parts, email) else ""


def _know_again(response: Response, parts: Parts, email: str) -> None:
    mark = {"id": secrets.token_hex(16), "who": _who(parts, email)}
    response.set_cookie(
        _KNOWN_COOKIE,
        parts.keys.sign(_KNOWN, mark, parts.database.clock() + _KNOWN_LIFE),
        max_age=int(_KNOWN_LIFE.total_seconds()),
        path="/sign-in",
        httponly=True,
        samesite="lax",
        secure=parts.settings.cookie_secure,
    )


def _who(parts: Parts, email: str) -> str:
    return parts.keys.pseudonym(_KNOWN, email.strip().lower())


def _person(session: Reading, actor: Actor) -> User:
    user = repository.user(session, actor.id)
    if user is None:
        raise Unauthenticated("This account is closed.")
    return user


def _account(
    user: User,
    actor: Actor,
    tokens: Sequence[ApiToken],
    now: datetime,
    new_key: str | None = None,
) -> AccountPage:
    return AccountPage(
        title="Your account",
        user=user,
        grants=sorted({grant.role.value for grant in actor.grants}),
        permissions=[permission for permission in Permission if actor.may(permission)],
        tokens=[_row(token, now) for token in tokens],
        new_key=new_key,
    )


def _row(token: ApiToken, now: datetime) -> TokenRow:
    state = "expired" if token.expires_at <= now else "active"
    return TokenRow(
        id=token.id,
        name=token.name,
        scopes=", ".join(token.scopes),
        expires_at=token.expires_at,
        state="revoked" if token.revoked_at else state,
    )
