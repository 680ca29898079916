"""Long lists in pieces: items, and an opaque cursor to the next ones. No totals, no page numbers.

A query asks for `limit + 1` rows after the cursor; `cut` keeps `limit` of them and makes the next
cursor from the last kept one. A cursor is only a position: what may be read is asked anew.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel

from vigil.kernel.errors import Fault, Invalid

MAX_LIMIT = 100
Item = TypeVar("Item")
Row = TypeVar("Row")


class Listing(BaseModel, Generic[Item]):
    """A piece of a list. `next_cursor` is null at its end."""

    items: list[Item]
    next_cursor: str | None = None


@dataclass(frozen=True)
class Cursor:
    """Where a list goes on, and how many rows are wanted.

    Attributes:
        after: the sort key of the last row already given; None at the start.
        limit: rows wanted; ask the database for one more.
    """

    after: Any
    limit: int

    def cut(self, rows: Sequence[Row], key: Callable[[Row], Any]) -> tuple[list[Row], str | None]:
        """Return the rows to give, and the cursor of the next ones if there are more."""
        kept = list(rows[: self.limit])
        more = len(rows) > self.limit
        return kept, encode(key(kept[-1])) if more else None


def cursor(
    after: Annotated[str | None, Query(alias="cursor", max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 50,
) -> Cursor:
    return Cursor(None if after is None else decode(after), limit)


CursorDep = Annotated[Cursor, Depends(cursor)]


def link_next(request: Request, response: Response, next_cursor: str | None) -> None:
    """Name the next piece in the Link header (RFC 8288)."""
    if next_cursor is not None:
        response.headers["Link"] = f'<{next_url(request, next_cursor)}>; rel="next"'


def next_url(request: Request, next_cursor: str) -> str:
    """Return this address with another cursor: filters stay as they are."""
    url = request.url.include_query_params(cursor=next_cursor)
    return f"{url.path}?{url.query}"


def encode(position: Any) -> str:
    text = json.dumps(position, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def decode(text: str) -> Any:
    try:
        return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError):
        fault = Fault("cursor", "not one that Vigil gave", "Take next_cursor of the last answer")
        raise Invalid.because([fault]) from None
