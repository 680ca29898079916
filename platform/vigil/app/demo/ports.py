"""Ports for servers that are started for a moment."""

import random
import socket
from collections.abc import Sequence

# Below the range that the kernel takes for outgoing connections (32768 and up on Linux): there, a
# program that only looks whether a server answers can be given the server's own port.
_FIRST, _LAST = 20_000, 32_000


def free_ports(count: int) -> Sequence[int]:
    """Return ports of this machine that nobody listens on now."""
    found: list[int] = []
    while len(found) < count:
        port = random.SystemRandom().randint(_FIRST, _LAST)
        if port not in found and _is_free(port):
            found.append(port)
    return found


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
