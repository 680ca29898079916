import sys
from typing import Any

import pytest
import typer
from sqlalchemy.exc import OperationalError
from typer.testing import CliRunner

from vigil.kernel import console
from vigil.kernel.errors import Fault, Invalid
from vigil.kernel.parts import Parts

ROWS: list[dict[str, Any]] = [
    {"name": "a\tb\n\x1b[2J[c]", "count": None},
    {"name": "d", "count": 3},
]


@pytest.fixture
def vigil(parts: Parts) -> typer.Typer:
    app = console.root(lambda: parts)

    @app.command()
    def rows(ctx: typer.Context) -> None:
        console.show(ctx, ROWS)

    @app.command()
    def who(ctx: typer.Context) -> None:
        typer.echo(console.actor_of(ctx).id)

    @app.command()
    def away() -> None:
        raise OperationalError("SELECT patient", {}, OSError("DOE^JANE"))

    @app.command()
    def wrong() -> None:
        raise Invalid.because([Fault("share", "above 100", "Give a percentage")])

    @app.command()
    def interrupted() -> None:
        raise KeyboardInterrupt

    return app


def test_in_a_pipe_rows_are_tab_separated_and_stay_one_line(vigil: typer.Typer) -> None:
    output = CliRunner().invoke(vigil, ["rows"]).output
    assert output == "name\tcount\na b [2J[c]\t\nd\t3\n"


def test_on_a_terminal_rows_are_a_table(
    vigil: typer.Typer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    vigil(["rows"], standalone_mode=False)
    output = capsys.readouterr().out
    assert "name" in output.splitlines()[0]
    assert "\t" not in output


def test_without_a_token_the_machines_operator_acts(
    vigil: typer.Typer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(console.TOKEN, raising=False)
    assert CliRunner().invoke(vigil, ["who"]).output == "system:cli\n"


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("away", 7, "Not reachable: The database does not answer"),
        ("wrong", 3, "share: above 100. Give a percentage"),
        ("interrupted", 130, ""),
        ("unknown", 2, "No such command"),
    ],
)
def test_an_error_is_a_sentence_and_an_exit_code(
    vigil: typer.Typer, command: str, code: int, said: str
) -> None:
    result = CliRunner().invoke(vigil, [command])
    assert result.exit_code == code
    assert said in result.stderr
    assert "DOE" not in result.output


def test_the_parts_are_built_only_when_asked_for() -> None:
    def build() -> Parts:
        raise AssertionError("not needed")

    app = console.root(build)
    app.command("help-only")(lambda: None)
    assert CliRunner().invoke(app, ["--help"]).exit_code == 0
