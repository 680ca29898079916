"""Whose turn it is to write to SQLite: one writer at a time, and nobody is starved.

SQLite has one writer. Whoever waits inside SQLite sleeps and looks again, up to a tenth of a second
each time, and is overtaken meanwhile by whoever asks at the right moment: with a busy worker, a
DICOM node was seen to wait until its sender gave up. Here a thread waits in its process, and one
thread of each process waits in the kernel, which wakes it at once. PostgreSQL needs none of this.
"""

import fcntl
import os
import threading
from pathlib import Path

from vigil.kernel.errors import Unavailable

PATIENCE_SECONDS = 30.0


class Turn:
    """A lock over threads and processes, by two files beside the database.

    Whoever holds `next` is sure of the following turn; a process that has just had its turn has to
    line up for `next` again, behind the process that waits there. A process that dies gives both
    back.
    """

    def __init__(self, database: Path) -> None:
        self._lock = threading.Lock()
        self._next = database.with_suffix(".next")
        self._turn = database.with_suffix(".turn")
        self._files: tuple[int, int] | None = None

    def take(self) -> None:
        """Wait for the turn.

        Raises:
            Unavailable: this process has been writing for too long, or asks twice in one thread.
        """
        if not self._lock.acquire(timeout=PATIENCE_SECONDS):
            raise Unavailable("Another thread has been writing for too long.")
        try:
            following, turn = self._open()
            fcntl.flock(following, fcntl.LOCK_EX)
            fcntl.flock(turn, fcntl.LOCK_EX)
            fcntl.flock(following, fcntl.LOCK_UN)
        except BaseException:
            self._lock.release()
            raise

    def give_back(self) -> None:
        _, turn = self._open()
        fcntl.flock(turn, fcntl.LOCK_UN)
        self._lock.release()

    def close(self) -> None:
        files, self._files = self._files, None
        for file in files or ():
            os.close(file)

    def __del__(self) -> None:
        self.close()

    def __enter__(self) -> None:
        self.take()

    def __exit__(self, *_: object) -> None:
        self.give_back()

    def _open(self) -> tuple[int, int]:
        # Held for the life of the object: the lock is the open file's, not the process's.
        if self._files is None:
            flags = os.O_CREAT | os.O_RDWR | os.O_CLOEXEC
            self._files = (os.open(self._next, flags, 0o600), os.open(self._turn, flags, 0o600))
        return self._files
