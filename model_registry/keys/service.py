"""Propose a signing key, trust it, revoke it.

A key speaks for a supplier only after somebody of the network has compared its fingerprint with
the supplier by another way: who can send a key could also send a wrong one. Several may be trusted
at once, so that a supplier changes its key without a day on which nothing can be submitted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.exc import IntegrityError

from model_registry.keys import repository
from model_registry.keys.errors import (
    AlreadyRevoked,
    BadKey,
    KeyKnown,
    NotItsSupplier,
    NotProposed,
    OwnKey,
    UnknownKey,
)
from model_registry.keys.models import KeyStatus, SupplierKey
from model_registry.packages.errors import BrokenPackage
from model_registry.packages.signing_keys import key_id_of, read_public_key
from model_registry.versions.errors import NotTheNetwork
from vigil.kernel.audit import service as audit
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.errors import Fault, Forbidden
from vigil.kernel.identity import repository as identity
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.discretion import without_words
from vigil.kernel.identity.models import Organisation, OrganisationKind
from vigil.kernel.identity.roles import Permission

PAGE: Final = 50
MAX_LABEL: Final = 100
_TRUSTED: Final = ("trusted_by",)
_REVOKED: Final = ("revoked_by", "revoked_reason")


@dataclass(frozen=True)
class KnownKey:
    """What a check of a signature has to know of a key."""

    id: str
    key_id: str
    public_key: bytes
    status: KeyStatus


def propose(
    session: WriteSession,
    actor: Actor,
    *,
    public_key: str,
    label: str,
    reason: str,
    supplier: str | None = None,
) -> SupplierKey:
    """Note a key for the network to trust.

    Args:
        session: to write in.
        actor: somebody of the supplier; or Vigil's operator, who then names the supplier.
        public_key: as PEM, or as 64 hexadecimal digits.
        label: the supplier's name for it, such as where its private half is kept.
        reason: why, for the audit.
        supplier: the organisation's code; the actor's own where it is left out.

    Raises:
        BadKey: it is not an Ed25519 public key, or the label is empty or too long.
        NotItsSupplier: no supplier has the code, or it is not the actor's.
        KeyKnown: it was proposed before, also if it was revoked since.
    """
    actor.require(Permission.SUPPLIER_KEY_WRITE)
    organisation = _supplier(session, actor, supplier)
    raw = _public_half(public_key)
    key = SupplierKey(
        id=session.new_id("key"),
        organisation_id=organisation.id,
        key_id=key_id_of(raw),
        public_key=raw.hex(),
        label=_labelled(label),
        status=KeyStatus.PROPOSED,
        proposed_by=actor.id,
        proposed_at=session.now(),
    )
    if any(known.key_id == key.key_id for known in repository.keys_of(session, organisation.id)):
        raise KeyKnown(f"The key {key.key_id} was proposed before. Make a new one.")
    session.add(key)
    try:
        session.flush()
    except IntegrityError:
        raise KeyKnown(f"The key {key.key_id} is being proposed at this moment.") from None
    audit.record(session, actor, "supplier:key:propose", key.id, reason, key_id=key.key_id)
    return key


def trust(session: WriteSession, actor: Actor, *, row_id: str, reason: str) -> SupplierKey:
    """Let the key speak for its supplier, after its fingerprint was compared another way.

    Raises:
        OwnKey: the actor proposed it, or belongs to the organisation that did.
        NotTheNetwork: the actor's role is for one hospital or one site.
        NotProposed: it is trusted already, or revoked.
    """
    actor.require(Permission.SUPPLIER_KEY_TRUST)
    found = key(session, actor, row_id)
    if actor.id == found.proposed_by or actor.organisation_id == found.organisation_id:
        raise OwnKey("Somebody of the network who did not propose it has to trust it.")
    if not actor.may_everywhere(Permission.SUPPLIER_KEY_TRUST):
        raise NotTheNetwork("A key speaks at every site: the network's own people trust it.")
    if found.status is not KeyStatus.PROPOSED:
        raise NotProposed(f"The key is {found.status.value}.")
    found.status = KeyStatus.TRUSTED
    found.trusted_by, found.trusted_at = actor.id, session.now()
    return _changed(session, actor, found, "trust", reason)


def revoke(session: WriteSession, actor: Actor, *, row_id: str, reason: str) -> SupplierKey:
    """Take trust from a key for good. What it signed before stays, and says so.

    Raises:
        AlreadyRevoked: it was.
    """
    if not may_revoke(actor):
        raise Forbidden("Only its supplier or the network may revoke a key.")
    found = key(session, actor, row_id)
    if found.status is KeyStatus.REVOKED:
        raise AlreadyRevoked("The key was revoked before.")
    found.status = KeyStatus.REVOKED
    found.revoked_by, found.revoked_at = actor.id, session.now()
    found.revoked_reason = reason
    return _changed(session, actor, found, "revoke", reason)


def may_revoke(actor: Actor) -> bool:
    """Whether the actor may revoke those keys that it can read."""
    if actor.supplier_id is not None:
        return actor.may(Permission.SUPPLIER_KEY_WRITE)
    return actor.may_everywhere(Permission.SUPPLIER_KEY_TRUST)


def keys(
    session: ReadSession, actor: Actor, *, before: str | None = None, limit: int = PAGE
) -> Sequence[SupplierKey]:
    """Return keys, the newest first: a supplier's own, everybody else's all."""
    actor.require(Permission.REGISTRY_READ)
    found = repository.keys(session, actor, before=before, limit=limit)
    return [shown_to(session, actor, one) for one in found]


def shown_to(session: ReadSession, actor: Actor, found: SupplierKey) -> SupplierKey:
    """Return a key as the actor may read it: who of the network trusted it, is the network's."""
    if actor.supplier_id is None:
        return found
    own = identity.members_among(session, actor.supplier_id, [found.revoked_by or ""])
    theirs = _TRUSTED if found.revoked_by in own else _TRUSTED + _REVOKED
    return without_words(actor, found, theirs)


