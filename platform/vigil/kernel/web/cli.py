"""`vigil assets`: collect the pages' static files, once, at set-up."""

from pathlib import Path

import typer

from vigil.kernel.console import say
from vigil.kernel.settings import KernelSettings
from vigil.kernel.web import assets

app = typer.Typer(help="The static files of the pages.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Keep `build` a command of its own, though it is the only one."""


@app.command()
def build(
    folder: Path = typer.Option(
        KernelSettings.model_fields["assets_dir"].default,
        envvar="VIGIL_ASSETS_DIR",
        help="Where the files go.",
    ),
) -> None:
    """Collect the static files from the installed packages."""
    names = assets.build(folder).names
    say(f"{len(names)} files in {folder}.")
