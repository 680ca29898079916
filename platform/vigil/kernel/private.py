"""Files and folders that only the user whom Vigil runs as can read, whatever the umask says.

The data directory holds patients' images, and the database what is known of them.
"""

import os
from pathlib import Path
from typing import Final

PRIVATE_FOLDER: Final = 0o700
PRIVATE_FILE: Final = 0o600
_OTHERS: Final = 0o077


def private_folder(folder: Path) -> None:
    """Make a folder that is only its owner's, or take the others' rights from one that is there."""
    folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    _close(folder, PRIVATE_FOLDER)


def private_file(path: Path) -> None:
    """Make a file that is only its owner's, or take the others' rights from one that is there."""
    if not path.exists():
        path.touch(mode=PRIVATE_FILE)
    _close(path, PRIVATE_FILE)


def _close(path: Path, mode: int) -> None:
    # What is another user's is that user's to close.
    found = path.stat()
    if found.st_uid == os.geteuid() and found.st_mode & _OTHERS:
        path.chmod(mode)