def key(session: ReadSession, actor: Actor, row_id: str) -> SupplierKey:
    actor.require(Permission.REGISTRY_READ)
    found = repository.key(session, actor, row_id)
    if found is None:
        raise UnknownKey("No key has this id, or it belongs to another supplier.")
    return found


def known_keys(session: ReadSession, organisation_id: str) -> tuple[KnownKey, ...]:
    """Return every key of an organisation as it stands now, for a check that has no session."""
    return tuple(
        KnownKey(row.id, row.key_id, bytes.fromhex(row.public_key), row.status)
        for row in repository.keys_of(session, organisation_id)
    )


def _supplier(session: ReadSession, actor: Actor, code: str | None) -> Organisation:
    named = identity.organisation_by_code(session, code) if code else None
    if code is None and actor.organisation_id is not None:
        named = identity.organisation(session, actor.organisation_id)
    is_own = actor.is_system or (named is not None and named.id == actor.organisation_id)
    if named is None or named.kind is not OrganisationKind.SUPPLIER or not is_own:
        raise NotItsSupplier("A key is proposed by its own supplier; the operator names its code.")
    return named


def _public_half(text: str) -> bytes:
    if "PRIVATE KEY" in text:
        problem = "a private key, which nobody but its owner may ever see"
        raise BadKey.because([Fault("public_key", problem, "Make a new pair: this one is spoilt")])
    try:
        return read_public_key(text)
    except BrokenPackage as error:
        raise BadKey.because(list(error.faults)) from None


def _labelled(label: str) -> str:
    text = label.strip()
    if not 1 <= len(text) <= MAX_LABEL or not text.isprintable():
        remedy = f"Say in 1 to {MAX_LABEL} characters which key it is"
        raise BadKey.because([Fault("label", "no label", remedy)])
    return text


def _changed(
    session: WriteSession, actor: Actor, key: SupplierKey, verb: str, reason: str
) -> SupplierKey:
    session.add(key)
    session.flush()
    audit.record(session, actor, f"registry:key:{verb}", key.id, reason, key_id=key.key_id)
    return key
