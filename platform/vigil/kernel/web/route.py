"""The route class of JSON routers: ETags for what is read, idempotency keys for what is posted.

Who changes something is asked who they are before their body is read: a stranger cannot fill the
disk with it.

router = APIRouter(prefix="/api/v1/models", tags=["models"], route_class=ApiRoute)
"""

import hashlib
import inspect
from collections.abc import Callable, Coroutine
from functools import wraps
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute

from vigil.kernel.web.dependencies import SAFE_METHODS, current_actor
from vigil.kernel.web.idempotency import Once, OnceDep

_PARAMETER = "idempotency"


class ApiRoute(APIRoute):
    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        if "POST" in (options.get("methods") or ()):
            endpoint = once(endpoint, options.get("status_code") or 200)
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_with_etag(request: Request) -> Response:
            if request.method not in SAFE_METHODS:
                await run_in_threadpool(current_actor, request)
            response = await handle(request)
            if request.method == "GET" and response.status_code == HTTPStatus.OK:
                return _or_not_modified(request, response)
            return response

        return handle_with_etag


def once(endpoint: Callable[..., Any], status: int) -> Callable[..., Any]:
    """Wrap an endpoint so that a repeat with the same Idempotency-Key gets the first answer."""
    if inspect.iscoroutinefunction(endpoint):
        raise TypeError(f"{endpoint.__name__}: an endpoint is a plain function, run in a thread")
    signature = inspect.signature(endpoint, eval_str=True)
    if _PARAMETER in signature.parameters:
        return endpoint

    @wraps(endpoint)
    def answer(idempotency: Once, **arguments: Any) -> Any:
        return idempotency.answer(lambda: endpoint(**arguments), status)

    added = inspect.Parameter(_PARAMETER, inspect.Parameter.KEYWORD_ONLY, annotation=OnceDep)
    answer.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[
            *(
                p.replace(kind=inspect.Parameter.KEYWORD_ONLY)
                for p in signature.parameters.values()
            ),
            added,
        ]
    )
    return answer


def _or_not_modified(request: Request, response: Response) -> Response:
    body = getattr(response, "body", None)
    if not isinstance(body, bytes):
        return response
    etag = response.headers.get("ETag") or f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    asked = [tag.strip() for tag in request.headers.get("If-None-Match", "").split(",")]
    if etag in asked:
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return response
