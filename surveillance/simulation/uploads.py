"""The tables that were sent, each a file until its run is over: never in the object store.

The store keeps for good what is put into it; a table is deleted as soon as it has been read.
"""

import os
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from surveillance.settings import SurveillanceSettings
from surveillance.simulation.errors import BadTable, UploadGone
from vigil.kernel.errors import Fault
from vigil.kernel.settings import KernelSettings

_FOLDER: Final = "simulations"
_MB: Final = 1024 * 1024
_PIECE: Final = 1 << 20
# An upload that no row names may belong to a request that is not over yet.
_ABANDONED_SECONDS: Final = 3600
TABLE: Final = "table"
REFERENCE: Final = "reference"


@dataclass(frozen=True)
class Uploads:
    folder: Path
    largest: int

    def keep(self, simulation_id: str, name: str, source: BinaryIO) -> Path:
        """Write a table and flush it, so that a row may rely on it.

        Raises:
            BadTable: it is too large; nothing of it is kept.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        target = self.path(simulation_id, name)
        written = 0
        with target.open("xb") as file:
            while piece := source.read(_PIECE):
                written += len(piece)
                if written > self.largest:
                    break
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        if written > self.largest:
            target.unlink()
            most = f"more than {self.largest // _MB} MB"
            raise BadTable.because([Fault(name, most, "Send fewer rows, or Parquet")])
        return target

    def open(self, simulation_id: str, name: str) -> Path:
        """Return the file of a table.

        Raises:
            UploadGone: there is none.
        """
        found = self.path(simulation_id, name)
        if not found.exists():
            raise UploadGone("The table is not in this installation's folder of uploads.")
        return found

    def delete(self, simulation_id: str) -> None:
        for name in (TABLE, REFERENCE):
            self.path(simulation_id, name).unlink(missing_ok=True)

    def clear(self, needed: Collection[str]) -> int:
        """Delete what no simulation needs any more; return how many files."""
        old = time.time() - _ABANDONED_SECONDS
        gone = [
            path
            for path in self.folder.glob("*.*")
            if path.stem not in needed and path.stat().st_mtime < old
        ]
        for path in gone:
            path.unlink(missing_ok=True)
        return len(gone)

    def path(self, simulation_id: str, name: str) -> Path:
        return self.folder / f"{simulation_id}.{name}"


def uploads_of(settings: KernelSettings) -> Uploads:
    known = isinstance(settings, SurveillanceSettings)
    most = settings.simulation_max_mb if known else 200  # type: ignore[attr-defined]  # checked
    return Uploads(settings.data_dir / _FOLDER, most * _MB)
