"""Bytes on their way in: appended, flushed, acknowledged; and what a kill at any moment leaves."""

import hashlib
import io
import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest
from conftest import ROOT, FakeClock
from factories import packages
from factories.submissions import (
    attach,
    begin_upload,
    create_draft,
    create_supplier,
    create_upload,
    folder_of,
    receiver_of,
)

from model_registry.submissions import receiving, uploads
from model_registry.submissions.errors import (
    TooLarge,
    TooManyUploads,
    UnknownUpload,
    UploadBusy,
    UploadLost,
    UploadOver,
    WrongDigest,
    WrongOffset,
)
from model_registry.submissions.models import Upload, UploadState
from model_registry.submissions.settings import SubmissionSettings, settings_of
from vigil.kernel.errors import Invalid
from vigil.kernel.identity.actor import Actor
from vigil.kernel.objects import StoreFull
from vigil.kernel.parts import Parts

DATA = packages.archive()
DIGEST = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def acme(parts: Parts) -> Actor:
    return create_supplier(parts)


def now(parts: Parts, actor: Actor, upload_id: str) -> Upload:
    with parts.database.read() as session:
        return uploads.upload(session, actor, upload_id)


def append(parts: Parts, actor: Actor, upload_id: str, offset: int, data: bytes) -> Upload:
    with receiver_of(parts, actor).at(upload_id, offset) as incoming:
        incoming.write(data)
        return incoming.finish()


def test_chunks_make_the_whole(parts: Parts, acme: Actor) -> None:
    begun = begin_upload(parts, acme, len(DATA), sha256=DIGEST)
    half = len(DATA) // 2

    first = append(parts, acme, begun.id, 0, DATA[:half])
    second = append(parts, acme, begun.id, half, DATA[half:])

    assert (first.received, first.state) == (half, UploadState.OPEN)
    assert (second.state, second.digest) == (UploadState.COMPLETE, DIGEST)
    assert folder_of(parts).read(begun.id) == DATA


def test_a_chunk_sent_again_changes_nothing_and_is_told_the_offset(
    parts: Parts, acme: Actor
) -> None:
    begun = begin_upload(parts, acme, len(DATA))
    append(parts, acme, begun.id, 0, DATA[:100])

    with pytest.raises(WrongOffset) as caught:
        append(parts, acme, begun.id, 0, DATA[:100])

    assert caught.value.offset == 100
    assert folder_of(parts).path(begun.id).read_bytes() == DATA[:100]


def test_other_bytes_than_announced_are_given_up(parts: Parts, acme: Actor) -> None:
    begun = begin_upload(parts, acme, len(DATA), sha256="0" * 64)

    with pytest.raises(WrongDigest, match=f"{'0' * 64} was announced, {DIGEST} came"):
        append(parts, acme, begun.id, 0, DATA)

    assert now(parts, acme, begun.id).state is UploadState.ABANDONED
    assert folder_of(parts).uploads() == []


def test_more_than_declared_is_refused_and_what_fits_is_kept(parts: Parts, acme: Actor) -> None:
    begun = begin_upload(parts, acme, 10)

    with receiver_of(parts, acme).at(begun.id, 0) as incoming:
        incoming.write(b"12345")
        with pytest.raises(TooLarge):
            incoming.write(b"678901")

    assert now(parts, acme, begun.id).received == 5


def test_what_was_written_and_never_acknowledged_is_cut_off(parts: Parts, acme: Actor) -> None:
    """A process died between the write and the commit."""
    begun = begin_upload(parts, acme, len(DATA))
    append(parts, acme, begun.id, 0, DATA[:100])
    with folder_of(parts).path(begun.id).open("ab") as file:
        file.write(b"half a chunk of something")

    done = append(parts, acme, begun.id, 100, DATA[100:])

    assert done.digest == DIGEST


def test_a_file_that_is_gone_is_said(parts: Parts, acme: Actor) -> None:
    begun = begin_upload(parts, acme, len(DATA))
    append(parts, acme, begun.id, 0, DATA[:100])
    folder_of(parts).discard(begun.id)

    with pytest.raises(UploadLost):
        append(parts, acme, begun.id, 100, DATA[100:])


def test_of_two_at_once_one_wins(parts: Parts, acme: Actor) -> None:
    begun = begin_upload(parts, acme, len(DATA))
    receiver = receiver_of(parts, acme)
    refused: list[Exception] = []

    def second() -> None:
        try:
            append(parts, acme, begun.id, 0, DATA)
        except UploadBusy as error:
            refused.append(error)

    with receiver.at(begun.id, 0) as incoming:
        incoming.write(DATA)
        other = threading.Thread(target=second)
        other.start()
        other.join()
        done = incoming.finish()

    assert len(refused) == 1
    assert done.state is UploadState.COMPLETE


def test_an_upload_given_up_while_it_is_sent_takes_no_more(parts: Parts, acme: Actor) -> None:
    begun = begin_upload(parts, acme, len(DATA))

    with receiver_of(parts, acme).at(begun.id, 0) as incoming:
        incoming.write(DATA)
        with parts.database.write() as session:
            uploads.abandon(session, acme, upload_id=begun.id, reason="changed my mind")
        with pytest.raises(UploadOver):
            incoming.finish()

    assert now(parts, acme, begun.id).received == 0


