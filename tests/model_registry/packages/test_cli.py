"""`vigil package`, without server and database."""

import json
from pathlib import Path

import typer
import yaml
from factories import packages
from typer.testing import CliRunner

from model_registry.packages.cli import app
from vigil.kernel.console import root
from vigil.kernel.objects import sha256
from vigil.kernel.parts import Parts


def no_parts() -> Parts:
    raise AssertionError("a package is made without server and database")


def command() -> typer.Typer:
    vigil = root(no_parts)
    vigil.add_typer(app, name="package")
    return vigil


def test_a_skeleton_is_written_and_what_is_left_to_fill_in_is_named(tmp_path: Path) -> None:
    model = tmp_path / "m.onnx"
    model.write_bytes(packages.onnx_model().SerializeToString())
    made = CliRunner().invoke(command(), ["package", "init", str(model), str(tmp_path / "new")])
    assert made.exit_code == 0, made.output
    draft = yaml.safe_load((tmp_path / "new" / "manifest.yaml").read_text())
    assert draft["input"]["tensors"][0]["steps"][3]["resize"]["height"] == 8
    assert len(draft["output"][0]["findings"]) == 3
    checked = CliRunner().invoke(command(), ["--json", "package", "check", str(tmp_path / "new")])
    assert checked.exit_code == 3
    fields = {fault["field"] for fault in json.loads(checked.stdout)}
    assert "manifest.yaml:model.supplier" in fields
    assert "card.yaml:intended_use" in fields


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    folder = packages.package_folder(tmp_path / "package")
    before = (folder / "manifest.yaml").read_bytes()
    model = folder / "model.onnx"
    ended = CliRunner().invoke(command(), ["package", "init", str(model), str(folder)])
    assert ended.exit_code == 3
    assert (folder / "manifest.yaml").read_bytes() == before


def test_a_package_is_built(tmp_path: Path) -> None:
    folder = packages.package_folder(tmp_path / "package")
    output = tmp_path / "out.zip"
    arguments = ["--json", "package", "build", str(folder), "-o", str(output)]
    ended = CliRunner().invoke(command(), arguments)
    assert ended.exit_code == 0, ended.output
    assert json.loads(ended.stdout)[0]["digest"] == sha256(packages.archive())
    assert output.read_bytes() == packages.archive()


def test_a_broken_package_is_not_built(tmp_path: Path) -> None:
    folder = packages.package_folder(tmp_path / "package", card_yaml=None)
    output = tmp_path / "out.zip"
    ended = CliRunner().invoke(command(), ["package", "build", str(folder), "-o", str(output)])
    assert ended.exit_code == 3
    assert "card.yaml: missing" in ended.output
    assert not output.exists()
