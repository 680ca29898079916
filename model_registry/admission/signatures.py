"""Whether a package is signed by its supplier, with a key that the network trusts."""

from collections.abc import Sequence

from model_registry.admission.verdict import Failed, Found
from model_registry.keys.models import KeyStatus
from model_registry.keys.service import KnownKey
from model_registry.packages.archive import ModelPackage
from model_registry.packages.layout import SIGNATURE
from model_registry.packages.signature import list_faults, signature_of, verify


def signature_found(package: ModelPackage, keys: Sequence[KnownKey]) -> Found:
    """Say who signed it.

    Raises:
        Failed: nobody did, a key that is not trusted, or not these files.
        BrokenPackage: the signature is not one, or not of these files.
    """
    signature = signature_of(package)
    if signature is None:
        raise Failed(
            f"{SIGNATURE}: missing: the package is not signed. Sign it with `vigil package sign` "
            "and a key that the network trusts (`vigil key propose`)"
        )
    key = next((known for known in keys if known.key_id == signature.key_id), None)
    if key is None:
        differing = "".join(f"; {fault}" for fault in list_faults(package, signature))
        raise Failed(
            f"{SIGNATURE}:key_id: the supplier never proposed the key {signature.key_id}. "
            f"Propose it with `vigil key propose`, and ask the network to trust it{differing}",
            # Where only the key is lacking, the same bytes may pass once it is trusted.
            facts=None if differing else {"key_id": signature.key_id},
        )
    verify(package, key.public_key)
    if key.status is not KeyStatus.TRUSTED:
        why = f"{SIGNATURE}:key_id: {_WHY_NOT[key.status].format(key.key_id)}"
        raise Failed(why, key.id, {"key_id": key.key_id})
    return Found(
        f"{len(signature.files)} files signed with the trusted key {key.key_id} (Ed25519)",
        {"key_id": key.key_id, "algorithm": signature.algorithm},
        key.id,
    )


_WHY_NOT = {
    KeyStatus.PROPOSED: "the key {0} is not trusted yet. Ask the network to trust key {0}, then "
    "have the version checked again (`vigil model recheck`)",
    KeyStatus.REVOKED: "the key {0} was revoked. Sign the package with another key",
}
