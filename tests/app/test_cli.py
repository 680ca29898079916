"""The command line as a whole: its nouns, its settings, its exit codes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from factories.identity import SETUP
from typer.testing import CliRunner, Result

from vigil import __version__
from vigil.app import cli, schema
from vigil.kernel.audit import service as audit
from vigil.kernel.db import Database
from vigil.kernel.parts import Parts

ROOT = Path(__file__).parents[2]
NOUNS = sorted(str(group.name) for group in cli.build().registered_groups)
COMMANDS = [
    [str(group.name), str(command.name or command.callback.__name__).replace("_", "-")]
    for group in cli.build().registered_groups
    if group.typer_instance
    for command in group.typer_instance.registered_commands
    if command.callback
]
SECRET = "postgresql+psycopg://vigil:hunter2@127.0.0.1:1/vigil"  # noqa: S105 - of no database


def vigil(*words: str) -> Result:
    return CliRunner().invoke(cli.build(), list(words))


def process(*words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """`vigil WORDS` as a shell would run it."""
    path = os.pathsep.join(str(ROOT / part) for part in (".", "platform"))
    return subprocess.run(
        [sys.executable, "-P", "-m", "vigil.app.cli", *words],
        env={**os.environ, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def break_chain(database: Database) -> None:
    """Change an event past the trigger, as only somebody with the database's file could."""
    with database.write() as session:
        audit.record(session, SETUP, "test:thing:make", "thing", "because")
    with database.engine.begin() as connection:
        triggers = connection.execute(
            sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        )
        for name in triggers.scalars().all():
            connection.execute(sa.text(f"DROP TRIGGER {name}"))
        connection.execute(sa.text("UPDATE audit_event SET reason = 'another'"))


def test_every_noun_of_the_design_that_is_built_is_there() -> None:
    wanted = {
        "alert", "audit", "card", "config", "db", "deployment", "model", "node", "package", "queue",
        "report", "rule", "run", "safety", "serve", "site", "study", "surveillance", "token",
        "user",
    }  # fmt: skip
    assert wanted <= set(NOUNS)


@pytest.mark.parametrize("noun", NOUNS)
def test_each_noun_says_what_it_is_for(noun: str) -> None:
    result = vigil(noun, "--help")

    assert result.exit_code == 0, result.output
    assert f"vigil {noun}" in result.output or f"root {noun}" in result.output


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_each_command_says_what_it_does(words: list[str]) -> None:
    result = vigil(*words, "--help")

    assert result.exit_code == 0, result.output
    lines = [line for line in result.output.splitlines() if line.strip()]
    assert len(lines) > 2


def test_the_version_is_printed() -> None:
    assert vigil("version").output.strip() == __version__


def test_settings_are_shown_with_their_source_and_secrets_masked(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The parts are not even built: settings must be readable while the database is away.
    monkeypatch.setenv("VIGIL_DATABASE_URL", SECRET)

    result = vigil("--json", "config", "show")

    assert result.exit_code == 0, result.output
    rows = {row["setting"]: row for row in json.loads(result.stdout)}
    assert rows["database_url"] == {
        "setting": "database_url",
        "value": "********",
        "source": "VIGIL_DATABASE_URL",
    }
    assert rows["data_dir"]["source"] == "VIGIL_DATA_DIR"
    assert rows["http_port"]["source"] == "default"
    assert "hunter2" not in result.output


def test_the_schema_is_brought_up_and_doing_so_again_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGIL_DATA_DIR", str(tmp_path))

    first, second = vigil("db", "upgrade"), vigil("db", "upgrade")

    assert (first.exit_code, second.exit_code) == (0, 0), first.output + second.output
    database = Database(f"sqlite:///{tmp_path / 'vigil.sqlite'}")
    assert schema.is_current(database)
    assert schema.differences(database) == []
    database.dispose()


def test_a_good_installation_is_called_good(installed: Parts) -> None:
    installed.settings.objects.mkdir(exist_ok=True)

    result = vigil("--json", "doctor")

    rows: list[dict[str, Any]] = json.loads(result.stdout)
    assert {row["check"] for row in rows} >= {"database", "audit", "objects", "disk", "secret"}
    bad = [row for row in rows if not row["good"]]
    assert [row["check"] for row in bad] in ([], ["disk"]), bad
    assert result.exit_code == (3 if bad else 0)


def test_a_broken_chain_is_found_by_audit_and_doctor(installed: Parts) -> None:
    break_chain(installed.database)

    verified, examined = vigil("--json", "audit", "verify"), vigil("--json", "doctor")

    assert verified.exit_code == 3
    assert json.loads(verified.stdout)[0]["holds"] is False
    assert "broken at event 1" in verified.stderr
    assert examined.exit_code == 3
    notes = {row["check"]: row["note"] for row in json.loads(examined.stdout)}
    assert notes["audit"] == "THE CHAIN IS BROKEN"


def test_an_unbroken_chain_is_verified_and_its_head_told(installed: Parts) -> None:
    with installed.database.write() as session:
        audit.record(session, SETUP, "test:thing:make", "thing", "because")

    [row] = json.loads(vigil("--json", "audit", "verify").stdout)

    assert (row["holds"], row["events"]) == (True, 1)
    assert vigil("audit", "verify", "--head", row["head"]).exit_code == 0
    assert vigil("audit", "verify", "--head", "0" * 64).exit_code == 3


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["version"], 0),
        (["run", "list"], 0),
        (["no-such-noun"], 2),
        (["run", "list", "--limit", "0"], 2),
        (["study", "show", "std_none"], 4),
        (["run", "show", "run_none"], 4),
        (["rule", "publish", "rev_none", "--reason", "x"], 4),
    ],
)
def test_the_exit_code_says_how_it_went(installed: Parts, words: list[str], code: int) -> None:
    assert vigil(*words).exit_code == code


def test_an_unknown_token_is_not_permitted(
    installed: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGIL_TOKEN", "vgl_not_a_token")

    assert vigil("run", "list").exit_code == 6


def test_a_database_without_schema_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGIL_DATA_DIR", str(tmp_path))

    result = vigil("run", "list")

    assert result.exit_code == 7
    assert "vigil db upgrade" in result.stderr
    assert "SELECT" not in result.output


def test_a_real_process_ends_with_the_code_and_one_sentence(data_dir: Path) -> None:
    missing = process("run", "show", "run_none")

    assert missing.returncode == 4
    assert missing.stdout == ""
    assert missing.stderr == "No such run: No run has this id.\n"


def test_a_setting_that_does_not_fit_is_named_without_a_traceback(data_dir: Path) -> None:
    wrong = process("config", "show", VIGIL_HTTP_PORT="a door")

    assert wrong.returncode == 3
    assert "http_port" in wrong.stderr
    assert "VIGIL_HTTP_PORT" in wrong.stderr
    assert "Traceback" not in wrong.stderr


def test_a_conflict_in_a_real_process_ends_with_five(installed: Parts) -> None:
    words = ("organisation", "create", "RXX", "--name", "Somewhere", "--kind", "provider")

    assert [process(*words).returncode for _ in range(2)] == [0, 5]
