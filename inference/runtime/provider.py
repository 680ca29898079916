"""What computes a model: the one execution provider that Vigil uses, on this machine."""

import platform
from importlib.metadata import version
from typing import Final

PROVIDER: Final = "CPUExecutionProvider"


def installed() -> dict[str, str]:
    """Return what decides the numbers beside the model: what a run pins, and staleness looks at."""
    return {
        "onnxruntime": version("onnxruntime"),
        "provider": PROVIDER,
        "machine": platform.machine(),
        "numpy": version("numpy"),
        "pydicom": version("pydicom"),
    }
