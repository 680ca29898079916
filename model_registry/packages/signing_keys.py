"""A supplier's Ed25519 key (RFC 8032): made on their machine, kept in a file that only they read.

The private half is PKCS#8 PEM without a password, mode 0600; the public half is 32 bytes, shown as
64 hexadecimal digits, and `key_id` is the first 16 digits of its SHA-256.
"""

import hashlib
import os
import re
import stat
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from model_registry.packages.errors import BrokenPackage
from vigil.kernel.errors import Fault

PUBLIC_BYTES = 32
_KEY_ID_DIGITS = 16
_MAX_FILE = 4096
_HEX = re.compile(r"[0-9a-f]{64}")
_P = 2**255 - 19
_SIGN_BIT = 1 << 255
# The y of the points whose order divides 8 (edwards25519): under such a key a signature proves
# nothing, because one signature fits many texts.
_SMALL_ORDER_Y = 55188659117513257062467267217118295137698188065244968500265048394206261417927
_SMALL_ORDER = frozenset({0, 1, _P - 1, _SMALL_ORDER_Y, _P - _SMALL_ORDER_Y})


def new_private_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """Return the 32 bytes of the public half."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def key_id_of(public_key: bytes) -> str:
    return hashlib.sha256(public_key).hexdigest()[:_KEY_ID_DIGITS]


def save_private_key(key: Ed25519PrivateKey, path: Path) -> None:
    """Write the private key to a new file that nobody else can read.

    Raises:
        BrokenPackage: there is a file already; a key is never written over.
    """
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise _broken(path.name, "there is a file already", "Name a new file") from None
    except OSError as error:
        raise _broken(path.name, f"not writable: {error.strerror}", "Name another place") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)


def load_private_key(path: Path) -> Ed25519PrivateKey:
    """Read a private key.

    Raises:
        BrokenPackage: it is no Ed25519 key, or others can read the file.
    """
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise _broken(path.name, "others can read this key", f"chmod 600 {path.name}")
    remedy = "Make one with `vigil package keygen`"
    try:
        key = load_pem_private_key(_content(path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _broken(path.name, "no private key in PEM without a password", remedy) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise _broken(path.name, "not an Ed25519 key", remedy)
    return key


def public_pem(public_key: bytes) -> bytes:
    key = Ed25519PublicKey.from_public_bytes(public_key)
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def read_public_key(text: str, field: str = "public_key") -> bytes:
    """Read a public key from PEM or from 64 hexadecimal digits.

    Raises:
        BrokenPackage: it is neither, or it is one under which a signature proves nothing.
    """
    remedy = "Give what `vigil package keygen` wrote: PEM, or 64 hexadecimal digits"
    raw = bytes.fromhex(text.strip()) if _HEX.fullmatch(text.strip()) else _from_pem(text)
    if raw is None:
        raise _broken(field, "not an Ed25519 public key", remedy)
    y = int.from_bytes(raw, "little") & ~_SIGN_BIT
    if y >= _P or y in _SMALL_ORDER:
        raise _broken(field, "a key under which any text could be signed", "Make a new key")
    return raw


def load_public_key(path: Path) -> bytes:
    return read_public_key(_content(path).decode("ascii", "replace"), path.name)


def _from_pem(text: str) -> bytes | None:
    try:
        key = load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        return None
    if not isinstance(key, Ed25519PublicKey):
        return None
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MAX_FILE)


def _broken(field: str, problem: str, remedy: str) -> BrokenPackage:
    return BrokenPackage.because([Fault(field, problem, remedy)])
