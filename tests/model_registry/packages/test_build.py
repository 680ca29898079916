"""The archive depends on the contents alone."""

import io
import os
import zipfile
from pathlib import Path

from factories import packages

from model_registry.packages.archive import ModelPackage
from model_registry.packages.build import build
from vigil.kernel.objects import sha256


def test_the_same_contents_give_the_same_digest(tmp_path: Path) -> None:
    one = packages.package_folder(tmp_path / "one")
    two = packages.package_folder(tmp_path / "two")
    for path in two.rglob("*"):
        path.chmod(0o700)
        os.utime(path, (1, 1))
    assert sha256(build(ModelPackage.open(one))) == sha256(build(ModelPackage.open(two)))


def test_the_order_of_the_files_does_not_matter() -> None:
    files = packages.package_files()
    turned = dict(reversed(files.items()))
    assert build(ModelPackage(files)) == build(ModelPackage(turned))


def test_one_other_byte_gives_another_digest() -> None:
    other = packages.package(README_md=b"x")
    assert build(other) != packages.archive()


def test_what_is_built_is_read_back() -> None:
    assert ModelPackage.from_zip(packages.archive()) == packages.package()


def test_an_archive_of_other_tools_gives_the_same_digest(tmp_path: Path) -> None:
    path = tmp_path / "theirs.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as theirs:
        theirs.writestr("golden/", b"")
        for name, data in reversed(packages.package_files().items()):
            theirs.writestr(zipfile.ZipInfo(name, (2024, 2, 29, 12, 0, 0)), data)
    assert build(ModelPackage.open(path)) == packages.archive()


def test_an_archive_that_was_streamed_is_read(tmp_path: Path) -> None:
    """Writers that cannot seek put each member's sizes after it."""
    buffer = io.BytesIO()
    buffer.seekable = lambda: False  # type: ignore[method-assign]
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as theirs:
        for name, data in packages.package_files().items():
            theirs.writestr(name, data)
    assert build(ModelPackage.from_zip(buffer.getvalue())) == packages.archive()
