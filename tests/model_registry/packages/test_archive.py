"""Archives and folders of strangers: nothing but a package's own files gets in."""

import io
import struct
import zipfile
from pathlib import Path

import pytest
from factories import packages

from model_registry.packages import zipped
from model_registry.packages.archive import ModelPackage
from model_registry.packages.errors import BrokenPackage


def zip_of(*members: tuple[zipfile.ZipInfo | str, bytes], deflate: bool = False) -> bytes:
    buffer = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return buffer.getvalue()


def fault_of(data: bytes) -> str:
    with pytest.raises(BrokenPackage) as caught:
        ModelPackage.from_zip(data)
    assert all(fault.remedy for fault in caught.value.faults)
    return str(caught.value)


def test_a_folder_and_its_archive_are_the_same_package(tmp_path: Path) -> None:
    folder = packages.package_folder(tmp_path / "package")
    path = tmp_path / "package.zip"
    path.write_bytes(packages.archive())
    assert ModelPackage.open(folder) == ModelPackage.open(path)


def test_the_golden_case_is_read() -> None:
    (case,) = ModelPackage.from_zip(packages.archive()).golden
    assert case.inputs["image"].shape == (1, 1, 8, 8)
    assert case.expected["scores"].shape == (1, 3)
    assert case.tolerance == 1e-5


@pytest.mark.parametrize(
    "name",
    ["../model.onnx", "/etc/passwd", "golden/../model.onnx", "golden/a/b.npy", "evil.py", "a\\b"],
)
def test_a_name_that_no_package_has_is_refused(name: str) -> None:
    assert "not a file of a package" in fault_of(zip_of((name, b"x")))


def test_a_link_is_refused() -> None:
    entry = zipfile.ZipInfo("model.onnx")
    entry.create_system = 3
    entry.external_attr = 0o120777 << 16
    assert "model.onnx: not a regular file" in fault_of(zip_of((entry, b"/etc/passwd")))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_twice_is_refused() -> None:
    data = zip_of(("manifest.yaml", b"a"), ("manifest.yaml", b"b"))
    assert "manifest.yaml: occurs twice" in fault_of(data)


def test_what_expands_too_far_is_refused_before_it_is_expanded() -> None:
    data = zip_of(("model.onnx", bytes(64 * 1024 * 1024)), deflate=True)
    assert "expands more than 200 times" in fault_of(data)


def test_a_header_that_lies_about_the_length_is_refused() -> None:
    data = bytearray(zip_of(("card.yaml", bytes(100_000)), deflate=True))
    place = data.rindex(b"PK\x01\x02")
    data[place + 24 : place + 28] = struct.pack("<L", 10)
    assert "card.yaml" in fault_of(bytes(data)) or "(archive)" in fault_of(bytes(data))


def test_too_many_members_are_refused() -> None:
    data = zip_of(*((f"golden/{number}.npy", b"") for number in range(201)))
    assert "201 members" in fault_of(data)


def test_too_large_a_document_is_refused() -> None:
    assert "card.yaml: larger than" in fault_of(zip_of(("card.yaml", bytes(2 * 1024 * 1024))))


def test_an_encrypted_member_is_refused() -> None:
    data = bytearray(zip_of(("card.yaml", b"a: b")))
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    assert "card.yaml: encrypted" in fault_of(bytes(data))


@pytest.mark.parametrize("data", [b"", b"PK", b"x" * 1000, packages.archive()[:-30]])
def test_what_is_no_zip_is_refused(data: bytes) -> None:
    assert "(archive)" in fault_of(data)


def test_a_zip_with_a_comment_is_refused() -> None:
    data = packages.archive()
    assert "no end record" in fault_of(data[:-2] + b"\x01\x00x")


def test_a_huge_archive_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipped, "MAX_ARCHIVE", 100)
    assert "larger than 100 bytes" in fault_of(packages.archive())


def test_a_link_in_a_folder_is_refused(tmp_path: Path) -> None:
    folder = packages.package_folder(tmp_path / "package", card_yaml=None)
    (tmp_path / "secret").write_text("secret")
    (folder / "card.yaml").symlink_to(tmp_path / "secret")
    with pytest.raises(BrokenPackage, match=r"card\.yaml: a link"):
        ModelPackage.open(folder)


def test_a_stray_file_in_a_folder_is_named(tmp_path: Path) -> None:
    folder = packages.package_folder(tmp_path / "package")
    (folder / "notes.docx").write_text("x")
    with pytest.raises(BrokenPackage, match=r"notes\.docx: not a file of a package"):
        ModelPackage.open(folder)
