"""What every command of `vigil` has in common: its parts, its actor, its output, its exit code.

Exit codes: 0 done; 1 failure; 2 usage; 3 a check failed; 4 not found; 5 conflict; 6 not permitted;
7 not reachable; 130 interrupted. Data goes to standard output, everything else to standard error.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NoReturn

import typer
from rich.console import Console as Terminal
from rich.table import Table
from rich.text import Text
from sqlalchemy.exc import OperationalError
from typer.core import TyperGroup

from vigil.kernel.errors import Unavailable, VigilError
from vigil.kernel.identity import service as identity
from vigil.kernel.identity.actor import Actor, system_actor
from vigil.kernel.parts import Parts

TOKEN = "VIGIL_TOKEN"  # noqa: S105 - the variable's name, not a token
CHECK_FAILED = 3
EXIT_CODES = (
    "Exit codes: 0 done, 1 failure, 2 usage, 3 a check failed, 4 not found, 5 conflict, "
    "6 not permitted, 7 not reachable, 130 interrupted."
)


@dataclass
class Console:
    """What `ctx.obj` holds. The parts are built when a command first asks for them.

    `extras` is what the wiring hands to a lower floor's commands by name, such as `gates`.
    """

    build: Callable[[], Parts]
    json: bool = False
    extras: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def parts(self) -> Parts:
        return self.build()


class Commands(TyperGroup):
    """A group whose commands' errors become one sentence and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except VigilError as error:
            fail(error)
        except OperationalError:
            fail(Unavailable("The database does not answer, or `vigil db upgrade` is due."))


def root(build: Callable[[], Parts], extras: Mapping[str, Any] | None = None) -> typer.Typer:
    """Return the outermost command: it takes `--json` and hands a `Console` to all below."""
    app = typer.Typer(
        name="vigil",
        cls=Commands,
        help=f"Run AI models for radiology and answer for them.\n\n{EXIT_CODES}",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )

    @app.callback()
    def options(
        ctx: typer.Context,
        as_json: bool = typer.Option(False, "--json", help="Print JSON, as the API gives it."),
    ) -> None:
        ctx.obj = Console(build, as_json, extras or {})

    return app


def parts_of(ctx: typer.Context) -> Parts:
    return _console(ctx).parts


def extra_of(ctx: typer.Context, name: str) -> Any:
    """Return what the wiring handed in under this name; without it the command cannot be run."""
    return _console(ctx).extras[name]


def actor_of(ctx: typer.Context) -> Actor:
    """Return the person that `VIGIL_TOKEN` belongs to; without one, the machine's operator.

    Raises:
        BadCredentials: the token is unknown, expired or revoked.
    """
    key = os.environ.get(TOKEN)
    if not key:
        return system_actor("cli")
    with parts_of(ctx).database.read() as session:
        return identity.bearer(session, key)


def show(ctx: typer.Context, rows: list[dict[str, Any]]) -> None:
    """Print rows: a table on a terminal, tab-separated in a pipe, JSON with `--json`."""
    if _console(ctx).json:
        typer.echo(json.dumps(rows, indent=2, default=str))
    elif sys.stdout.isatty():
        _show_table(rows)
    elif rows:
        typer.echo("\t".join(rows[0]))
        for row in rows:
            typer.echo("\t".join(_cell(value) for value in row.values()))


def say(text: str) -> None:
    """Tell the person at the terminal something that is not data."""
    typer.echo(text, err=True)


def fail(error: VigilError) -> NoReturn:
    """Say what is wrong, each fault on its line, and leave with the error's exit code."""
    say(f"{error.title}: {error.detail}" if not error.faults else f"{error.title}:")
    for fault in error.faults:
        say(f"  {fault}")
    raise typer.Exit(error.exit_code)


def _console(ctx: typer.Context) -> Console:
    console = ctx.find_object(Console)
    if console is None:
        raise RuntimeError("the command was not called below `root`")
    return console


def _show_table(rows: list[dict[str, Any]]) -> None:
    if not rows:
        say("Nothing to show.")
        return
    table = Table(*rows[0], box=None, header_style="bold")
    for row in rows:
        # Text, because a plain string would be read as rich's markup.
        table.add_row(*(Text(_cell(value)) for value in row.values()))
    Terminal().print(table)


def _cell(value: object) -> str:
    """Return one line without control characters: a name from outside cannot steer the terminal."""
    text = "" if value is None else str(value)
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
