"""The first thing that the renderer's process runs: it closes the doors, then loads Evidently.

    python -P -m surveillance.reports.cage FOLDER MEGABYTES SECONDS

A process can leave its network only before it has threads, and numerical libraries start some when
they are imported.
"""

import importlib
import resource
import sys

from model_registry.packages.network import leave_network

_MAX_FILE_BYTES = 256 * 1024 * 1024
_MAX_DESCRIPTORS = 256


def main(folder: str, megabytes: str, seconds: str) -> None:
    memory, cpu = int(megabytes) * 1024 * 1024, int(seconds) + 1
    for limit, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, _MAX_FILE_BYTES),
        (resource.RLIMIT_NOFILE, _MAX_DESCRIPTORS),
    ):
        resource.setrlimit(limit, (value, value))
    is_isolated = leave_network()
    child = importlib.import_module("surveillance.reports.evidently_child")
    child.main(folder, is_isolated=is_isolated)


if __name__ == "__main__":
    main(*sys.argv[1:])
