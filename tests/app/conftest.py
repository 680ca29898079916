"""A data folder as an installation has it, and the parts that every process builds from it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from vigil.app.settings import Settings
from vigil.app.wiring import build_parts
from vigil.kernel.engine import ledger
from vigil.kernel.parts import Parts


@pytest.fixture
def data_dir(tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a migrated database, which the settings name."""
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy(migrated_sqlite, folder / "vigil.sqlite")
    monkeypatch.setenv("VIGIL_DATA_DIR", str(folder))
    monkeypatch.delenv("VIGIL_TOKEN", raising=False)
    return folder


@pytest.fixture
def installed(data_dir: Path) -> Iterator[Parts]:
    parts = build_parts(Settings(data_dir=data_dir))
    ledger.prepare(parts.database)
    yield parts
    parts.database.dispose()
