"""The signing keys as a page: a supplier proposes its own, the network trusts or revokes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from model_registry.keys import service
from model_registry.keys.models import KeyStatus, SupplierKey
from vigil.kernel.errors import Fault, Invalid
from vigil.kernel.identity import repository as identity
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import Reading, Writing, allowed
from vigil.kernel.web.page import CursorDep, next_url
from vigil.kernel.web.pages import Page, done, render

router = APIRouter(include_in_schema=False)
Reader = Annotated[Actor, Depends(allowed(Permission.REGISTRY_READ))]
Proposer = Annotated[Actor, Depends(allowed(Permission.SUPPLIER_KEY_WRITE))]
Truster = Annotated[Actor, Depends(allowed(Permission.SUPPLIER_KEY_TRUST))]
Reason = Annotated[str, Form(max_length=2000)]
PATH = "/supplier-keys"


@dataclass(frozen=True)
class KeyLine:
    """A key, whose it is, and what the reader may do with it."""

    key: SupplierKey
    supplier: str
    may_trust: bool
    may_revoke: bool


@dataclass(frozen=True, kw_only=True)
class KeysPage(Page):
    template: ClassVar[str] = "keys/keys.html"
    lines: Sequence[KeyLine]
    next_url: str | None
    may_propose: bool


@dataclass(frozen=True, kw_only=True)
class ProposePage(Page):
    template: ClassVar[str] = "keys/propose.html"
    faults: Sequence[Fault] = ()
    public_key: str = ""
    label: str = ""
    reason: str = ""


@router.get(PATH)
def list_keys(request: Request, session: Reading, actor: Reader, cursor: CursorDep) -> Response:
    found = service.keys(session, actor, before=cursor.after, limit=cursor.limit + 1)
    kept, following = cursor.cut(found, lambda key: key.id)
    names = {one.id: one.name for one in identity.organisations(session)} if kept else {}
    page = KeysPage(
        title="Signing keys of suppliers",
        lines=[_line(actor, key, names[key.organisation_id]) for key in kept],
        next_url=next_url(request, following) if following else None,
        may_propose=actor.supplier_id is not None and actor.may(Permission.SUPPLIER_KEY_WRITE),
    )
    return render(request, page)


@router.get(f"{PATH}/new", dependencies=[Depends(allowed(Permission.SUPPLIER_KEY_WRITE))])
def new_key(request: Request) -> Response:
    return render(request, ProposePage(title="Propose a signing key"))


@router.post(PATH)
def propose_key(
    *,
    request: Request,
    session: Writing,
    actor: Proposer,
    public_key: Annotated[str, Form(max_length=2000)] = "",
    label: Annotated[str, Form(max_length=200)] = "",
    reason: Reason = "",
) -> Response:
    try:
        with session.begin_nested():
            service.propose(session, actor, public_key=public_key, label=label, reason=reason)
    except Invalid as error:
        page = ProposePage(
            title="Propose a signing key",
            faults=error.faults,
            public_key="" if "PRIVATE" in public_key else public_key,
            label=label,
            reason=reason,
        )
        return render(request, page, status=error.status)
    said = "The key is proposed. Somebody of the network has to trust it before you submit."
    return done(request, PATH, said)


@router.post(f"{PATH}/{{supplier_key_id}}/trust")
def trust_key(
    *,
    request: Request,
    session: Writing,
    actor: Truster,
    supplier_key_id: str,
    reason: Reason = "",
) -> Response:
    key = service.trust(session, actor, row_id=supplier_key_id, reason=reason)
    return done(request, PATH, f"The key {key.key_id} is trusted")


@router.post(f"{PATH}/{{supplier_key_id}}/revoke")
def revoke_key(
    *,
    request: Request,
    session: Writing,
    actor: Reader,
    supplier_key_id: str,
    reason: Reason = "",
) -> Response:
    key = service.revoke(session, actor, row_id=supplier_key_id, reason=reason)
    return done(request, PATH, f"The key {key.key_id} is revoked")


def _line(actor: Actor, key: SupplierKey, supplier: str) -> KeyLine:
    is_own = key.organisation_id == actor.organisation_id
    may_trust = actor.may_everywhere(Permission.SUPPLIER_KEY_TRUST)
    return KeyLine(
        key=key,
        supplier=supplier,
        may_trust=may_trust and not is_own and key.status is KeyStatus.PROPOSED,
        may_revoke=service.may_revoke(actor) and key.status is not KeyStatus.REVOKED,
    )
