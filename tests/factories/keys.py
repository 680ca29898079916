"""Suppliers' signing keys for tests."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from factories.packages import SIGNING_KEY

from model_registry.keys.models import KeyStatus, SupplierKey
from model_registry.keys.repository import keys_of
from model_registry.packages.signature import key_id_of, public_bytes
from vigil.kernel.db import WriteSession
from vigil.kernel.identity import repository
from vigil.kernel.identity.models import OrganisationKind


def create_key(
    session: WriteSession,
    organisation_id: str,
    key: Ed25519PrivateKey = SIGNING_KEY,
    status: KeyStatus = KeyStatus.TRUSTED,
) -> SupplierKey:
    """A key as it stands after people dealt with it."""
    raw = public_bytes(key)
    row = SupplierKey(
        id=session.new_id("key"),
        organisation_id=organisation_id,
        key_id=key_id_of(raw),
        public_key=raw.hex(),
        label="release server",
        status=status,
        proposed_by="usr_supplier",
        proposed_at=session.now(),
    )
    session.add(row)
    session.flush()
    return row


def trust_signing_key(session: WriteSession, supplier: str) -> None:
    """Let the tests' own key sign for a supplier, where it does not yet."""
    organisation = repository.organisation_by_code(session, supplier)
    if organisation is None or organisation.kind is not OrganisationKind.SUPPLIER:
        return
    if not keys_of(session, organisation.id):
        create_key(session, organisation.id)
