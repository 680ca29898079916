"""What an ONNX file's graph looks like, read by a child process that can do no harm.

The child (`structure_child`) has limits on memory, CPU, files and time, an empty folder of its own
and no environment; external data, unknown operators and oversized graphs are refused. Why each rule
is there: docs/adr/0006-model-package.md.
"""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model_registry.packages.errors import BrokenPackage
from model_registry.packages.layout import MODEL
from vigil.kernel.errors import Fault

# Started, never imported: the onnx library stays out of this process.
_CHILD = Path(__file__).with_name("structure_start.py")
_ROOT = Path(__file__).parents[2]
MAX_ANSWER = 4 * 1024 * 1024
WALL_SECONDS = 90.0
_REMEDY = "Export a smaller, simpler graph"
# One thread: more reserve address space that the limit counts.
_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"}


@dataclass(frozen=True)
class Port:
    """An input or output of the graph. A free dimension is None; so is a shape not declared."""

    name: str
    dtype: str
    shape: tuple[int | None, ...] | None


@dataclass(frozen=True)
class Structure:
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    opset: int
    nodes: int
    operators: tuple[str, ...]
    tensor_bytes: int
    largest_bytes: int = 0
    largest_name: str = ""

    def input(self, name: str) -> Port | None:
        return next((port for port in self.inputs if port.name == name), None)

    def output(self, name: str) -> Port | None:
        return next((port for port in self.outputs if port.name == name), None)


def read_structure(model: bytes, wall_seconds: float = WALL_SECONDS) -> Structure:
    """Read the structure of `model`.

    Raises:
        BrokenPackage: it is no model, or one that Vigil does not run; every reason is named.
    """
    answer = _ask(model, wall_seconds)
    if "faults" in answer:
        raise BrokenPackage.because([Fault(f"{MODEL}:{f}", p, r) for f, p, r in answer["faults"]])
    facts = answer["facts"]
    return Structure(
        inputs=tuple(_port(port) for port in facts["inputs"]),
        outputs=tuple(_port(port) for port in facts["outputs"]),
        opset=facts["opset"],
        nodes=facts["nodes"],
        operators=tuple(facts["operators"]),
        tensor_bytes=facts["tensor_bytes"],
        largest_bytes=facts["largest_bytes"],
        largest_name=facts["largest_name"],
    )


def _port(facts: dict[str, Any]) -> Port:
    shape = facts["shape"]
    return Port(facts["name"], facts["dtype"], None if shape is None else tuple(shape))


def _ask(model: bytes, wall_seconds: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="vigil-") as empty, tempfile.TemporaryFile() as output:
        try:
            ended = subprocess.run(  # noqa: S603 - our own file, no shell, no foreign argument
                [sys.executable, "-I", "-B", str(_CHILD), str(len(model)), str(_ROOT)],
                input=model,
                stdout=output,
                stderr=subprocess.DEVNULL,
                cwd=empty,
                env=_ENVIRONMENT,
                timeout=wall_seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise _broken(f"not read within {wall_seconds:g} seconds") from None
        if ended.returncode != 0:
            raise _broken(f"its reading was ended ({ended.returncode})")
        output.seek(0)
        answer: dict[str, Any] = json.loads(output.read(MAX_ANSWER))
        return answer


def _broken(problem: str) -> BrokenPackage:
    return BrokenPackage.because([Fault(f"{MODEL}:(whole)", problem, _REMEDY)])
