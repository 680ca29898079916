"""Confine this process to the files of one folder, by Linux's Landlock (landlock(7)).

Beside files, newer kernels also refuse TCP and signals to others; looking into another process of
the same user (its environment, its memory) is refused by every one.
"""

import ctypes
import os
from pathlib import Path

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_VERSION_FLAG, _BENEATH = 1, 1
_NO_NEW_PRIVILEGES = 38
_READ_FILE = 1 << 2
# How many of the rights to files, from the lowest bit, each version of the interface knows.
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
_NEWEST_FILE_RIGHTS = 16
_TCP_SINCE, _TCP_RIGHTS = 4, 0b11
_SCOPES_SINCE, _SCOPES = 6, 0b11


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def confine(folder: Path) -> bool:
    """Leave only reading below `folder`, for this thread and all it starts.

    Returns:
        Whether the kernel does it; False where it has no Landlock.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "prctl"):
        return False
    version = libc.syscall(_CREATE, None, ctypes.c_size_t(0), _VERSION_FLAG)
    if version < 1:
        return False
    rules = _ruleset(version)
    ruleset = libc.syscall(_CREATE, ctypes.byref(rules), ctypes.c_size_t(ctypes.sizeof(rules)), 0)
    parent = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    rule = _Beneath(_READ_FILE, parent)
    try:
        return bool(
            ruleset >= 0
            and libc.syscall(_ADD, ruleset, _BENEATH, ctypes.byref(rule), 0) == 0
            and libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0
            and libc.syscall(_RESTRICT, ruleset, 0) == 0
        )
    finally:
        os.close(parent)
        if ruleset >= 0:
            os.close(ruleset)


def _ruleset(version: int) -> _Ruleset:
    files = (1 << _FILE_RIGHTS.get(version, _NEWEST_FILE_RIGHTS)) - 1
    network = _TCP_RIGHTS if version >= _TCP_SINCE else 0
    scoped = _SCOPES if version >= _SCOPES_SINCE else 0
    return _Ruleset(files, network, scoped)
