"""Suppliers' signing keys over HTTP: list, show, propose, trust, revoke."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from model_registry.keys import service
from model_registry.keys.models import KeyStatus, SupplierKey
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.body import Body
from vigil.kernel.web.dependencies import Reading, Writing, allowed
from vigil.kernel.web.page import CursorDep, Listing, link_next
from vigil.kernel.web.route import ApiRoute

router = APIRouter(prefix="/api/v1/supplier-keys", tags=["supplier keys"], route_class=ApiRoute)

Reader = Annotated[Actor, Depends(allowed(Permission.REGISTRY_READ))]
Proposer = Annotated[Actor, Depends(allowed(Permission.SUPPLIER_KEY_WRITE))]
Truster = Annotated[Actor, Depends(allowed(Permission.SUPPLIER_KEY_TRUST))]


class NewKey(Body):
    """A public key to propose; `supplier` is the organisation's code, your own if left out."""

    public_key: str = Field(max_length=2000, description="PEM, or 64 hexadecimal digits")
    label: str = Field(max_length=service.MAX_LABEL, examples=["release server, 2026"])
    reason: str
    supplier: str | None = Field(default=None, max_length=64)


class Reason(Body):
    reason: str


class KeyFacts(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    organisation_id: str
    key_id: str
    public_key: str
    label: str
    status: KeyStatus
    proposed_by: str
    proposed_at: datetime
    trusted_by: str | None
    trusted_at: datetime | None
    revoked_by: str | None
    revoked_at: datetime | None
    revoked_reason: str | None


@router.get("")
def list_keys(
    request: Request, response: Response, session: Reading, actor: Reader, cursor: CursorDep
) -> Listing[KeyFacts]:
    found = service.keys(session, actor, before=cursor.after, limit=cursor.limit + 1)
    items, next_cursor = cursor.cut(found, lambda key: key.id)
    link_next(request, response, next_cursor)
    return Listing(items=[_facts(key) for key in items], next_cursor=next_cursor)


@router.post("", status_code=201)
def propose_key(body: NewKey, session: Writing, actor: Proposer, response: Response) -> KeyFacts:
    """Propose a key. Somebody of the network has to trust it before it signs anything."""
    key = service.propose(session, actor, **body.model_dump())
    response.headers["Location"] = f"{router.prefix}/{key.id}"
    return _facts(key)


@router.get("/{supplier_key_id}")
def show_key(supplier_key_id: str, session: Reading, actor: Reader) -> KeyFacts:
    found = service.key(session, actor, supplier_key_id)
    return _facts(service.shown_to(session, actor, found))


@router.post("/{supplier_key_id}/trust")
def trust_key(supplier_key_id: str, body: Reason, session: Writing, actor: Truster) -> KeyFacts:
    """Trust a key whose fingerprint you compared with the supplier another way."""
    return _facts(service.trust(session, actor, row_id=supplier_key_id, reason=body.reason))


@router.post("/{supplier_key_id}/revoke")
def revoke_key(supplier_key_id: str, body: Reason, session: Writing, actor: Reader) -> KeyFacts:
    """Revoke a key, for good: its supplier may, and who may trust."""
    return _facts(service.revoke(session, actor, row_id=supplier_key_id, reason=body.reason))


def _facts(key: SupplierKey) -> KeyFacts:
    return KeyFacts.model_validate(key)
