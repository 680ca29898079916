"""A PACS on a real socket that remembers every object it was ever sent, also the second time."""

import socket
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pydicom.uid import Comprehensive3DSRStorage
from pynetdicom import AE, evt

from vigil.kernel.objects import sha256

PACS = "PACS"


@dataclass
class Pacs:
    """It can be switched off and on again.

    Attributes:
        received: the digests of the data sets that came under each SOP Instance UID.
    """

    port: int
    received: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def up(self) -> Iterator[None]:
        entity = AE(PACS)
        entity.add_supported_context(Comprehensive3DSRStorage)
        sockets = Sockets()
        handlers: list[Any] = [(evt.EVT_C_STORE, self._store), sockets.handler]
        address = ("127.0.0.1", self.port)
        server: Any = entity.start_server(address, block=False, evt_handlers=handlers)
        try:
            yield
        finally:
            server.shutdown()
            sockets.close()

    @property
    def objects(self) -> set[str]:
        return set(self.received)

    @property
    def repeated(self) -> int:
        """How often something came that was there already."""
        return sum(len(digests) - 1 for digests in self.received.values())

    def _store(self, event: Any) -> int:
        request = event.request
        with self._lock:
            self.received[str(request.AffectedSOPInstanceUID)].append(
                sha256(request.DataSet.getvalue())
            )
        return 0x0000


class Sockets:
    """Closes connections whose other side was killed, which pynetdicom leaves open."""

    def __init__(self) -> None:
        self._open: list[socket.socket] = []
        self.handler = (evt.EVT_CONN_OPEN, self._note)

    def close(self) -> None:
        for one in self._open:
            one.close()

    def _note(self, event: Any) -> None:
        self._open.append(event.assoc.dul.socket.socket)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
