"""JSON of accounts: who I am, and the keys of my programs."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from vigil.kernel.errors import Unauthenticated
from vigil.kernel.identity import repository, service
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import ApiToken
from vigil.kernel.identity.roles import Permission, Role
from vigil.kernel.web.dependencies import Reading, SignedInDep, Writing

MAX_DAYS = 366

# Not an ApiRoute: the key of a new token is answered once and must be kept nowhere.
router = APIRouter(prefix="/api/v1", tags=["account"])


class GrantOut(BaseModel):
    role: Role
    site_id: str | None


class Me(BaseModel):
    """The caller. `sites` is null for who may read every site."""

    id: str
    organisation_id: str | None
    grants: list[GrantOut]
    permissions: list[Permission]
    sites: list[str] | None

    @classmethod
    def of(cls, actor: Actor) -> "Me":
        return cls(
            id=actor.id,
            organisation_id=actor.organisation_id,
            grants=[GrantOut(role=g.role, site_id=g.site_id) for g in actor.grants],
            permissions=[permission for permission in Permission if actor.may(permission)],
            sites=None if actor.sites is None else sorted(actor.sites),
        )


class TokenIn(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"name": "nightly export", "scopes": ["surveillance:read"], "days": 90}]
        },
    )
    name: Annotated[str, Field(min_length=1, max_length=100)]
    scopes: Annotated[list[Permission], Field(min_length=1)]
    days: Annotated[int, Field(ge=1, le=MAX_DAYS)] = 90


class TokenOut(BaseModel):
    id: str
    name: str
    scopes: list[Permission]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None

    @classmethod
    def of(cls, token: ApiToken) -> "TokenOut":
        return cls.model_validate(token.model_dump(exclude={"digest", "user_id"}))


class NewToken(TokenOut):
    """A token that was just issued. `key` is shown this once."""

    key: str


class TokenList(BaseModel):
    items: list[TokenOut]


class Revocation(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "The program was retired"}]}
    )
    reason: Annotated[str, Field(min_length=1, max_length=500)]


@router.get("/me")
def me(actor: SignedInDep) -> Me:
    return Me.of(actor)


@router.get("/tokens")
def tokens(session: Reading, actor: SignedInDep) -> TokenList:
    return TokenList(items=[TokenOut.of(token) for token in service.tokens(session, actor)])


@router.post("/tokens", status_code=201)
def issue_token(
    session: Writing, actor: SignedInDep, body: TokenIn, response: Response
) -> NewToken:
    user = repository.user(session, actor.id)
    if user is None:
        raise Unauthenticated("A token belongs to a person.")
    token, key = service.issue_token(
        session,
        actor,
        email=user.email,
        name=body.name,
        scopes=body.scopes,
        life=timedelta(days=body.days),
    )
    response.headers["Location"] = "/api/v1/tokens"
    return NewToken(**TokenOut.of(token).model_dump(), key=key)


@router.post("/tokens/{token_id}/revocation", status_code=204)
def revoke_token(session: Writing, actor: SignedInDep, token_id: str, body: Revocation) -> None:
    service.revoke_token(session, actor, token_id, body.reason)
