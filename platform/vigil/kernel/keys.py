"""One secret of the installation, from which each purpose derives its own key.

Two purposes can never be confused: a pseudonym made for surveillance says nothing about one made
for a canary share, and a token signed for one page opens no other.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from vigil.kernel.errors import Forbidden

SECRET_BYTES = 32


class BadToken(Forbidden):
    title = "This link is not valid"


@dataclass(frozen=True, repr=False)
class Keys:
    master: bytes

    def pseudonym(self, purpose: str, identifier: str, *, epoch: int | None = None) -> str:
        """Return 32 hex digits that stand for `identifier`, for this purpose only (HMAC).

        With an epoch they stand for it in that epoch only: those of two cannot be joined.
        """
        scope = purpose if epoch is None else f"{purpose}\x1f{epoch}"
        return self._mac(scope, identifier.encode()).hex()[:32]

    def derive(self, purpose: str, identifier: str) -> bytes:
        """Return 32 secret bytes that need not be kept: they can be derived again (HMAC)."""
        return self._mac(purpose, identifier.encode())

    def sign(self, purpose: str, payload: dict[str, Any], expires_at: datetime) -> str:
        """Return a token for a URL that carries `payload` until `expires_at`."""
        claims = {**payload, "exp": int(expires_at.timestamp())}
        body = _encode(json.dumps(claims, sort_keys=True, separators=(",", ":")).encode())
        return f"{body}.{_encode(self._mac(purpose, body.encode()))}"

    def open(self, purpose: str, token: str, now: datetime) -> dict[str, Any]:
        """Return the payload of `token`.

        Raises:
            BadToken: it was not signed for this purpose by this installation, or is too old.
        """
        body, _, signature = token.partition(".")
        expected = _encode(self._mac(purpose, body.encode()))
        if not hmac.compare_digest(signature.encode(), expected.encode()):
            raise BadToken("The link was changed, or belongs to another installation.")
        claims: dict[str, Any] = json.loads(_decode(body))
        if claims.pop("exp") < now.timestamp():
            raise BadToken("The link has expired. Open the result again for a new one.")
        return claims

    def _mac(self, purpose: str, message: bytes) -> bytes:
        key = hmac.digest(self.master, purpose.encode(), hashlib.sha256)
        return hmac.digest(key, message, hashlib.sha256)


def load_or_create(path: Path) -> Keys:
    """Read the installation's secret, or make one that only this user can read."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(f".{os.getpid()}")
        unfinished.touch(mode=0o600)
        unfinished.write_bytes(secrets.token_bytes(SECRET_BYTES))
        # link, not rename: of two processes that start together, the first one's secret stays.
        try:
            os.link(unfinished, path)
        except FileExistsError:
            pass
        finally:
            unfinished.unlink()
    return Keys(path.read_bytes())


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
