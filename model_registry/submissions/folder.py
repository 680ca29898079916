"""The files of uploads: appended to by one writer at a time, flushed before they count.

How much of a file counts is in the database (`Upload.received`) and nowhere else. What a file holds
beyond that was written by a process that died before it could say so, and is cut off again.
"""

import contextlib
import errno
import fcntl
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from model_registry.submissions.errors import UnknownUpload, UploadBusy, UploadLost
from vigil.kernel.ids import is_id
from vigil.kernel.objects import StoreFull

PREFIX: Final = "upl"
_BLOCK: Final = 1024 * 1024


class UploadFile:
    """One upload's file, in the hands of its only writer."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise UploadBusy(
                "Another request is sending to it. Ask for the offset later."
            ) from None

    def go_to(self, offset: int) -> None:
        """Stand behind the bytes that count; what is beyond them is cut off.

        Raises:
            UploadLost: there are fewer.
        """
        if os.fstat(self._file).st_size < offset:
            raise UploadLost("Its file is shorter than what was received. Start a new upload.")
        os.ftruncate(self._file, offset)
        os.lseek(self._file, offset, os.SEEK_SET)

    def write(self, data: bytes) -> None:
        """Append.

        Raises:
            StoreFull: the disk refused.
        """
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._file, view) :]
        except OSError as error:
            raise _refused(error) from error

    def flush(self) -> None:
        """Return when what was written is on the disk."""
        try:
            os.fsync(self._file)
        except OSError as error:
            raise _refused(error) from error

    def sha256(self) -> str:
        """Return the digest of the whole file, read in blocks."""
        with self._path.open("rb") as file:
            return sha256_of(file)

    def close(self) -> None:
        """Give the file back; the lock goes with it."""
        os.close(self._file)


class UploadFolder:
    """The folder of all uploads of this installation."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, upload_id: str) -> Path:
        if not is_id(upload_id, PREFIX):
            raise UnknownUpload("This is not the identifier of an upload.")
        return self.root / upload_id

    @contextlib.contextmanager
    def open(self, upload_id: str) -> Iterator[UploadFile]:
        """Hold an upload's file; it is made where there is none.

        Raises:
            UploadBusy: somebody else holds it.
        """
        path = self.path(upload_id)
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            file = UploadFile(path)
        except OSError as error:
            raise _refused(error) from error
        try:
            _sync(self.root)
            yield file
        finally:
            file.close()

    def read(self, upload_id: str) -> bytes:
        """Return all bytes of an upload that is complete.

        Raises:
            UploadLost: the file is gone.
        """
        try:
            return self.path(upload_id).read_bytes()
        except FileNotFoundError:
            raise UploadLost("Its file is gone. Upload the package again.") from None

    @contextlib.contextmanager
    def reading_turn(self) -> Iterator[None]:
        """Wait until nobody else on this machine reads a whole package into memory."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".reading").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def discard(self, upload_id: str) -> None:
        self.path(upload_id).unlink(missing_ok=True)

    def uploads(self) -> list[str]:
        """Return the identifiers of all files that are here."""
        if not self.root.is_dir():
            return []
        return sorted(path.name for path in self.root.iterdir() if is_id(path.name, PREFIX))


def sha256_of(file: IO[bytes]) -> str:
    """Return the digest of a file from its beginning, read in blocks."""
    file.seek(0)
    digest = hashlib.sha256()
    while block := file.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refused(error: OSError) -> StoreFull:
    why = "is full" if error.errno in {errno.ENOSPC, errno.EDQUOT} else "refused"
    return StoreFull(f"The disk of the uploads {why}. What was acknowledged is kept.")