def test_a_full_disk_says_so_and_loses_nothing(
    parts: Parts, acme: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = begin_upload(parts, acme, len(DATA))
    append(parts, acme, begun.id, 0, DATA[:100])

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(StoreFull, match="is full"):
            append(parts, acme, begun.id, 100, DATA[100:])

    assert append(parts, acme, begun.id, 100, DATA[100:]).digest == DIGEST


def test_progress_is_acknowledged_on_the_way(
    parts: Parts, acme: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "CHECKPOINT", 100)
    begun = begin_upload(parts, acme, len(DATA))

    with receiver_of(parts, acme).at(begun.id, 0) as incoming:
        incoming.write(DATA[:60])
        assert now(parts, acme, begun.id).received == 0
        incoming.write(DATA[60:120])
        assert now(parts, acme, begun.id).received == 120


def test_an_upload_has_a_limit_and_a_supplier_a_number_of_them(parts: Parts, acme: Actor) -> None:
    limits = settings_of(parts.settings)
    with pytest.raises(TooLarge):
        begin_upload(parts, acme, limits.upload_max + 1)
    with pytest.raises(Invalid):
        begin_upload(parts, acme, 10, sha256="not a digest")
    for _ in range(limits.uploads_per_supplier):
        begin_upload(parts, acme, 10)
    with pytest.raises(TooManyUploads):
        begin_upload(parts, acme, 10)
    begin_upload(parts, create_supplier(parts, "BETA"), 10)


def test_what_is_not_finished_in_time_is_purged(
    parts: Parts, acme: Actor, clock: FakeClock
) -> None:
    late = begin_upload(parts, acme, 10)
    append(parts, acme, late.id, 0, b"12345")
    held = attach(parts, acme, create_draft(parts, acme))
    loose = create_upload(parts, acme)
    clock.advance(settings_of(parts.settings).upload_life.total_seconds())

    fresh = begin_upload(parts, acme, 10)
    uploads.clear(parts.database, folder_of(parts))

    assert now(parts, acme, late.id).state is UploadState.ABANDONED
    assert now(parts, acme, loose.id).state is UploadState.ABANDONED
    assert now(parts, acme, held.id).state is UploadState.COMPLETE
    assert now(parts, acme, fresh.id).state is UploadState.OPEN
    assert folder_of(parts).uploads() == [held.id]


def test_a_name_is_shown_and_leads_nowhere(parts: Parts, acme: Actor) -> None:
    begun = begin_upload(parts, acme, 10, filename="..\\..\\etc/pass\x1bwd.zip")

    assert begun.filename == "passwd.zip"
    with pytest.raises(UnknownUpload):
        folder_of(parts).path("../vigil.sqlite")


def test_settings_of_a_process_without_them_are_the_defaults(tmp_path: Path) -> None:
    own = SubmissionSettings(data_dir=tmp_path, upload_max_mb=5)

    assert settings_of(own).upload_max == 5 * 1024 * 1024


CHILD = """
import io, os, sys
from pathlib import Path
from model_registry.submissions import receiving
from model_registry.submissions.folder import UploadFolder
from model_registry.submissions.receiving import Receiver
from vigil.kernel.db import Database
from vigil.kernel.identity.actor import system_actor

receiving.CHECKPOINT = 20_000
database, folder, upload_id, source = sys.argv[1:5]
receiver = Receiver(Database(database), UploadFolder(Path(folder)), system_actor("test"))
with receiver.at(upload_id) as incoming, open(source, "rb") as file:
    file.seek(incoming.offset)
    while block := file.read(7_000):
        incoming.write(block)
        print(incoming.offset - incoming.written, flush=True)
        if len(sys.argv) > 5:
            input()
    print(incoming.finish().digest, flush=True)
"""


def child(parts: Parts, upload_id: str, source: Path, *more: str) -> "subprocess.Popen[str]":
    path = os.pathsep.join((str(ROOT), str(ROOT / "platform")))
    arguments = [parts.database.url, str(folder_of(parts).root), upload_id, str(source), *more]
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(CHILD), *arguments],
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_killed_at_any_moment_it_goes_on_where_it_was_acknowledged(
    parts: Parts, acme: Actor, tmp_path: Path
) -> None:
    source = tmp_path / "package.zip"
    data = packages.archive(golden__noise_npy=os.urandom(150_000))
    source.write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    begun = begin_upload(parts, acme, len(data), sha256=digest)

    acknowledged = 0
    for steps in (1, 4, 6):
        with child(parts, begun.id, source, "step by step") as process:
            assert process.stdin is not None
            assert process.stdout is not None
            for _ in range(steps):
                told = int(process.stdout.readline())
                assert told >= acknowledged
                acknowledged = told
                process.stdin.write("\n")
                process.stdin.flush()
            process.send_signal(signal.SIGKILL)
        kept = now(parts, acme, begun.id)
        # What the child said last is the least that is there; it may have acknowledged more.
        assert kept.received >= acknowledged
        acknowledged = kept.received
        assert folder_of(parts).path(begun.id).read_bytes()[:acknowledged] == data[:acknowledged]

    assert 0 < acknowledged < len(data)
    with child(parts, begun.id, source) as process:
        told_last = process.communicate()[0].splitlines()[-1]
    assert told_last == digest
    assert now(parts, acme, begun.id).state is UploadState.COMPLETE
    assert folder_of(parts).read(begun.id) == data


def test_killed_after_the_last_byte_an_empty_repeat_completes_it(parts: Parts, acme: Actor) -> None:
    begun = begin_upload(parts, acme, len(DATA))
    with receiver_of(parts, acme).at(begun.id, 0) as incoming:
        incoming.write(DATA)
        incoming.keep()
    assert now(parts, acme, begun.id).state is UploadState.OPEN

    done = receiver_of(parts, acme).send(begun.id, io.BytesIO(DATA))

    assert done.state is UploadState.COMPLETE
