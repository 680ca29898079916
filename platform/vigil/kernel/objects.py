"""Bytes under their own SHA-256: written once, flushed before they count, never changed.

`put` returns only when the bytes and every folder entry that leads to them are on the disk, so that
an index row or an answer that names the digest can rely on it (design invariants 1 and 4).
"""

import hashlib
import os
import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from vigil.kernel.errors import NotFound, Unavailable, VigilError
from vigil.kernel.private import PRIVATE_FILE, PRIVATE_FOLDER

# No object takes so long to write: what is older was left by a process that died.
_ABANDONED_SECONDS = 3600
_DIGEST = re.compile(r"^[0-9a-f]{64}$")


class StoreFull(Unavailable):
    title = "The object store cannot take more"


class Damaged(VigilError):
    """What is kept under a digest has another one: the disk or somebody changed it."""

    title = "An object is not what it was"


class ObjectStore(Protocol):
    """What a store does; the local folder is the default, S3 a later one."""

    def put(self, data: bytes) -> str: ...
    def get(self, digest: str) -> bytes: ...
    def path(self, digest: str) -> Path: ...
    def exists(self, digest: str) -> bool: ...
    def digests(self) -> Iterator[str]: ...
    def discard_abandoned(self) -> int: ...


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class LocalObjectStore:
    """Objects as files `ab/cd/abcd…` below one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self._incoming = self.root / "incoming"
        # Folders whose way in this process has flushed. That they exist is not enough: another
        # process may have made them a moment ago, and a power cut would take them back.
        self._reachable: set[Path] = set()

    def put(self, data: bytes) -> str:
        """Keep `data` and return its digest.

        Raises:
            StoreFull: the disk refused; nothing of `data` is kept.
        """
        digest = sha256(data)
        target = self._target(digest)
        try:
            if target.exists():
                self._make_reachable(target.parent)
                _sync_folder(target.parent)
            else:
                self._write(data, target)
        except OSError as error:
            raise StoreFull(f"The disk refused an object of {len(data)} bytes.") from error
        return digest

    def get(self, digest: str) -> bytes:
        """Return the bytes of `digest`, and never others.

        Raises:
            NotFound: there are none.
            Damaged: the bytes that are there have another digest.
        """
        data = self.path(digest).read_bytes()
        found = sha256(data)
        if found != digest:
            raise Damaged(
                f"The object {digest[:12]} has the digest {found[:12]} now. Restore it from a copy."
            )
        return data

    def path(self, digest: str) -> Path:
        """Return the file that holds `digest`, to be read only."""
        target = self._target(digest)
        if not target.exists():
            raise NotFound(f"The object {digest[:12]} is not in the store.")
        return target

    def exists(self, digest: str) -> bool:
        return self._target(digest).exists()

    def digests(self) -> Iterator[str]:
        """Yield every digest that is kept: what a start-up scan compares with the index."""
        for path in self.root.glob("??/??/*"):
            if _DIGEST.fullmatch(path.name):
                yield path.name

    def discard_abandoned(self) -> int:
        """Delete what a process that died had begun to write; return how many files."""
        abandoned = [path for path in self._incoming.glob("*") if _is_abandoned(path)]
        for path in abandoned:
            path.unlink(missing_ok=True)
        return len(abandoned)

    def _target(self, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise NotFound("This is not a digest.")
        return self.root / digest[:2] / digest[2:4] / digest

    def _write(self, data: bytes, target: Path) -> None:
        self._make_reachable(self._incoming)
        unfinished = self._incoming / f"{target.name}.{secrets.token_hex(8)}"
        try:
            with open(unfinished, "xb", opener=_privately) as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            self._make_reachable(target.parent)
            unfinished.replace(target)
            _sync_folder(target.parent)
        finally:
            unfinished.unlink(missing_ok=True)

    def _make_reachable(self, folder: Path) -> None:
        """Make a folder and flush every entry on the way to it, once in the life of a process."""
        if folder in self._reachable or folder == folder.parent:
            return
        self._make_reachable(folder.parent)
        folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        if os.access(folder.parent, os.R_OK):
            _sync_folder(folder.parent)
        self._reachable.add(folder)


def _privately(path: str, flags: int) -> int:
    return os.open(path, flags, PRIVATE_FILE)


def _is_abandoned(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > _ABANDONED_SECONDS
    except FileNotFoundError:
        # It has its name by now.
        return False


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
