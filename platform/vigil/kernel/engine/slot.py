"""A worker's name: its machine and its slot, held by one living process at a time.

Two processes of one name would each take the other's work in progress for its own of before a
crash, and start it a second time. The kernel frees the lock however the process ends.
"""

import fcntl
import socket
from pathlib import Path

from vigil.kernel.engine.errors import SlotTaken


class Slot:
    def __init__(self, folder: Path, number: int) -> None:
        self.worker_id = f"{socket.gethostname()}:{number}"
        self._path = folder / f"worker-{number}.lock"

    def acquire(self) -> None:
        """Hold the slot until `release` or the end of the process.

        Raises:
            SlotTaken: another process holds it.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("w")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise SlotTaken(
                f"Another worker on this machine is {self.worker_id}. "
                "Give this one another VIGIL_WORKER_SLOT."
            ) from None

    def release(self) -> None:
        self._file.close()
