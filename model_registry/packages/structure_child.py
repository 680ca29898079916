"""Read an ONNX file's structure in a process of its own; `structure_start` starts it.

It takes the model from standard input and writes one JSON object to standard output: `facts`, or
`faults` as [field, problem, remedy]. Of Vigil it imports plain rules, so that it
needs no setting. A model is data: nothing of it is computed, and no file it names is opened.
The order is from cheap to dear: parse, walk with a limit, the library's checker, inferred sizes.
"""

import contextlib
import json
import resource
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import onnx
from google.protobuf.unknown_fields import UnknownFieldSet

from model_registry.packages import operators, structure_cost
from model_registry.packages.landlock import confine

MB = 1024 * 1024
MAX_OUTPUT = 4 * MB
MAX_SECONDS = 60
MAX_FILES = 16
MAX_NODES = 20_000
MAX_CONSTANTS = 20_000
MAX_DEPTH = 8
MAX_TENSOR_BYTES = 512 * MB
# onnx and numpy take most of the first; the parsed model and the checker's copy are a few of it.
FIXED_MEMORY = 1024 * MB
COPIES = 5
# With this in its metadata, a model would choose the runtime's options where that is allowed.
RUNTIME_OPTIONS = "ort_config"
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
SAVE_INSIDE = "Save it with all weights inside (onnx.save without save_as_external_data)"
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
    constants: int = 0
    tensor_bytes: int = 0
    operators: set[tuple[str, str]] = field(default_factory=set)
    problems: set[tuple[str, str]] = field(default_factory=set)

    def visit(self, message: Any, depth: int = 0) -> None:
        if self.nodes > MAX_NODES or self.constants > MAX_CONSTANTS:
            return
        kind = message.DESCRIPTOR.name
        if len(UnknownFieldSet(message)):
            self.problems.add((kind, "it holds a field that ONNX does not have"))
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
        self.constants += 1
        self.tensor_bytes += tensor.ByteSize()
        if tensor.data_location or tensor.external_data:
            self.problems.add(("external_data", f"the tensor {tensor.name[:100]!r} is elsewhere"))

    def _node(self, node: Any) -> None:
        self.nodes += 1
        self.operators.add((node.domain, node.op_type))


def children(message: Any) -> Iterator[Any]:
    for descriptor, value in message.ListFields():
        if descriptor.message_type is not None:
            # A repeated field is a sequence; a single message is not.
            yield from value if hasattr(value, "__len__") else (value,)


def faults_in(model: Any, walk: Walk) -> list[list[str]]:
    """Return what is refused, as [field, problem, remedy]."""
    remedies = {"external_data": SAVE_INSIDE}
    faults = [
        [name, what, remedies.get(name, EXPORT_AGAIN)] for name, what in sorted(walk.problems)
    ]
    faults += operator_faults(model, walk)
    if model.functions:
        faults.append(["functions", "it defines functions", "Inline them: onnx.inliner"])
    if model.training_info:
        faults.append(["training_info", "it holds training graphs", EXPORT_AGAIN])
    if any(entry.key == RUNTIME_OPTIONS for entry in model.metadata_props):
        problem = f"{RUNTIME_OPTIONS} would set options of the runtime"
        faults.append(["metadata_props", problem, "Leave it out of the metadata"])
    for count, most, what in (
        (walk.nodes, MAX_NODES, "nodes"),
        (walk.constants, MAX_CONSTANTS, "constants"),
        (walk.tensor_bytes, MAX_TENSOR_BYTES, "bytes of weights"),
    ):
        if count > most:
            faults.append(["graph", f"more than {most} {what}", "Simplify the model"])
    return faults


def operator_faults(model: Any, walk: Walk) -> Iterator[list[str]]:
    """Name each domain, operator and version that is not on the list."""
    domains = {opset.domain for opset in model.opset_import} | {d for d, _ in walk.operators}
    for domain in sorted(domains - operators.ALLOWED.keys()):
        yield ["operators", f"the domain {domain[:100]!r} is not known", EXPORT_AGAIN]
    for domain, name in sorted(walk.operators):
        if domain in operators.ALLOWED and not operators.is_allowed(domain, name):
            problem = f"the operator {ascii(name[:100])[1:-1]} is not on the list"
            yield ["operators", problem, "Replace it: docs/packages.md says which are, and why"]
    for opset in model.opset_import:
        allowed = operators.ML_OPSETS if opset.domain == "ai.onnx.ml" else operators.OPSETS
        if opset.domain in operators.ALLOWED and opset.version not in allowed:
            remedy = f"Export it with {allowed.start} to {allowed.stop - 1}"
            yield ["opset_import", f"opset {opset.version} is not one that is run", remedy]
    if model.ir_version not in operators.IR_VERSIONS:
        remedy = f"Export it with at most {operators.IR_VERSIONS.stop - 1}"
        yield ["ir_version", f"IR version {model.ir_version} is not one that is run", remedy]


def facts_of(model: Any, walk: Walk) -> dict[str, Any]:
    weights = {tensor.name for tensor in model.graph.initializer}
    opsets = [opset.version for opset in model.opset_import if opset.domain != "ai.onnx.ml"]
    return {
        "inputs": [port(value) for value in model.graph.input if value.name not in weights],
        "outputs": [port(value) for value in model.graph.output],
        "opset": max(opsets, default=0),
        "nodes": walk.nodes,
        "operators": sorted(f"{d}::{name}" if d else name for d, name in walk.operators),
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
    if not data:
        return {"faults": [["(whole)", "the file is empty", EXPORT_AGAIN]]}
    try:
        model = onnx.load_model_from_string(data)
    except Exception as error:  # noqa: BLE001 - whatever the parser says, it is no model
        deep = "MaxDepth" in str(error)
        problem = "nested too deeply to be read" if deep else f"not ONNX: {type(error).__name__}"
        return {"faults": [["(whole)", problem, EXPORT_AGAIN]]}
    walk = Walk()
    walk.visit(model)
    faults = faults_in(model, walk) or checker_faults(model)
    if faults:
        return {"faults": faults}
    facts = facts_of(model, walk)
    cost, faults = cost_of(model)
    return {"faults": faults} if faults else {"facts": {**facts, **cost}}


def checker_faults(model: Any) -> list[list[str]]:
    try:
        onnx.checker.check_model(model)
    except Exception as error:  # noqa: BLE001 - the checker raises what it likes
        return [["graph", f"onnx.checker: {first_line(error)}", EXPORT_AGAIN]]
    return []


def cost_of(model: Any) -> tuple[dict[str, Any], list[list[str]]]:
    try:
        cost = structure_cost.cost_of(model)
    except Exception as error:  # noqa: BLE001 - as above
        return {}, [["graph", f"onnx.shape_inference: {first_line(error)}", EXPORT_AGAIN]]
    return {"largest_bytes": cost.largest, "largest_name": cost.largest_name}, cost.faults()


def first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["refused"])[0][:300]


def main(size: int) -> None:
    limit(size)
    confine(Path.cwd())
    try:
        answer = read(sys.stdin.buffer.read(size))
    except MemoryError:
        answer = {"faults": [["(whole)", "needs too much memory", "Make the model smaller"]]}
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(json.dumps(answer))
