"""Have the child render, with nothing of ours around it but a folder, a clock and its input."""

import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from surveillance.reports.errors import RenderingFailed

CHILD = "surveillance.reports.cage"
SECONDS = 300.0
MEGABYTES = 3072
_SOURCE = Path(__file__).parents[2]
_ERROR = re.compile(r"^(\w+(?:Error|Exception))\b", re.MULTILINE)
_TAIL = 4000
# What a DICOM tag says ends up in a script of the document, which Evidently does not escape.
_UNSAFE = re.compile(r"[^\w .,:;()+/*%=@#!?°'-]")


@dataclass(frozen=True)
class Rendered:
    html: bytes
    json: bytes

    @property
    def figures(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.json)
        return found


@dataclass(frozen=True)
class Renderer:
    """What one report may cost."""

    seconds: float = SECONDS
    megabytes: int = MEGABYTES

    def render(self, request: dict[str, Any]) -> Rendered:
        """Render one report.

        Raises:
            RenderingFailed: the child ended badly, or took longer than it may.
        """
        with tempfile.TemporaryDirectory(prefix="vigil-report-") as name:
            folder = Path(name)
            (folder / "request.json").write_text(json.dumps(safe(request)))
            self._run(folder)
            return Rendered(
                (folder / "report.html").read_bytes(), (folder / "report.json").read_bytes()
            )

    def _run(self, folder: Path) -> None:
        limits = [str(folder), str(self.megabytes), str(int(self.seconds))]
        errors = folder / "errors"
        try:
            with errors.open("wb") as stderr:
                self._call(folder, limits, stderr)
        except subprocess.TimeoutExpired as error:
            raise RenderingFailed(f"Not rendered within {self.seconds:.0f} seconds.") from error
        except subprocess.CalledProcessError as error:
            raise RenderingFailed(
                f"The renderer ended with code {error.returncode}{_kind(errors)}; it may take "
                f"{self.seconds:.0f} seconds and {self.megabytes} MB of memory."
            ) from error

    def _call(self, folder: Path, limits: list[str], stderr: IO[bytes]) -> None:
        subprocess.run(  # noqa: S603 - a fixed command; the request is a file
            [sys.executable, "-P", "-m", CHILD, *limits],
            env=_environment(folder),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            timeout=self.seconds,
            check=True,
        )


def _kind(errors: Path) -> str:
    """Return the type of the child's last error; its text may hold what a tag said."""
    found = _ERROR.findall(errors.read_text(errors="replace")[-_TAIL:])
    return f" ({found[-1]})" if found else ""


def safe(value: Any) -> Any:
    """Return plain data whose texts hold nothing that a script or markup would act on."""
    if isinstance(value, str):
        return _UNSAFE.sub("·", value)
    if isinstance(value, dict):
        return {safe(key): safe(each) for key, each in value.items()}
    return [safe(each) for each in value] if isinstance(value, list | tuple) else value


def _environment(folder: Path) -> dict[str, str]:
    """Return all that the child sees of the environment: none of our settings or secrets."""
    return {
        "DO_NOT_TRACK": "1",
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PATH": os.defpath,
        "PYTHONPATH": str(_SOURCE),
        "TMPDIR": str(folder),
    }
