import hashlib
import os
from pathlib import Path

import pytest

from vigil.kernel.errors import NotFound
from vigil.kernel.objects import Damaged, LocalObjectStore, StoreFull


def test_bytes_come_back_under_their_sha256(objects: LocalObjectStore) -> None:
    digest = objects.put(b"pixels")

    assert digest == hashlib.sha256(b"pixels").hexdigest()
    assert objects.get(digest) == b"pixels"
    assert list(objects.digests()) == [digest]


def test_bytes_that_changed_under_their_digest_are_named_and_not_given(
    objects: LocalObjectStore,
) -> None:
    digest = objects.put(b"pixels")
    objects.path(digest).write_bytes(b"pixelz")

    with pytest.raises(Damaged, match=digest[:12]):
        objects.get(digest)


def test_the_same_bytes_are_kept_once(objects: LocalObjectStore) -> None:
    assert objects.put(b"pixels") == objects.put(b"pixels")
    assert len(list(objects.digests())) == 1


def test_nothing_is_left_of_an_object_that_the_disk_refused(
    objects: LocalObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    objects.put(b"before")
    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(StoreFull):
        objects.put(b"pixels")

    assert not objects.exists(hashlib.sha256(b"pixels").hexdigest())
    assert list((objects.root / "incoming").iterdir()) == []


def test_what_a_dead_process_left_half_written_goes_with_age(objects: LocalObjectStore) -> None:
    digest = objects.put(b"pixels")
    for name, age in (("old", 7200), ("new", 60)):
        path = objects.root / "incoming" / name
        path.write_bytes(b"pix")
        os.utime(path, (path.stat().st_mtime - age,) * 2)

    assert objects.discard_abandoned() == 1
    assert [path.name for path in (objects.root / "incoming").iterdir()] == ["new"]
    assert objects.get(digest) == b"pixels"


def test_a_store_that_was_never_written_to_has_nothing_abandoned(
    objects: LocalObjectStore,
) -> None:
    assert objects.discard_abandoned() == 0


def test_every_folder_that_leads_to_an_object_is_flushed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[str] = []
    fsync = os.fsync

    def record(descriptor: int) -> None:
        flushed.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", record)
    digest = LocalObjectStore(tmp_path / "new" / "objects").put(b"pixels")

    leaf = tmp_path / "new" / "objects" / digest[:2] / digest[2:4]
    way_in = {str(tmp_path), *(str(p) for p in leaf.parents if tmp_path in p.parents), str(leaf)}
    assert way_in <= set(flushed)


@pytest.mark.parametrize("digest", ["../../etc/passwd", "0" * 63, "G" * 64, ""])
def test_only_a_digest_names_an_object(objects: LocalObjectStore, digest: str) -> None:
    with pytest.raises(NotFound):
        objects.get(digest)


def test_a_folder_that_another_process_made_is_flushed_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = LocalObjectStore(tmp_path / "objects").put(b"pixels")
    flushed: list[str] = []
    fsync = os.fsync

    def record(descriptor: int) -> None:
        flushed.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", record)
    LocalObjectStore(tmp_path / "objects").put(b"pixels")

    leaf = tmp_path / "objects" / digest[:2] / digest[2:4]
    assert {str(leaf), str(leaf.parent), str(leaf.parent.parent), str(tmp_path)} <= set(flushed)
