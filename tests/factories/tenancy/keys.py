"""Who may ask for suppliers' signing keys."""

from factories.packages import SIGNING_KEY
from factories.tenancy.claims import Claims, Write
from factories.whole import Network, Party

from model_registry.admission.models import AdmissionCheck
from model_registry.keys import repository
from model_registry.packages.signature import public_bytes
from vigil.kernel.db import WriteSession
from vigil.kernel.parts import Parts

_REASON = {"reason": "because"}
_NEW = {
    "public_key": public_bytes(SIGNING_KEY).hex(),
    "label": "mine",
    "supplier": "{supplier_code}",
    **_REASON,
}


def seed(parts: Parts, network: Network, party: Party) -> dict[str, str]:
    """Each supplier has the key that its version was signed with."""
    with parts.database.write() as session:
        (key,) = repository.keys_of(session, party.supplier.id)
        session.add(_signature(session, party, key.id))
    return {"supplier_key_id": key.id, "supplier_code": party.supplier.ods_code}


def _signature(session: WriteSession, party: Party, row_id: str) -> AdmissionCheck:
    return AdmissionCheck(
        id=session.new_id("adm"),
        version_id=party.version.id,
        name="signature",
        passed=True,
        evidence="signed",
        seconds=0.1,
        at=session.now(),
        supplier_key_id=row_id,
    )


CLAIMS = Claims(
    own=frozenset({"GET /supplier-keys/new", "POST /supplier-keys"}),
    lists={"GET /supplier-keys": "", "GET /api/v1/supplier-keys": ""},
    supplier_things=frozenset(
        {
            "GET /api/v1/supplier-keys/{supplier_key_id}",
            "GET /api/v1/supplier-keys/{supplier_key_id}/versions",
        }
    ),
    writes={
        "POST /api/v1/supplier-keys": [Write(_NEW)],
        "POST /api/v1/supplier-keys/{supplier_key_id}/trust": [Write(_REASON)],
        "POST /api/v1/supplier-keys/{supplier_key_id}/revoke": [Write(_REASON)],
        "POST /supplier-keys/{supplier_key_id}/trust": [Write(_REASON, form=True)],
        "POST /supplier-keys/{supplier_key_id}/revoke": [Write(_REASON, form=True)],
    },
    seed=seed,
)
