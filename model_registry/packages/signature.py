"""Who vouches for a package: `signature.json`, an Ed25519 signature over the list of its files.

The list names every other file with its SHA-256 and size, so a signature can be checked offline and
says which file differs. Signed is the canonical JSON (sorted keys, no spaces, ASCII) of the
object without `signature`. Ed25519 has no randomness: the same files and key give the same bytes,
and a signed package builds as reproducibly as one that is not. Reasons: docs/adr/0012.
"""

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import ConfigDict, Field, ValidationError, field_validator

from model_registry.packages.archive import ModelPackage
from model_registry.packages.errors import BrokenPackage
from model_registry.packages.layout import MAX_MEMBERS, SIGNATURE, is_expected
from model_registry.packages.manifest import faults_of
from model_registry.packages.signing_keys import (
    key_id_of,
    load_private_key,
    load_public_key,
    new_private_key,
    public_bytes,
    public_pem,
    read_public_key,
    save_private_key,
)
from model_registry.packages.steps import Document, broken
from vigil.kernel.errors import Fault

__all__ = [
    "Signature",
    "SignedFile",
    "key_id_of",
    "list_faults",
    "load_private_key",
    "load_public_key",
    "new_private_key",
    "public_bytes",
    "public_pem",
    "read_public_key",
    "save_private_key",
    "sign",
    "signature_of",
    "verify",
]

SCHEMA = "vigil/signature/v1"
MAX_BYTES = 128 * 1024
_SIGN_AGAIN = "Sign the package again: vigil package sign"
_STRICT = ConfigDict(frozen=True, extra="forbid", strict=True)


class SignedFile(Document):
    """One file that the signature vouches for."""

    model_config = _STRICT

    name: str = Field(min_length=1, max_length=120)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int = Field(ge=0)

    @field_validator("name")
    @classmethod
    def _is_of_a_package(cls, name: str) -> str:
        if name == SIGNATURE or not is_expected(name):
            raise broken("not a file that is signed", _SIGN_AGAIN)
        return name


class Signature(Document):
    """What signature.json says."""

    model_config = _STRICT

    schema_: Literal["vigil/signature/v1"] = Field(alias="schema")
    key_id: str = Field(pattern=r"^[0-9a-f]{16}$")
    algorithm: Literal["Ed25519"]
    files: Annotated[tuple[SignedFile, ...], Field(min_length=1, max_length=MAX_MEMBERS)]
    signature: str = Field(pattern=r"^[A-Za-z0-9+/]{86}==$")

    @field_validator("files")
    @classmethod
    def _are_in_order(cls, files: tuple[SignedFile, ...]) -> tuple[SignedFile, ...]:
        names = [file.name for file in files]
        if names != sorted(set(names)):
            raise broken("the files are not in the order of their names, once each", _SIGN_AGAIN)
        return files

    @field_validator("signature")
    @classmethod
    def _is_canonical(cls, text: str) -> str:
        """Refuse a second spelling of the same bytes: the last digit has bits to spare."""
        if base64.b64encode(base64.b64decode(text)).decode() != text:
            raise broken("not in canonical base64", _SIGN_AGAIN)
        return text

    @property
    def value(self) -> bytes:
        return base64.b64decode(self.signature)

    @property
    def signed(self) -> bytes:
        """The bytes that are signed."""
        return _canonical(self.model_dump(mode="json", by_alias=True, exclude={"signature"}))


def sign(package: ModelPackage, private_key: Ed25519PrivateKey) -> ModelPackage:
    """Return the package with a signature over all that it holds."""
    facts = {
        "schema": SCHEMA,
        "key_id": key_id_of(public_bytes(private_key)),
        "algorithm": "Ed25519",
        "files": _list_of(package),
    }
    value = base64.b64encode(private_key.sign(_canonical(facts))).decode()
    text = json.dumps({**facts, "signature": value}, indent=1, ensure_ascii=True) + "\n"
    return ModelPackage({**package.files, SIGNATURE: text.encode()})


def signature_of(package: ModelPackage) -> Signature | None:
    """Read signature.json; nothing where the package is not signed.

    Raises:
        BrokenPackage: there is one that is not as it must be.
    """
    data = package.files.get(SIGNATURE)
    if data is None:
        return None
    if len(data) > MAX_BYTES:
        raise _broken(SIGNATURE, f"larger than {MAX_BYTES} bytes", _SIGN_AGAIN)
    try:
        json.loads(data, object_pairs_hook=_once_each)
        return Signature.model_validate_json(data)
    except ValidationError as error:
        raise BrokenPackage.because(faults_of(error, SIGNATURE)) from None
    except (ValueError, RecursionError):
        raise _broken(SIGNATURE, "not plain JSON, or a key occurs twice", _SIGN_AGAIN) from None


def verify(package: ModelPackage, public_key: bytes) -> None:
    """Prove that the holder of `public_key` signed exactly these files.

    Raises:
        BrokenPackage: not signed, signed with another key, or not these files; names what differs.
    """
    found = signature_of(package)
    if found is None:
        raise _broken(SIGNATURE, "missing: the package is not signed", _SIGN_AGAIN)
    faults = [*_key_faults(found, public_key), *list_faults(package, found)]
    if faults:
        raise BrokenPackage.because(faults)


def list_faults(package: ModelPackage, found: Signature) -> list[Fault]:
    """Return how the files differ from those that were signed; needs no key."""
    signed = {file.name: (file.sha256, file.size) for file in found.files}
    present = {file["name"]: (file["sha256"], file["size"]) for file in _list_of(package)}
    return list(_differences(signed, present))


def _differences(signed: dict[str, Any], present: dict[str, Any]) -> Iterator[Fault]:
    for name in sorted(signed.keys() | present.keys()):
        if name not in present:
            yield Fault(name, "missing, and it was signed", f"Put it back, or: {_SIGN_AGAIN}")
        elif name not in signed:
            yield Fault(name, "added after the package was signed", f"Remove it, or: {_SIGN_AGAIN}")
        elif signed[name] != present[name]:
            remedy = f"Put the signed file back, or: {_SIGN_AGAIN}"
            yield Fault(name, "changed after the package was signed", remedy)


def _key_faults(found: Signature, public_key: bytes) -> Iterator[Fault]:
    expected = key_id_of(public_key)
    if found.key_id != expected:
        problem = f"made with the key {found.key_id}, not with {expected}"
        yield Fault(f"{SIGNATURE}:key_id", problem, "Name the key that it was signed with")
        return
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(found.value, found.signed)
    except (InvalidSignature, ValueError):
        problem = "not a signature of this key over this list"
        yield Fault(f"{SIGNATURE}:signature", problem, _SIGN_AGAIN)


def _list_of(package: ModelPackage) -> list[dict[str, Any]]:
    return [
        {"name": name, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
        for name, data in sorted(package.files.items())
        if name != SIGNATURE
    ]


def _canonical(facts: dict[str, Any]) -> bytes:
    return json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError
    return dict(pairs)


def _broken(field: str, problem: str, remedy: str) -> BrokenPackage:
    return BrokenPackage.because([Fault(field, problem, remedy)])
