"""Become the parent of whatever the death of a process of ours leaves without one (Linux).

So a test can say that no model process outlived its worker, without guessing by name which of the
machine's processes are its own.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
MODEL_PROCESS = "inference/runtime/cage.py"


@contextmanager
def adopting() -> Iterator[None]:
    prctl = ctypes.CDLL(None).prctl
    assert prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    try:
        yield
    finally:
        prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def orphaned_models() -> list[int]:
    """Return the model processes that have this process for their parent now, and live."""
    children = [
        int(pid)
        for listed in Path("/proc/self/task").glob("*/children")
        for pid in listed.read_text().split()
    ]
    return [pid for pid in children if MODEL_PROCESS in _command(pid)]


def _command(pid: int) -> str:
    # A process that has ended and was not waited for has an empty one.
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_text()
    return ""
