"""Read an ONNX file's structure in a process of its own; `structure` starts it.

It takes the model from standard input and writes one JSON object to standard output: `facts`, or
`faults` as [field, problem, remedy]. It imports nothing of Vigil, so that it needs no path and no
setting. A model is data: nothing of it is computed, and no file it names is opened.
"""

import contextlib
import json
import resource
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import onnx

MB = 1024 * 1024
MAX_OUTPUT = 4 * MB
MAX_SECONDS = 60
MAX_FILES = 16
MAX_NODES = 20_000
MAX_DEPTH = 8
MAX_TENSOR_BYTES = 512 * MB
# onnx and numpy take most of the first; the parsed model and the checker's copy are a few of it.
FIXED_MEMORY = 1024 * MB
COPIES = 5
OWN_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml"})
# TensorProto.DataType, onnx.proto; what is not here cannot be fed by Vigil.
DTYPES = {
    1: "float32",
    2: "uint8",
    3: "int8",
    4: "uint16",
    5: "int16",
    6: "int32",
    7: "int64",
    8: "string",
    9: "bool",
    10: "float16",
    11: "float64",
    12: "uint32",
    13: "uint64",
}
EXPORT_AGAIN = "Export it again as one self-contained file of standard operators"


def limit(size: int) -> None:
    """Bind this process before it reads anything untrusted."""
    for what, value in (
        (resource.RLIMIT_AS, FIXED_MEMORY + COPIES * size),
        (resource.RLIMIT_CPU, MAX_SECONDS),
        (resource.RLIMIT_FSIZE, MAX_OUTPUT),
        (resource.RLIMIT_NOFILE, MAX_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (value, value))


@dataclass
class Walk:
    """A walk over everything that a model holds, wherever it is nested."""

    nodes: int = 0
    tensor_bytes: int = 0
    operators: set[str] = field(default_factory=set)
    domains: set[str] = field(default_factory=set)
    problems: set[tuple[str, str]] = field(default_factory=set)

    def visit(self, message: Any, depth: int = 0) -> None:
        kind = message.DESCRIPTOR.name
        if kind == "TensorProto":
            self._tensor(message)
            return
        if kind == "NodeProto":
            self._node(message)
        if kind == "GraphProto" and depth > MAX_DEPTH:
            self.problems.add(("graph", f"sub-graphs are nested deeper than {MAX_DEPTH}"))
            return
        for child in children(message):
            self.visit(child, depth + (kind == "GraphProto"))

    def _tensor(self, tensor: Any) -> None:
        self.tensor_bytes += tensor.ByteSize()
        if tensor.data_location or tensor.external_data:
            self.problems.add(("external_data", f"the tensor {tensor.name[:100]!r} is elsewhere"))

    def _node(self, node: Any) -> None:
        self.nodes += 1
        self.operators.add(f"{node.domain}::{node.op_type}" if node.domain else node.op_type)
        self.domains.add(node.domain)


def children(message: Any) -> Iterator[Any]:
    for descriptor, value in message.ListFields():
        if descriptor.message_type is not None:
            # A repeated field is a sequence; a single message is not.
            yield from value if hasattr(value, "__len__") else (value,)


def faults_in(model: Any, walk: Walk) -> list[list[str]]:
    """Return what is refused, as [field, problem, remedy]."""
    remedy = "Save it with all weights inside (onnx.save without save_as_external_data)"
    faults = [[name, problem, remedy] for name, problem in sorted(walk.problems)]
    domains = {opset.domain for opset in model.opset_import} | walk.domains
    faults += [
        ["operators", f"the domain {name[:100]!r} is not known", EXPORT_AGAIN]
        for name in sorted(domains - OWN_DOMAINS)
    ]
    if model.functions:
        faults.append(["functions", "it defines functions", "Inline them: onnx.inliner"])
    if model.training_info:
        faults.append(["training_info", "it holds training graphs", EXPORT_AGAIN])
    if walk.nodes > MAX_NODES:
        faults.append(["graph", f"more than {MAX_NODES} nodes", "Simplify the graph"])
    if walk.tensor_bytes > MAX_TENSOR_BYTES:
        faults.append(["graph", f"weights beyond {MAX_TENSOR_BYTES} bytes", "Shrink the model"])
    return faults


def facts_of(model: Any, walk: Walk) -> dict[str, Any]:
    weights = {tensor.name for tensor in model.graph.initializer}
    opsets = [opset.version for opset in model.opset_import if opset.domain != "ai.onnx.ml"]
    return {
        "inputs": [port(value) for value in model.graph.input if value.name not in weights],
        "outputs": [port(value) for value in model.graph.output],
        "opset": max(opsets, default=0),
        "nodes": walk.nodes,
        "operators": sorted(walk.operators),
        "tensor_bytes": walk.tensor_bytes,
    }


def port(value: Any) -> dict[str, Any]:
    """Describe an input or output: a dimension that is free is None."""
    kind = value.type.WhichOneof("value")
    tensor = value.type.tensor_type
    has_shape = kind == "tensor_type" and tensor.HasField("shape")
    dims = [d.dim_value if d.HasField("dim_value") else None for d in tensor.shape.dim]
    return {
        "name": value.name,
        "dtype": DTYPES.get(tensor.elem_type, "other") if kind == "tensor_type" else str(kind),
        "shape": dims if has_shape else None,
    }


def read(data: bytes) -> dict[str, Any]:
    try:
        model = onnx.load_model_from_string(data)
    except Exception as error:  # noqa: BLE001 - whatever the parser says, it is no model
        return {"faults": [["(whole)", f"not ONNX: {type(error).__name__}", EXPORT_AGAIN]]}
    walk = Walk()
    walk.visit(model)
    faults = faults_in(model, walk)
    if not faults:
        try:
            onnx.checker.check_model(model)
        except Exception as error:  # noqa: BLE001 - the checker raises what it likes
            line = (str(error).strip().splitlines() or ["refused"])[0][:300]
            faults.append(["graph", f"onnx.checker: {line}", EXPORT_AGAIN])
    return {"faults": faults} if faults else {"facts": facts_of(model, walk)}


def main() -> None:
    size = int(sys.argv[1])
    limit(size)
    try:
        answer = read(sys.stdin.buffer.read(size))
    except MemoryError:
        answer = {"faults": [["(whole)", "needs too much memory", "Make the model smaller"]]}
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
