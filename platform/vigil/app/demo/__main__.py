"""`make demo` and `make up`: run the loop in a fresh folder, or serve what it left."""

import os
import shutil
import sys
import time
from pathlib import Path

from rich.console import Console

from inference.runtime import isolation
from vigil.app import cli
from vigil.app.demo import report
from vigil.app.demo.client import StoryFailed
from vigil.app.demo.ports import free_ports
from vigil.app.demo.story import tell
from vigil.app.settings import Settings
from vigil.app.wiring import build_parts
from vigil.kernel.telemetry import configure_logging

FOLDER = Path("var/demo")
MARK = "made-by-vigil-demo"


def main(arguments: list[str]) -> int:
    """Run the demonstration, or with `up` serve what it left."""
    folder = Path(os.environ.get("VIGIL_DATA_DIR", FOLDER)).absolute()
    console = Console()
    refused = isolation.refused_here()
    if refused:
        # The demonstration's own models, in a container that forbids what would keep them in.
        os.environ[isolation.SETTING] = "true"
        console.print(f"Models are not kept from: {', '.join(refused)}. {isolation.SETTING}=true.")
    if arguments == ["up"]:
        return _serve(folder)
    started = time.monotonic()
    _empty(folder)
    http_port, dicom_port, pacs_port = free_ports(3)
    settings = Settings(
        data_dir=folder,
        http_port=http_port,
        dicom_port=dicom_port,
        dicom_host="127.0.0.1",
        # One machine, one sender: a second of silence is enough to call a study complete.
        study_quiet_seconds=1.0,
        log_level="warning",
    )
    configure_logging(settings.log_level)
    parts = build_parts(settings)
    try:
        story = tell(parts, settings, pacs_port, console)
        report.show(parts, story, console)
    except StoryFailed as failure:
        console.print(f"[red]The demonstration stopped:[/] {failure}")
        console.print(f"What the processes said is in {folder / 'logs'}.")
        return 1
    finally:
        parts.database.dispose()
    console.print(f"Took {time.monotonic() - started:.0f} s. Everything it left is in {folder}.")
    console.print("[bold]make up[/] serves the console on it, at http://127.0.0.1:8080")
    return 0


def _serve(folder: Path) -> int:
    if not (folder / MARK).exists():
        Console().print("There is nothing to serve yet: run [bold]make demo[/] first.")
        return 1
    os.environ["VIGIL_DATA_DIR"] = str(folder)
    cli.up()
    return 0


def _empty(folder: Path) -> None:
    """Begin afresh; what the demonstration did not make itself is never deleted."""
    if folder.exists() and not (folder / MARK).exists() and any(folder.iterdir()):
        raise SystemExit(f"{folder} is not empty and not the demonstration's: name another one.")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MARK).touch()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
