import json
from pathlib import Path

import numpy as np
import pytest
from factories.images import make_file
from factories.packages import manifest, package_folder, scores_of, yaml_bytes
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


def run(folder: Path, image: bytes, *options: str) -> tuple[int, str, str]:
    file = folder.parent / "image.dcm"
    file.write_bytes(image)
    app = root(no_parts)
    app.add_typer(cli.app, name="package")
    result = CliRunner().invoke(app, ["--json", "package", "run", str(folder), str(file), *options])
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
    assert "guard: Vigil would not run it on this file: patient_age >= 18" in err
    assert "select: holds" in err


def test_an_image_that_cannot_be_read_is_said_plainly(folder: Path) -> None:
    code, _, err = run(folder, make_file(VALUES, PhotometricInterpretation="RGB"))
    assert code == 3
    assert "not a grayscale image" in err


def test_each_step_is_told(folder: Path) -> None:
    _, _, err = run(folder, make_file(VALUES))
    steps = [
        line.split(": ")[1].split()[0] for line in err.splitlines() if line.startswith("image")
    ]
    assert steps == [
        "stored",
        "modality_lut",
        "voi",
        "monochrome1",
        "resize",
        "scale",
        "channels",
        "fed",
    ]
    assert "image 7: fed layout NCHW: 1 x 1 x 8 x 8 float32, 0 to 0.961318" in err


def test_what_it_took_is_held_against_what_is_declared(folder: Path) -> None:
    _, _, err = run(folder, make_file(VALUES))
    assert "of 20.0: within" in err
    assert "memory in MB:" in err


def test_pictures_and_a_page_of_all_steps_are_written(folder: Path, tmp_path: Path) -> None:
    images = tmp_path / "images"
    code, out, err = run(folder, make_file(VALUES), "--images", str(images))
    page = (images / "index.html").read_text()
    assert code == 0
    assert len(list(images.glob("*.png"))) == 8
    assert (images / "tensor1-04-resize.png").read_bytes().startswith(b"\x89PNG")
    assert page.count("data:image/png;base64,") == 8
    assert str(json.loads(out)[0]["score"]) in page
    assert "height: 8, width: 8, method: area" in page
    assert images.stat().st_mode & 0o777 == 0o700
    assert "patient data" in err


def test_the_page_names_nobody_and_runs_nothing(folder: Path, tmp_path: Path) -> None:
    images = tmp_path / "images"
    image = make_file(VALUES, PatientName="Secret^Sam", PatientID="42-17", AccessionNumber="A777")
    run(folder, image, "--images", str(images))
    page = (images / "index.html").read_text() + (images / "steps.json").read_text()
    for word in ("Secret", "42-17", "A777", "image.dcm", "<script", "http:", "https:"):
        assert word not in page


def test_what_a_manifest_says_is_escaped(tmp_path: Path) -> None:
    changed = manifest()
    changed["input"]["guard"] = 'body_part != "<script>alert(1)</script>"'
    folder = package_folder(tmp_path / "package", manifest_yaml=yaml_bytes(changed))
    run(folder, make_file(VALUES), "--images", str(tmp_path / "images"))
    assert "<script" not in (tmp_path / "images" / "index.html").read_text()


def test_a_step_that_fails_leaves_the_pictures_before_it(folder: Path, tmp_path: Path) -> None:
    images = tmp_path / "images"
    image = make_file(VALUES, WindowCenter="1", WindowWidth="-4")
    code, _, err = run(folder, image, "--images", str(images))
    assert code == 3
    assert "WindowWidth is too small" in err
    assert "WindowWidth is too small" in (images / "index.html").read_text()
    assert [path.name for path in sorted(images.glob("*.png"))] == [
        "tensor1-00-stored.png",
        "tensor1-01-modality_lut.png",
    ]


def test_pictures_of_two_files_are_not_mixed(folder: Path, tmp_path: Path) -> None:
    images = tmp_path / "images"
    run(folder, make_file(VALUES), "--images", str(images))
    code, _, err = run(folder, make_file(VALUES), "--images", str(images))
    assert code == 3
    assert "not empty" in err
