"""`vigil package`, without server and database."""

import json
from pathlib import Path

import typer
import yaml
from factories import packages
from typer.testing import CliRunner

from model_registry.packages.cli import app
from vigil.app.cli import build
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


def test_a_package_is_signed_and_verified(tmp_path: Path) -> None:
    folder, key = packages.package_folder(tmp_path / "package"), tmp_path / "acme.key"
    made = CliRunner().invoke(command(), ["--json", "package", "keygen", str(key)])
    assert made.exit_code == 0, made.output
    public = json.loads(made.stdout)[0]["public"]
    output = tmp_path / "signed.zip"
    signed = CliRunner().invoke(
        command(), ["package", "sign", str(folder), "--key", str(key), "-o", str(output)]
    )
    assert signed.exit_code == 0, signed.output
    verify = ["package", "verify", str(output), "--public", public]
    assert CliRunner().invoke(command(), verify).exit_code == 0
    again = tmp_path / "again.zip"
    CliRunner().invoke(
        command(), ["package", "sign", str(output), "--key", str(key), "-o", str(again)]
    )
    assert again.read_bytes() == output.read_bytes()


def test_a_package_of_another_key_is_not_verified(tmp_path: Path) -> None:
    folder, output = packages.package_folder(tmp_path / "package"), tmp_path / "signed.zip"
    for name in ("a", "b"):
        CliRunner().invoke(command(), ["package", "keygen", str(tmp_path / name)])
    sign = ["package", "sign", str(folder), "--key", str(tmp_path / "a"), "-o", str(output)]
    CliRunner().invoke(command(), sign)
    verify = ["package", "verify", str(output), "--public", str(tmp_path / "b.pub")]
    refused = CliRunner().invoke(command(), verify)
    assert refused.exit_code == 3
    assert "signature.json:key_id: made with the key" in refused.output


def test_a_schema_is_printed_and_all_are_written(tmp_path: Path) -> None:
    printed = CliRunner().invoke(command(), ["package", "schema", "card"])
    assert json.loads(printed.stdout)["title"] == "card.yaml of a Vigil model package"
    CliRunner().invoke(command(), ["package", "schema", "--folder", str(tmp_path / "schemas")])
    assert len(list((tmp_path / "schemas").glob("*.schema.json"))) == 6
    assert CliRunner().invoke(command(), ["package", "schema", "weights"]).exit_code == 4


def test_the_golden_cases_are_run_where_that_is_asked_for(tmp_path: Path) -> None:
    good = packages.package_folder(tmp_path / "good")
    wrong = packages.package_folder(tmp_path / "wrong", wrong_golden=True)
    for folder, options, exit_code, last in (
        (good, ["--run"], 0, "batch"),
        (wrong, [], 0, None),
        (wrong, ["--run"], 3, "golden"),
    ):
        arguments = ["--json", "package", "check", str(folder), *options]
        ended = CliRunner().invoke(build(), arguments)
        assert ended.exit_code == exit_code, ended.output
        rows = json.loads(ended.stdout) if last else []
        assert [row["check"] for row in rows][-1:] == ([last] if last else [])
