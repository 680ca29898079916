"""Write the first draft of a package from an ONNX file: what the graph says is filled in.

What only the supplier knows is marked `…`, and `vigil package check` names exactly those places.
"""

import io
import json
import math
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from model_registry.packages import drafts, layout
from model_registry.packages.document import DRAFT
from model_registry.packages.errors import BrokenPackage
from model_registry.packages.structure import Port, Structure, read_structure
from vigil.kernel.errors import Fault

_IMAGE_RANKS = {4: "NCHW", 5: "NCDHW"}
_SIDE, _DEPTH, _CHANNELS = 224, 8, 1
_MAX_FINDINGS = 200
_MAX_GOLDEN = 16 * 1024 * 1024
_LEAST_MEMORY_MB, _MB = 256, 1024 * 1024
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?")


def write_skeleton(model: Path, folder: Path) -> list[Path]:
    """Make `folder` with a copy of `model` and drafts of the other files.

    Raises:
        BrokenPackage: the folder holds something already, or `model` is no ONNX file.
    """
    if folder.exists() and any(folder.iterdir()):
        raise BrokenPackage.because([Fault(str(folder), "not empty", "Name a new folder")])
    structure = read_structure(model.read_bytes())
    files = {
        layout.MANIFEST: manifest_draft(structure, model.stem).encode(),
        layout.CARD: drafts.CARD.format().encode(),
        layout.SAFETY_CASE: drafts.SAFETY_CASE.format().encode(),
        layout.CASES: cases_draft(structure).encode(),
        **golden_draft(structure),
    }
    (folder / "golden").mkdir(parents=True)
    shutil.copyfile(model, folder / layout.MODEL)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return [folder / name for name in (layout.MODEL, *files)]


def manifest_draft(structure: Structure, stem: str) -> str:
    taken = structure.tensor_bytes + 2 * structure.largest_bytes
    return drafts.MANIFEST.format(
        name=stem if _NAME.fullmatch(stem) else DRAFT,
        opset=structure.opset,
        tensors="".join(_tensor(port) for port in structure.inputs),
        outputs="".join(_output(port) for port in structure.outputs),
        memory=max(_LEAST_MEMORY_MB, math.ceil(taken / _MB / 64) * 64),
    )


def cases_draft(structure: Structure) -> str:
    inputs = (f"{_name(port)}: {_file(n)}" for n, port in enumerate(structure.inputs, 1))
    outputs = (f"{_name(port)}: {DRAFT}" for port in structure.outputs)
    return drafts.CASES.format(inputs=", ".join(inputs), outputs=", ".join(outputs))


def golden_draft(structure: Structure) -> dict[str, bytes]:
    """Return an input for each tensor, made by formula: a gradient from 0 to 1."""
    files = {}
    for number, port in enumerate(structure.inputs, 1):
        shape = _filled(port)
        if port.dtype not in _NUMBERS or math.prod(shape) * 8 > _MAX_GOLDEN:
            continue
        ramp = np.linspace(0, 1, math.prod(shape)).reshape(shape).astype(port.dtype)
        buffer = io.BytesIO()
        np.save(buffer, ramp, allow_pickle=False)
        files[f"golden/{_file(number)}"] = buffer.getvalue()
    return files


_NUMBERS = frozenset(
    {"float16", "float32", "float64", "uint8", "uint16", "int16", "int32", "int64"}
)


def _tensor(port: Port) -> str:
    said = {"name": _name(port), "dtype": port.dtype, "shown": _shown(port)}
    if len(port.shape or ()) not in _IMAGE_RANKS:
        columns = (port.shape or (None,))[-1] or 1
        return drafts.ATTRIBUTES.format(attributes=", ".join([DRAFT] * columns), **said)
    lengths = dict(zip(_layout(port), _filled(port), strict=True))
    return drafts.IMAGE.format(
        layout=_layout(port),
        height=lengths["H"],
        width=lengths["W"],
        channels=lengths["C"],
        **said,
    )


def _layout(port: Port) -> str:
    rank = len(port.shape or ())
    is_nhwc = rank == 4 and port.shape is not None and port.shape[3] in (1, 3)  # noqa: PLR2004 - NHWC has four dimensions
    return "NHWC" if is_nhwc else _IMAGE_RANKS[rank]


def _filled(port: Port) -> tuple[int, ...]:
    """Return the shape of one case, what is free filled with what is usual."""
    shape = port.shape or ()
    if len(shape) not in _IMAGE_RANKS:
        return tuple(length or 1 for length in shape)
    usual = {"N": 1, "C": _CHANNELS, "D": _DEPTH, "H": _SIDE, "W": _SIDE}
    return tuple(length or usual[axis] for axis, length in zip(_layout(port), shape, strict=True))


def _output(port: Port) -> str:
    said: dict[str, Any] = {"name": _name(port), "shown": _shown(port)}
    shape = port.shape or (None,)
    if len(shape) > 2:  # noqa: PLR2004 - more than batch and class is an image
        text, count = drafts.PICTURE.format(**said), shape[1] or 1
    else:
        text, count = drafts.PROBABILITIES.format(**said), shape[-1] or 1
    findings = (drafts.FINDING.format(index=n) for n in range(min(count, _MAX_FINDINGS)))
    return text + "".join(findings)


def _name(port: Port) -> str:
    """Return the graph's own name, in quotes where YAML would read it as something else."""
    is_word = _PLAIN.fullmatch(port.name) and port.name.lower() not in _RESERVED
    return port.name if is_word else json.dumps(port.name)


_RESERVED = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def _file(number: int) -> str:
    return f"gradient_{number}.npy"


def _shown(port: Port) -> str:
    if port.shape is None:
        return f"{port.dtype}, shape not declared"
    return f"{port.dtype} [{', '.join('?' if n is None else str(n) for n in port.shape)}]"
