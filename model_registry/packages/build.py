"""Write a package as a .zip whose bytes depend on its contents alone.

Sorted names, one timestamp, one set of permissions and no compression: the same files give the same
digest on every machine, whatever its zlib.
"""

import io
import stat
import zipfile

from model_registry.packages.archive import ModelPackage

# The earliest instant that a zip can hold.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_MODE = (stat.S_IFREG | 0o644) << 16


def build(package: ModelPackage) -> bytes:
    """Return the archive of `package`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED, allowZip64=False) as archive:
        for name in sorted(package.files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = _UNIX
            entry.external_attr = _MODE
            archive.writestr(entry, package.files[name])
    return buffer.getvalue()
