import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vigil.app import cli


@pytest.fixture
def _fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGIL_DATA_DIR", str(tmp_path))
    assert CliRunner().invoke(cli.build(), ["db", "upgrade"]).exit_code == 0


@pytest.mark.usefixtures("_fresh")
def test_a_fresh_installation_has_no_failed_work() -> None:
    result = CliRunner().invoke(cli.build(), ["--json", "queue", "work"])

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == []


@pytest.mark.usefixtures("_fresh")
def test_work_that_does_not_exist_cannot_be_done_again() -> None:
    result = CliRunner().invoke(cli.build(), ["queue", "redo", "runs.execute:x", "--reason", "r"])

    assert result.exit_code == 4
    assert "There is no work" in result.stderr
