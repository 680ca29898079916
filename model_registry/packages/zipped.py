"""Take the members out of a .zip that somebody else made, or say why not.

A zip is hostile until shown otherwise: names that climb out of the folder, links, the same name
twice, a directory or contents that grow far beyond the file. Sizes are limited before a byte is
expanded, and while it is: what a header says is a claim.
"""

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable

from model_registry.packages.errors import BrokenPackage
from model_registry.packages.layout import MAX_MEMBERS, MAX_TOTAL, faults_in_names, limit_of
from vigil.kernel.errors import Fault

ARCHIVE = "(archive)"
MAX_ARCHIVE = 512 * 1024 * 1024
MAX_RATIO = 200
MAX_FAULTS = 50
_FREE_EXPANSION = 1024 * 1024
_ENCRYPTED = 0x1
_END = b"PK\x05\x06"
_END_64 = b"PK\x06\x07"
_MAX_DIRECTORY = 256 * 1024
_START = b"PK\x03\x04"
_LOCAL_HEADER = 30
_DESCRIPTOR = 0x8
# CRC and two sizes follow a member that was streamed, after a mark or without (APPNOTE 4.3.9).
_DESCRIPTOR_MARK = b"PK\x07\x08"
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def members_of(data: bytes) -> dict[str, bytes]:
    """Return each member's name and bytes.

    Raises:
        BrokenPackage: the archive is no plain zip of a package.
    """
    _check_directory(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [entry for entry in archive.infolist() if entry.filename != "golden/"]
            faults = _faults_in(entries) + _hidden(data, archive)
            if faults:
                raise BrokenPackage.because(faults[:MAX_FAULTS])
            return {entry.filename: _expand(archive, entry) for entry in entries}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        raise _broken(ARCHIVE, f"not readable: {type(error).__name__}", "Build it again") from None


def _check_directory(data: bytes) -> None:
    """Look at the end record before `zipfile` reads the whole directory that it points to."""
    if len(data) > MAX_ARCHIVE:
        raise _broken(ARCHIVE, f"larger than {MAX_ARCHIVE} bytes", "Make the model smaller")
    end, is_zip64 = data[-22:], data[-42:-38] == _END_64
    if not end.startswith(_END) or is_zip64 or any(end[20:]):
        remedy = "Write it with `vigil package build`"
        raise _broken(ARCHIVE, "not a plain zip: no end record, a comment, or zip64", remedy)
    count, size = struct.unpack("<HL", end[10:16])
    if count > MAX_MEMBERS or size > _MAX_DIRECTORY:
        raise _broken(ARCHIVE, f"{count} members", f"Put at most {MAX_MEMBERS} files in it")


def _hidden(data: bytes, archive: zipfile.ZipFile) -> list[Fault]:
    """Find bytes that no member accounts for, or more than one: another file in this one.

    What begins as a program or a page and ends as a zip is both to whoever opens it; members that
    overlap are how a bomb without recursion is made.
    """
    at, (start,) = 0, struct.unpack("<L", data[-6:-2])
    remedy = "Write it with `vigil package build`"
    for entry in sorted(archive.infolist(), key=lambda entry: entry.header_offset):
        header = data[entry.header_offset : entry.header_offset + _LOCAL_HEADER]
        if len(header) < _LOCAL_HEADER or not header.startswith(_START):
            return [Fault(ARCHIVE, "a member is not where the directory says", remedy)]
        skipped = entry.header_offset - at
        if skipped:
            return [Fault(ARCHIVE, f"{abs(skipped)} bytes that belong to no member", remedy)]
        name, extra = struct.unpack("<HH", header[26:])
        at = entry.header_offset + _LOCAL_HEADER + name + extra + entry.compress_size
        if entry.flag_bits & _DESCRIPTOR:
            at += 16 if data[at : at + 4] == _DESCRIPTOR_MARK else 12
    if at != start:
        return [Fault(ARCHIVE, f"{abs(start - at)} bytes that belong to no member", remedy)]
    return []


def _faults_in(entries: list[zipfile.ZipInfo]) -> list[Fault]:
    names = [entry.orig_filename for entry in entries]
    faults = faults_in_names(names)
    for entry in entries:
        for rule in _RULES:
            problem = rule(entry)
            if problem:
                faults.append(Fault(entry.filename, *problem))
    if sum(entry.file_size for entry in entries) > MAX_TOTAL:
        faults.append(Fault(ARCHIVE, f"expands beyond {MAX_TOTAL} bytes", "Make it smaller"))
    return faults


def _link(entry: zipfile.ZipInfo) -> tuple[str, str] | None:
    kind = stat.S_IFMT(entry.external_attr >> 16)
    return None if kind in (0, stat.S_IFREG) else ("not a regular file", "Put the file itself in")


def _method(entry: zipfile.ZipInfo) -> tuple[str, str] | None:
    if entry.flag_bits & _ENCRYPTED:
        return "encrypted", "Leave the password out"
    if entry.compress_type not in _METHODS:
        return "an unknown compression", "Use deflate, or none"
    return None


def _size(entry: zipfile.ZipInfo) -> tuple[str, str] | None:
    if entry.file_size > limit_of(entry.filename):
        return f"larger than {limit_of(entry.filename)} bytes", "Make it smaller"
    if entry.file_size > max(_FREE_EXPANSION, MAX_RATIO * entry.compress_size):
        return f"expands more than {MAX_RATIO} times", "Store it without compression"
    return None


_RULES: tuple[Callable[[zipfile.ZipInfo], tuple[str, str] | None], ...] = (_link, _method, _size)


def _expand(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(entry) as member:
            data = member.read(entry.file_size + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError):
        data = b""
    if len(data) != entry.file_size:
        problem = "not as long as it says, or damaged"
        raise _broken(entry.filename, problem, "Build the archive again")
    return data


def _broken(field: str, problem: str, remedy: str) -> BrokenPackage:
    return BrokenPackage.because([Fault(field, problem, remedy)])
