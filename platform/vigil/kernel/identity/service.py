"""Organisations, sites, people and their keys: who there is, and who is speaking now."""

import functools
import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from vigil.kernel.audit import service as audit
from vigil.kernel.db import Database, ReadSession, WriteSession
from vigil.kernel.errors import Fault, Forbidden, Invalid
from vigil.kernel.identity import attempts, repository
from vigil.kernel.identity.actor import Actor, Grant, system_actor
from vigil.kernel.identity.errors import (
    AlreadyThere,
    BadCredentials,
    UnknownOrganisation,
    UnknownSite,
    UnknownUser,
)
from vigil.kernel.identity.models import (
    ApiToken,
    Organisation,
    OrganisationKind,
    RoleGrant,
    Site,
    User,
    WebSession,
)
from vigil.kernel.identity.roles import Permission, Role

SESSION_LIFE = timedelta(hours=10)
MIN_PASSWORD = 12
_HASHER = PasswordHasher()
# Whose deed it is that a stranger is refused at the door.
_DOOR = system_actor("sign-in")


@dataclass(frozen=True)
class SignedIn:
    """A browser session: the actor, the token its forms must carry, and how it reads its name."""

    actor: Actor
    csrf_token: str
    name: str


def create_organisation(
    session: WriteSession, actor: Actor, *, ods_code: str, name: str, kind: OrganisationKind
) -> Organisation:
    actor.require(Permission.ORGANISATION_WRITE)
    if repository.organisation_by_code(session, ods_code):
        raise AlreadyThere(f"An organisation with the code {ods_code} exists.")
    organisation = Organisation(
        id=session.new_id("org"), ods_code=ods_code, name=name, kind=kind, created_at=session.now()
    )
    session.add(organisation)
    session.flush()
    _note(session, actor, "organisation:create", organisation.id, f"{kind.value} {ods_code}")
    return organisation


def create_site(
    session: WriteSession, actor: Actor, *, organisation_code: str, ods_code: str, name: str
) -> Site:
    actor.require(Permission.SITE_WRITE)
    organisation = repository.organisation_by_code(session, organisation_code)
    if organisation is None:
        raise UnknownOrganisation(f"No organisation has the code {organisation_code}.")
    if organisation.kind is not OrganisationKind.PROVIDER:
        fault = Fault("organisation", f"a {organisation.kind.value}", "Name a provider")
        raise Invalid.because([fault])
    if repository.site_by_code(session, actor, ods_code):
        raise AlreadyThere(f"A site with the code {ods_code} exists.")
    site = Site(
        id=session.new_id("site"),
        organisation_id=organisation.id,
        ods_code=ods_code,
        name=name,
        created_at=session.now(),
    )
    session.add(site)
    session.flush()
    _note(session, actor, "site:create", site.id, f"{organisation_code}/{ods_code}")
    return site


def create_user(
    session: WriteSession,
    actor: Actor,
    *,
    organisation_code: str,
    email: str,
    name: str,
    password: str,
    roles: Iterable[Grant],
    professional_body: str | None = None,
    registration_number: str | None = None,
) -> User:
    actor.require(Permission.USER_WRITE)
    grants = tuple(roles)
    faults = _user_faults(email, password, grants, registration_number)
    if faults:
        raise Invalid.because(faults)
    organisation = repository.organisation_by_code(session, organisation_code)
    if organisation is None:
        raise UnknownOrganisation(f"No organisation has the code {organisation_code}.")
    if repository.user_by_email(session, email):
        raise AlreadyThere("A user with this address exists.")
    user = User(
        id=session.new_id("usr"),
        organisation_id=organisation.id,
        email=_plain(email),
        name=name,
        password_hash=_HASHER.hash(password),
        professional_body=professional_body,
        registration_number=registration_number,
        created_at=session.now(),
    )
    session.add(user)
    session.flush()
    for grant in grants:
        session.add(
            RoleGrant(
                id=session.new_id("rg"),
                user_id=user.id,
                role=grant.role,
                site_id=grant.site_id,
                granted_at=session.now(),
            )
        )
    session.flush()
    _note(session, actor, "user:create", user.id, ", ".join(g.role.value for g in grants))
    return user


def _user_faults(
    email: str, password: str, grants: tuple[Grant, ...], registration: str | None
) -> list[Fault]:
    faults = []
    if "@" not in email:
        faults.append(Fault("email", "not an address", "Give one such as name@example.org"))
    if len(password) < MIN_PASSWORD:
        remedy = f"Use at least {MIN_PASSWORD} characters"
        faults.append(Fault("password", "too short", remedy))
    if any(grant.role is Role.CSO for grant in grants) and not registration:
        # DCB0129 2.3: the officer holds a current registration with a professional body.
        remedy = "Give the professional registration number"
        faults.append(Fault("registration_number", "missing for a CSO", remedy))
    return faults


