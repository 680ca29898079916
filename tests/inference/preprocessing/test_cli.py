import json
from pathlib import Path

import numpy as np
import pytest
from factories.images import make_file
from factories.packages import package_folder, scores_of
from typer.testing import CliRunner

from inference.preprocessing import cli
from vigil.kernel.console import root
from vigil.kernel.parts import Parts

VALUES = np.arange(64, dtype=np.uint16).reshape(8, 8) * 1000


def no_parts() -> Parts:
    raise AssertionError("a package is tried without a database")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return package_folder(tmp_path / "package")


def run(folder: Path, image: bytes) -> tuple[int, str, str]:
    file = folder.parent / "image.dcm"
    file.write_bytes(image)
    app = root(no_parts)
    app.add_typer(cli.app, name="package")
    result = CliRunner().invoke(app, ["--json", "package", "run", str(folder), str(file)])
    return result.exit_code, result.stdout, result.stderr


def test_run_prints_the_score_of_each_finding(folder: Path) -> None:
    code, out, err = run(folder, make_file(VALUES))
    expected = scores_of((VALUES / 65535).astype(np.float32)[np.newaxis, np.newaxis])[0]
    rows = json.loads(out)
    assert code == 0
    assert [row["finding"] for row in rows] == ["pneumonia", "effusion"]
    assert rows[0]["score"] == pytest.approx(expected[0], abs=1e-5)
    assert rows[1]["flagged"] == (expected[2] >= 0.6)
    assert "would not run" not in err


def test_run_says_which_condition_would_have_kept_the_file_out(folder: Path) -> None:
    code, _, err = run(folder, make_file(VALUES, PatientAge="005Y"))
    assert code == 0
    assert "guard: patient_age >= 18" in err


def test_an_image_that_cannot_be_read_is_said_plainly(folder: Path) -> None:
    code, _, err = run(folder, make_file(VALUES, PhotometricInterpretation="RGB"))
    assert code == 3
    assert "not a grayscale image" in err
