"""Have the child render, with nothing of ours around it but a folder, a clock and its input."""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from surveillance.reports.errors import RenderingFailed

CHILD = "surveillance.reports.evidently_child"
SECONDS = 120
_SOURCE = Path(__file__).parents[2]


@dataclass(frozen=True)
class Rendered:
    html: bytes
    json: bytes


def render(request: dict[str, Any], seconds: float = SECONDS) -> Rendered:
    """Render one report.

    Raises:
        RenderingFailed: the child ended badly, or took longer than `seconds`.
    """
    with tempfile.TemporaryDirectory(prefix="vigil-report-") as name:
        folder = Path(name)
        (folder / "request.json").write_text(json.dumps(request))
        _run(folder, seconds)
        return Rendered(
            (folder / "report.html").read_bytes(), (folder / "report.json").read_bytes()
        )


def _run(folder: Path, seconds: float) -> None:
    command = [sys.executable, "-P", "-m", CHILD, str(folder)]
    try:
        subprocess.run(  # noqa: S603 - a fixed command; the request is a file
            command,
            env=_environment(folder),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            check=True,
        )
    except subprocess.TimeoutExpired as error:
        raise RenderingFailed(f"Not rendered within {seconds:.0f} seconds.") from error
    except subprocess.CalledProcessError as error:
        raise RenderingFailed(f"The renderer ended with code {error.returncode}.") from error


def _environment(folder: Path) -> dict[str, str]:
    """Return all that the child sees of the environment: none of our settings or secrets."""
    return {
        "DO_NOT_TRACK": "1",
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "PATH": os.defpath,
        "PYTHONPATH": str(_SOURCE),
        "TMPDIR": str(folder),
    }
