"""The first thing that a model's process runs: it closes the doors, then becomes the child.

It is started as a file, isolated from every Python setting, and imports nothing but the standard
library until the network is gone: a process can leave its network only before it has threads, and
numerical libraries start some when they are imported.
"""

import importlib
import resource
import sys

_MAX_FILE_BYTES = 64 * 1024
_MAX_DESCRIPTORS = 64
PROBE = "probe"


def main(root: str, child: str = "child") -> None:
    """Close the doors and become `child`, the model's process, or the probe of the doors."""
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, _MAX_FILE_BYTES),
        (resource.RLIMIT_NOFILE, _MAX_DESCRIPTORS),
    ):
        resource.setrlimit(limit, (value, value))
    # Last in the path: nothing of ours may stand in for a module of Python or of onnxruntime.
    sys.path.append(root)
    isolated = importlib.import_module("model_registry.packages.network").leave_network()
    importlib.import_module(f"inference.runtime.{child}").main(isolated)


if __name__ == "__main__":
    main(*sys.argv[1:])