def site(session: ReadSession, actor: Actor, ods_code: str) -> Site:
    """Return a site by its code, if the actor may read it."""
    found = repository.site_by_code(session, actor, ods_code)
    if found is None:
        raise UnknownSite(f"No site has the code {ods_code}.")
    return found


def actor_for(session: ReadSession, user: User, scopes: list[str] | None = None) -> Actor:
    """Build the actor for a person: what they may read follows from their organisation."""
    organisation = repository.organisation(session, user.organisation_id)
    if organisation is None or not user.active:
        raise BadCredentials("This account is closed.")
    grants = tuple(Grant(g.role, g.site_id) for g in repository.grants_of(session, user.id))
    is_supplier = organisation.kind is OrganisationKind.SUPPLIER
    return Actor(
        id=user.id,
        label=f"{user.id} ({', '.join(sorted({g.role.value for g in grants}))})",
        organisation_id=organisation.id,
        grants=grants,
        sites=_sites_of(session, organisation, grants),
        supplier_id=organisation.id if is_supplier else None,
        scopes=None if scopes is None else frozenset(Permission(s) for s in scopes),
    )


def actors_now(session: ReadSession, user_ids: Iterable[str]) -> dict[str, Actor]:
    """Return people as the actors that they are now, by their ids; a closed account is none.

    For what rests on somebody's word: the word counts while the person may still give it.
    """
    return {
        user.id: actor_for(session, user) for user in repository.active_users(session, user_ids)
    }


def _sites_of(
    session: ReadSession, organisation: Organisation, grants: tuple[Grant, ...]
) -> frozenset[str] | None:
    if organisation.kind is OrganisationKind.NETWORK:
        return None
    if organisation.kind is OrganisationKind.SUPPLIER:
        return frozenset()
    own = repository.site_ids_of(session, organisation.id)
    if any(grant.site_id is None for grant in grants):
        return own
    return own & {grant.site_id for grant in grants if grant.site_id}


def sign_in(database: Database, email: str, password: str, *, known_browser: str = "") -> str:
    """Open a browser session and return the token for its cookie.

    The password is verified before anything else is written: it takes long on purpose, and nobody
    else is to wait for it.

    Args:
        database: where people and attempts are.
        email: whose account.
        password: as it was typed.
        known_browser: what stands for a browser that signed in as this person before.

    Raises:
        BadCredentials: the address or the password is wrong; which one is not said.
        TooManyPasswords: too many were wrong already.
    """
    key = f"browser:{known_browser}" if known_browser else f"account:{_digest(_plain(email))}"
    count = attempts.begin(database, key, attempts.MOST_AT_SIGN_IN)
    with database.read() as session:
        user = repository.user_by_email(session, email)
    if not _is_right(user, password) or user is None:
        _note_wrong(database, _DOOR, user, "at sign-in", count, attempts.MOST_AT_SIGN_IN)
        raise BadCredentials("The address or the password is wrong.")
    with database.write() as session:
        attempts.forget(session, key)
        return _open_session(session, user)


def confirm_password(database: Database, actor: Actor, cookie: str | None, password: str) -> None:
    """Go on only if the one who is signed in can say the password again: it is for a signature.

    Asked before the transaction of the signature is opened, for the reason that `sign_in` has.

    Raises:
        BadCredentials: it is wrong, or the actor is no person.
        TooManyPasswords: too many were wrong already in this browser session.
    """
    key = f"signature:{actor.id}:{_digest(cookie or '')}"
    count = attempts.begin(database, key, attempts.MOST_AT_A_SIGNATURE)
    with database.read() as session:
        user = repository.user(session, actor.id)
    if not _is_right(user, password):
        _note_wrong(database, actor, user, "at a signature", count, attempts.MOST_AT_A_SIGNATURE)
        raise BadCredentials("The password is wrong.")
    with database.write() as session:
        attempts.forget(session, key)


def _is_right(user: User | None, password: str) -> bool:
    """Whether it is this person's password; takes as long where there is no such person."""
    try:
        _HASHER.verify(user.password_hash if user else _nobodys_hash(), password)
    except (VerificationError, InvalidHashError):
        return False
    return user is not None and user.active


