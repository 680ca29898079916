"""The first thing that a model's process runs: it closes the doors, then becomes the child.

It is started as a file, isolated from every Python setting, and imports nothing but the standard
library until the network is gone: a process can leave its network only before it has threads, and
numerical libraries start some when they are imported.
"""

import ctypes
import importlib
import resource
import sys

_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
_MAX_FILE_BYTES = 64 * 1024
_MAX_DESCRIPTORS = 64


def leave_network() -> bool:
    """Move to a network without even a loopback that is up; say whether the kernel allows it."""
    unshare = getattr(ctypes.CDLL(None), "unshare", None)
    if unshare is None:
        return False
    return any(unshare(what) == 0 for what in (_NEW_NETWORK, _NEW_USER | _NEW_NETWORK))


def main() -> None:
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, _MAX_FILE_BYTES),
        (resource.RLIMIT_NOFILE, _MAX_DESCRIPTORS),
    ):
        resource.setrlimit(limit, (value, value))
    isolated = leave_network()
    # Last in the path: nothing of ours may stand in for a module of Python or of onnxruntime.
    sys.path.append(sys.argv[1])
    importlib.import_module("inference.runtime.child").main(isolated)


if __name__ == "__main__":
    main()
