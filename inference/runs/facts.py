"""What computes results on this machine: kept with each run, compared when a worker starts."""

from typing import Final

from inference.preprocessing.implementation import implementation_digest
from inference.runtime.provider import installed

PREPROCESSING: Final = "preprocessing"
# Those that may change the numbers; a run keeps others beside them.
DECISIVE: Final = (
    "onnxruntime",
    "provider",
    "intra_threads",
    "machine",
    "numpy",
    "pydicom",
    PREPROCESSING,
)


def present_facts() -> dict[str, str]:
    """Return the facts that are known before a model is loaded."""
    return installed() | {PREPROCESSING: implementation_digest()}