def _note_wrong(
    database: Database, actor: Actor, user: User | None, where: str, count: int, most: int
) -> None:
    # An address that nobody has is nobody's matter; and who makes some up fills no audit.
    if user is None:
        return
    deed = "locked" if count >= most else "wrong"
    reason = f"a wrong password {where}"
    with database.write() as session:
        audit.record(session, actor, f"account:password:{deed}", user.id, reason, in_a_row=count)


def _plain(email: str) -> str:
    return email.strip().lower()


def _open_session(session: WriteSession, user: User) -> str:
    token = secrets.token_urlsafe(32)
    session.add(
        WebSession(
            id=_digest(token),
            user_id=user.id,
            csrf_token=secrets.token_urlsafe(32),
            created_at=session.now(),
            expires_at=session.now() + SESSION_LIFE,
        )
    )
    _note(session, actor_for(session, user), "session:open", user.id, "signed in")
    return token


@functools.cache
def _nobodys_hash() -> str:
    """Verified when the address is unknown: that must take as long as a wrong password does."""
    return _HASHER.hash(secrets.token_hex(16))


def sign_out(session: WriteSession, actor: Actor, token: str) -> None:
    row = repository.web_session(session, _digest(token))
    if row is not None:
        session.delete(row)
        session.flush()
        _note(session, actor, "session:close", row.user_id, "signed out")


def signed_in(session: ReadSession, token: str) -> SignedIn | None:
    """Return who holds this cookie, or None where it is unknown or too old."""
    row = repository.web_session(session, _digest(token))
    if row is None or row.expires_at <= session.now():
        return None
    user = repository.user(session, row.user_id)
    if user is None or not user.active:
        return None
    return SignedIn(actor_for(session, user), row.csrf_token, user.name)


def issue_token(
    session: WriteSession,
    actor: Actor,
    *,
    email: str,
    name: str,
    scopes: Iterable[Permission],
    life: timedelta,
) -> tuple[ApiToken, str]:
    """Issue a key for a program that acts for a person, within `scopes`, until it expires.

    Returns:
        The row and the key itself, which is shown once and never stored.
    """
    user = repository.user_by_email(session, email)
    if user is None:
        raise UnknownUser("No user has this address.")
    if user.id != actor.id:
        actor.require(Permission.USER_WRITE)
    wanted = frozenset(scopes)
    if actor.scopes is not None and not wanted <= actor.scopes:
        raise Forbidden("A token cannot issue one that may do more than itself.")
    key = f"vigil_{secrets.token_urlsafe(32)}"
    token = ApiToken(
        id=session.new_id("tok"),
        user_id=user.id,
        name=name,
        digest=_digest(key),
        scopes=sorted(scope.value for scope in wanted),
        created_at=session.now(),
        expires_at=session.now() + life,
    )
    session.add(token)
    _note(session, actor, "token:issue", token.id, f"{name}: {', '.join(token.scopes)}")
    return token, key


def tokens(session: ReadSession, actor: Actor) -> Sequence[ApiToken]:
    """List the actor's own keys, newest first."""
    return repository.tokens_of(session, actor.id)


def users(session: ReadSession, actor: Actor) -> Sequence[User]:
    actor.require(Permission.USER_WRITE)
    return repository.users(session)


def organisations(session: ReadSession, actor: Actor) -> Sequence[Organisation]:
    actor.require(Permission.ORGANISATION_WRITE)
    return repository.organisations(session)


def revoke_token(session: WriteSession, actor: Actor, token_id: str, reason: str) -> None:
    token = repository.api_token(session, token_id)
    if token is None:
        raise UnknownUser("No such token.")
    if token.user_id != actor.id:
        actor.require(Permission.USER_WRITE)
    token.revoked_at = session.now()
    session.add(token)
    audit.record(session, actor, "account:token:revoke", token.id, reason)


def bearer(session: ReadSession, key: str) -> Actor:
    """Return the actor for an API key.

    Raises:
        BadCredentials: the key is unknown, expired or revoked.
    """
    token = repository.api_token_by_digest(session, _digest(key))
    if token is None or token.revoked_at or token.expires_at <= session.now():
        raise BadCredentials("The token is unknown, expired or revoked. Ask for a new one.")
    user = repository.user(session, token.user_id)
    if user is None:
        raise BadCredentials("The token's owner is gone.")
    return actor_for(session, user, token.scopes)


def _digest(secret: str) -> str:
    # 32 random bytes cannot be guessed, so a fast digest is enough; passwords get argon2.
    return hashlib.sha256(secret.encode()).hexdigest()


def _note(session: WriteSession, actor: Actor, deed: str, subject: str, reason: str) -> None:
    audit.record(session, actor, f"account:{deed}", subject, reason)
