"""Whether the kernel keeps a model's process from network and files, and what to do if not.

Containers often forbid new namespaces, older kernels have no Landlock (docs/adr/0008). Admission
runs a package of strangers only where both hold, unless this installation says that something else
keeps it in.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from inference.runtime import cage
from model_registry.packages.network import not_granted

SETTING: Final = "VIGIL_RUNTIME_WITHOUT_ISOLATION"
_ROOT = Path(__file__).parents[2]
_SECONDS = 20.0


def refused_here() -> tuple[str, ...]:
    """Ask the kernel, in a process of the same kind; return what it does not grant."""
    with tempfile.TemporaryDirectory(prefix="vigil-") as empty:
        asked = subprocess.run(  # noqa: S603 - our own interpreter and our own file
            [sys.executable, "-I", "-B", cage.__file__, str(_ROOT), cage.PROBE],
            cwd=empty,
            env={},
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    granted: dict[str, bool] = json.loads(asked.stdout) if asked.returncode == 0 else {}
    return not_granted(granted)


def why(refused: tuple[str, ...]) -> str:
    """Say what is not granted, and the remedy."""
    return (
        f"this installation cannot keep a model's process from: {', '.join(refused)}. The package "
        "is not at fault. Run the worker where user namespaces and Landlock (Linux 5.13) are "
        f"allowed, or set {SETTING}=true where something else keeps it in; then submit the same "
        "package again"
    )
