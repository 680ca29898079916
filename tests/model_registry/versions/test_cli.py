"""`vigil model`."""

import json
from pathlib import Path

import pytest
import typer
from factories import packages
from factories.identity import SETUP, create_organisation
from factories.versions import create_checked_version, create_version
from typer.testing import CliRunner

from model_registry.admission import service as admission
from model_registry.admission.verdict import Verdict
from model_registry.versions.cli import app
from vigil.kernel.console import root
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.parts import Parts


@pytest.fixture
def vigil(parts: Parts) -> typer.Typer:
    command = root(lambda: parts)
    command.add_typer(app, name="model")
    return command


def test_a_folder_is_submitted(vigil: typer.Typer, parts: Parts, tmp_path: Path) -> None:
    with parts.database.write() as session:
        create_organisation(session, "ACME", OrganisationKind.SUPPLIER)
    folder = packages.package_folder(tmp_path / "package")
    ended = CliRunner().invoke(vigil, ["--json", "model", "submit", str(folder)])
    assert ended.exit_code == 0, ended.output
    (row,) = json.loads(ended.stdout)
    assert row["model"] == "ACME/linear-three"
    assert row["status"] == "submitted"
    assert len(parts.queue.enqueued) == 1  # type: ignore[attr-defined]
    listed = json.loads(CliRunner().invoke(vigil, ["--json", "model", "list"]).stdout)
    assert listed == [row]


def test_a_version_is_shown_with_its_checks(vigil: typer.Typer, parts: Parts) -> None:
    with parts.database.write() as session:
        create_checked_version(session, parts.objects)
    ended = CliRunner().invoke(vigil, ["--json", "model", "show", "linear-three@1.0.0"])
    assert ended.exit_code == 0, ended.output
    assert {row["check"] for row in json.loads(ended.stdout)} >= {"golden", "determinism"}


def test_a_refused_version_is_checked_again(vigil: typer.Typer, parts: Parts) -> None:
    with parts.database.write() as session:
        version = create_version(session, parts.objects)
        verdict = Verdict("resources", passed=False, evidence="too slow", seconds=1)
        admission.keep(session, SETUP, version=version, verdicts=[verdict])
    words = ["--json", "model", "recheck", version.id, "--reason", "the machine was busy"]
    ended = CliRunner().invoke(vigil, words)
    assert ended.exit_code == 0, ended.output
    assert json.loads(ended.stdout)[0]["status"] == "refused"
    assert len(parts.queue.enqueued) == 1  # type: ignore[attr-defined]
    with parts.database.write() as session:
        stays = Verdict("golden", passed=False, evidence="other numbers", seconds=1)
        admission.keep(session, SETUP, version=version, verdicts=[stays])
    ended = CliRunner().invoke(vigil, words)
    assert ended.exit_code == 5, ended.output


def test_two_versions_are_compared(vigil: typer.Typer, parts: Parts) -> None:
    with parts.database.write() as session:
        for label in ("1.0.0", "2.0.0"):
            create_version(session, parts.objects, version=label)
    words = ["--json", "model", "compare", "linear-three@1.0.0", "ACME/linear-three@2.0.0"]
    ended = CliRunner().invoke(vigil, words)
    assert ended.exit_code == 0, ended.output
    assert json.loads(ended.stdout) == [
        {"section": "model", "path": "model.version", "before": "1.0.0", "after": "2.0.0"}
    ]
    assert "The weights are identical" in ended.stderr


def test_an_alias_is_set_read_listed_and_cleared(vigil: typer.Typer, parts: Parts) -> None:
    with parts.database.write() as session:
        version = create_version(session, parts.objects)

    def run(*words: str) -> list[dict[str, str]]:
        ended = CliRunner().invoke(vigil, ["--json", "model", *words])
        assert ended.exit_code == 0, ended.output
        found: list[dict[str, str]] = json.loads(ended.stdout or "[]")
        return found

    run("alias", "set", "champion", version.id, "--reason", "best")
    assert run("show", "ACME/linear-three@champion") == []
    (row,) = run("alias", "list", "ACME/linear-three")
    assert (row["alias"], row["version"], row["reason"]) == ("champion", version.id, "best")
    run("alias", "clear", "ACME/linear-three", "champion", "--reason", "none is good")
    assert run("alias", "list", version.model_id) == []


def test_an_unknown_version_ends_with_its_code(vigil: typer.Typer) -> None:
    assert CliRunner().invoke(vigil, ["model", "show", "none@1"]).exit_code == 4
