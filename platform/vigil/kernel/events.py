"""How a lower floor tells a higher one that something happened.

The lower domain defines a frozen dataclass and publishes it inside its transaction; the wiring
subscribes the higher domain's handler. Handlers run in the publisher's transaction, so what they
write is saved with the event's cause or not at all.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

from vigil.kernel.db import WriteSession

Event = TypeVar("Event")


class Events:
    def __init__(self) -> None:
        self._handlers: dict[type, list[Callable[[WriteSession, Any], None]]] = defaultdict(list)

    def subscribe(self, kind: type[Event], handler: Callable[[WriteSession, Event], None]) -> None:
        self._handlers[kind].append(handler)

    def publish(self, session: WriteSession, event: object) -> None:
        for handler in self._handlers[type(event)]:
            handler(session, event)
