"""A repeated POST answers what the first one answered, and does nothing.

The key is claimed, the deed done and the answer kept in one transaction: a crash leaves all of it
or nothing. Behaviour after draft-ietf-httpapi-idempotency-key-header-07.
"""

import hashlib
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from fastapi.encoders import jsonable_encoder
from sqlalchemy.exc import IntegrityError
from starlette.datastructures import UploadFile
from starlette.responses import JSONResponse

from vigil.kernel.errors import Conflict, Fault, Invalid
from vigil.kernel.identity.actor import Actor
from vigil.kernel.web.dependencies import SignedInDep, Writing
from vigil.kernel.web.models import IdempotencyKey

REPLAYED = "Idempotent-Replayed"
KeyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=200,
        description="Any unique text. A repeat with the same key and body changes nothing.",
    ),
]


class BeingHandled(Conflict):
    """The same key is being handled at this moment."""

    title = "The same request is being handled"


async def body_digest(request: Request, key: KeyHeader = None) -> str | None:
    """Return the digest of what was sent, where a key was sent with it."""
    if key is None:
        return None
    digest = hashlib.sha256(str(request.url.query).encode())
    if not request.headers.get("Content-Type", "").startswith("multipart/form-data"):
        digest.update(await request.body())
        return digest.hexdigest()
    # A form's raw bytes hold a random boundary, and have been read already.
    for name, value in (await request.form()).multi_items():
        digest.update(f"\0{name}\0".encode())
        digest.update(await _field(value))
    return digest.hexdigest()


async def _field(value: UploadFile | str) -> bytes:
    if isinstance(value, str):
        return value.encode()
    data = await value.read()
    await value.seek(0)
    return hashlib.sha256(data).digest()


class Once:
    """One request that may have been answered before."""

    def __init__(
        self,
        *,
        request: Request,
        response: Response,
        session: Writing,
        actor: SignedInDep,
        digest: Annotated[str | None, Depends(body_digest)],
        key: KeyHeader = None,
    ) -> None:
        self.response = response
        self.session = session
        self.actor: Actor = actor
        self.route = f"{request.method} {request.url.path}"
        self.key = key
        self.digest = digest

    def answer(self, do: Callable[[], Any], status: int) -> Any:
        """Return what `do` returns, or what it returned the first time.

        Raises:
            Invalid: the key was used for another body.
            BeingHandled: the first request has not ended yet.
        """
        if self.key is None or self.digest is None:
            return do()
        known = self.session.get(IdempotencyKey, (self.key, self.actor.id, self.route))
        if known is not None:
            return self._replay(known)
        claim = self._claim(self.key, self.digest)
        given = do()
        claim.status = status
        claim.answer = jsonable_encoder(given)
        claim.location = self.response.headers.get("Location")
        self.session.add(claim)
        self.session.flush()
        return given

    def _claim(self, key: str, digest: str) -> IdempotencyKey:
        claim = IdempotencyKey(
            key=key,
            actor_id=self.actor.id,
            route=self.route,
            request_digest=digest,
            at=self.session.now(),
        )
        self.session.add(claim)
        try:
            self.session.flush()
        except IntegrityError:
            raise BeingHandled("Wait a moment and ask again.") from None
        return claim

    def _replay(self, known: IdempotencyKey) -> JSONResponse:
        if known.request_digest != self.digest:
            fault = Fault("Idempotency-Key", "used for another request", "Send a new key")
            raise Invalid.because([fault])
        headers = {REPLAYED: "true"}
        if known.location:
            headers["Location"] = known.location
        return JSONResponse(known.answer, known.status or 200, headers)


OnceDep = Annotated[Once, Depends(Once, scope="function")]
