"""A person at the API: what a program with that person's token would do."""

import time
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

import httpx

from vigil.app.demo.network import Person

Found = TypeVar("Found")


class StoryFailed(Exception):
    """The demonstration did not go as it must; says where."""


class At:
    """The API as one person sees it."""

    def __init__(self, url: str, person: Person) -> None:
        headers = {"Authorization": f"Bearer {person.token}"}
        self._http = httpx.Client(base_url=f"{url}/api/v1", headers=headers, timeout=60)
        # Its connection ends with whoever held it: nobody has to think of closing.
        weakref.finalize(self, self._http.close)
        self._role = person.role

    def get(self, path: str, **query: Any) -> Any:
        return self._send("GET", path, params=query)

    def post(self, path: str, **body: Any) -> Any:
        return self._send("POST", path, json=body)

    def form(self, path: str, document: bytes, **fields: str) -> Any:
        files = {"document": ("document.yaml", document)}
        return self._send("POST", path, data=fields, files=files)

    def upload(self, path: str, archive: bytes) -> Any:
        headers = {"Content-Type": "application/zip"}
        return self._send("POST", path, content=archive, headers=headers)

    def every(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """Follow a list to its end."""
        found: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            page = self.get(path, **query, **cursor)
            found += page["items"]
            if not page["next_cursor"]:
                return found
            cursor = {"cursor": page["next_cursor"]}

    def _send(self, method: str, path: str, **content: Any) -> Any:
        response = self._http.request(method, path, **content)
        if response.is_error:
            place = f"{response.request.method} {response.request.url.path}"
            answer = f"{response.status_code}: {response.text}"
            raise StoryFailed(f"{self._role}: {place} answered {answer}")
        return response.json() if response.content else None


def wait_for(
    what: str, look: Callable[[], Found | None], seconds: float = 120, every: float = 0.2
) -> Found:
    """Look until there is something.

    Raises:
        StoryFailed: there was nothing in time.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found is not None:
            return found
        time.sleep(every)
    raise StoryFailed(f"waited {seconds:.0f} s for {what}")
