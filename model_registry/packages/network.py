"""Leave the network for good, before a stranger's file is read: a process that cannot send.

It needs the standard library alone: a process can leave its network only before it has threads, and
numerical libraries start some when they are imported.
"""

import ctypes
from collections.abc import Mapping

_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000


def leave_network() -> bool:
    """Move to a network without even a loopback that is up; say whether the kernel allows it."""
    unshare = getattr(ctypes.CDLL(None), "unshare", None)
    if unshare is None:
        return False
    return any(unshare(what) == 0 for what in (_NEW_NETWORK, _NEW_USER | _NEW_NETWORK))


def not_granted(granted: Mapping[str, bool]) -> tuple[str, ...]:
    """Return which of the two a process is not kept from: the network, and files."""
    return tuple(name for name in ("network", "files") if not granted.get(name))
