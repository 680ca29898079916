"""Bytes as they come in: appended, flushed, and only then acknowledged.

The offset in the database is the truth. It moves after the bytes are on the disk, so that a process
killed at any moment has acknowledged nothing that is not there, and a repeat begins where the
database says. Nothing here holds a transaction while bytes are on their way.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Final

from model_registry.submissions import uploads
from model_registry.submissions.errors import TooLarge, UploadOver, WrongDigest, WrongOffset
from model_registry.submissions.folder import UploadFile, UploadFolder
from model_registry.submissions.models import Upload, UploadState
from model_registry.submissions.reading import read_archive
from vigil.kernel.audit import service as audit
from vigil.kernel.db import Database, WriteSession
from vigil.kernel.errors import Fault
from vigil.kernel.identity.actor import Actor

# Bytes after which what came is flushed and acknowledged, so that little is sent twice.
CHECKPOINT: Final = 16 * 1024 * 1024
_BLOCK: Final = 1024 * 1024


@dataclass
class Incoming:
    """One request's bytes on their way into one upload."""

    receiver: "Receiver"
    upload: Upload
    file: UploadFile
    written: int = 0

    @property
    def offset(self) -> int:
        return self.upload.received + self.written

    def write(self, data: bytes) -> None:
        """Append; every so often what came is acknowledged.

        Raises:
            TooLarge: more than was declared.
        """
        if self.offset + len(data) > self.upload.size:
            self.keep()
            raise TooLarge(f"The upload has {self.upload.size} bytes, and more came.")
        self.file.write(data)
        self.written += len(data)
        if self.written >= CHECKPOINT:
            self.keep()

    def keep(self) -> None:
        """Flush what came and say so in the database."""
        if not self.written:
            return
        self.file.flush()
        with self.receiver.database.write() as session:
            row = self.receiver.still_open(session, self.upload.id)
            row.received = self.offset
            session.add(row)
        self.upload, self.written = row, 0

    def finish(self) -> Upload:
        """Keep what came; where it is all, compare the digest and read the package.

        Raises:
            WrongDigest: other bytes than announced came; the upload is given up.
        """
        self.keep()
        if self.upload.received == self.upload.size:
            self.upload = self.receiver.complete(self.upload, self.file)
        return self.upload


@dataclass(frozen=True)
class Receiver:
    """Takes in the uploads that an actor sends."""

    database: Database
    folder: UploadFolder
    actor: Actor

    @contextlib.contextmanager
    def at(self, upload_id: str, offset: int | None = None) -> Iterator[Incoming]:
        """Hold an upload to append to it, at `offset` where one is named.

        Raises:
            UploadBusy: another request holds it.
            WrongOffset: it ends elsewhere.
            UploadOver: it is complete or was given up.
            UploadLost: what was received is gone.
        """
        # Before anything is made on the disk: is it there, and theirs?
        self._look(upload_id)
        with self.folder.open(upload_id) as file:
            upload = self._look(upload_id)
            if offset is not None and offset != upload.received:
                at = upload.received
                raise WrongOffset(f"The upload ends at {at}, the chunk begins at {offset}.", at)
            file.go_to(upload.received)
            yield Incoming(self, upload, file)

    def send(self, upload_id: str, source: IO[bytes]) -> Upload:
        """Take the rest of an upload out of a file that holds all of it."""
        with self.at(upload_id) as incoming:
            source.seek(incoming.offset)
            try:
                while block := source.read(_BLOCK):
                    incoming.write(block)
            except KeyboardInterrupt:
                incoming.keep()
                raise
            return incoming.finish()

    def still_open(self, session: WriteSession, upload_id: str) -> Upload:
        return _unfinished(uploads.take(session, self.actor, upload_id))

    def complete(self, upload: Upload, file: UploadFile) -> Upload:
        digest = file.sha256()
        if upload.sha256 not in {None, digest}:
            self._give_up(upload, digest)
            problem = f"{upload.sha256} was announced, {digest} came"
            fault = Fault("sha256", problem, "Send the package again, as a new upload")
            raise WrongDigest.because([fault])
        with self.folder.reading_turn():
            reading = read_archive(self.folder.read(upload.id))
        with self.database.write() as session:
            row = self.still_open(session, upload.id)
            row.state, row.digest = UploadState.COMPLETE, digest
            row.reading = reading.as_json()
            session.add(row)
            facts = {"digest": digest, "size": row.size, "faults": len(reading.faults)}
            audit.record(
                session, self.actor, "supplier:upload:complete", row.id, "all of it came", **facts
            )
        return row

    def _look(self, upload_id: str) -> Upload:
        with self.database.read() as session:
            return _unfinished(uploads.own_upload(session, self.actor, upload_id))

    def _give_up(self, upload: Upload, digest: str) -> None:
        with self.database.write() as session:
            uploads.abandon(
                session, self.actor, upload_id=upload.id, reason=f"other bytes came: {digest}"
            )
        self.folder.discard(upload.id)


def _unfinished(upload: Upload) -> Upload:
    if upload.state is not UploadState.OPEN:
        raise UploadOver(f"It is {upload.state.value}.")
    return upload
