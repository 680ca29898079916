"""What a graph would take before it is run: sizes and work that follow from its constants alone.

A model of some hundred bytes can ask for terabytes, or for hours of arithmetic that an optimiser
does while it loads. Shapes are inferred by onnx, whose data propagation follows constants; nothing
is computed. What depends on the input is left to the limits at run time.
This module is read by `structure_child`: it imports onnx and nothing of Vigil.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

MAX_RESULT_BYTES = 2 * 1024**3
MAX_FOLDED = 10**10
MAX_TURNS = 10**6
# Constants up to this size may be shapes; the rest is weights, of which only the shape matters.
_SMALL = 1024
_PRODUCTS = frozenset({"MatMul", "Gemm", "Conv", "ConvTranspose", "Einsum", "MatMulInteger"})
Shape = tuple[int | None, ...]


@dataclass
class Cost:
    """The largest result of a known size, the work on constants, and loops without an end."""

    largest: int = 0
    largest_name: str = ""
    largest_operator: str = ""
    folded: int = 0
    problems: list[tuple[str, str, str]] = field(default_factory=list)

    def faults(self) -> list[list[str]]:
        faults = [list(problem) for problem in self.problems]
        if self.largest > MAX_RESULT_BYTES:
            name = f"{self.largest_operator} {self.largest_name[:100]!r}"
            problem = f"the result of {name} alone would take {self.largest} bytes"
            faults.append(["graph", problem, f"Keep each below {MAX_RESULT_BYTES} bytes"])
        if self.folded > MAX_FOLDED:
            problem = f"its constants ask for {self.folded:.1e} operations before it is ever run"
            faults.append(["graph", problem, "Fold the constants when you export it"])
        return faults


def cost_of(model: Any) -> Cost:
    """Return what `model` would take. It loses its large constants on the way."""
    _forget_weights(model.graph)
    inferred = onnx.shape_inference.infer_shapes(model, data_prop=True)
    cost = Cost()
    _add(cost, inferred.graph, _Scope({}, {}, set()))
    return cost


@dataclass
class _Scope:
    """What is known by name: sizes, small constants, and what follows from constants alone."""

    kinds: dict[str, tuple[int, Shape]]
    values: dict[str, Any]
    constants: set[str]

    def inner(self) -> "_Scope":
        return _Scope(dict(self.kinds), dict(self.values), set(self.constants))

    def elements(self, name: str) -> int | None:
        shape = self.kinds.get(name, (0, (None,)))[1]
        known = [length for length in shape if length is not None]
        return math.prod(known) if len(known) == len(shape) else None

    def bytes(self, name: str) -> int:
        count = self.elements(name)
        return 0 if count is None else count * _width(self.kinds[name][0])


def _add(cost: Cost, graph: Any, scope: _Scope) -> None:
    _learn(graph, scope)
    for node in graph.node:
        inputs = [name for name in node.input if name]
        subgraphs = [a.g for a in node.attribute if a.type == onnx.AttributeProto.GRAPH]
        if not subgraphs and all(name in scope.constants for name in inputs):
            scope.constants.update(node.output)
            cost.folded += _work(node, scope)
        for name in node.output:
            if scope.bytes(name) > cost.largest:
                cost.largest, cost.largest_name = scope.bytes(name), name
                cost.largest_operator = node.op_type
        if node.op_type == "Loop":
            cost.problems += _endless(node, scope)
        for subgraph in subgraphs:
            _add(cost, subgraph, scope.inner())


def _learn(graph: Any, scope: _Scope) -> None:
    for value in (*graph.input, *graph.output, *graph.value_info):
        if value.type.WhichOneof("value") == "tensor_type":
            scope.kinds[value.name] = _kind(value.type.tensor_type)
    tensors = [(tensor.name, tensor) for tensor in graph.initializer]
    tensors += [(node.output[0], tensor) for node, tensor in _constants(graph)]
    for name, tensor in tensors:
        scope.kinds[name] = (tensor.data_type, tuple(tensor.dims))
        scope.constants.add(name)
        if tensor.ByteSize() <= _SMALL and math.prod(tensor.dims) == 1:
            scope.values[name] = numpy_helper.to_array(tensor).item()
    # The weights that were forgotten are constants too: what is declared and never made.
    made = {name for node in graph.node for name in node.output}
    given = made | {value.name for value in graph.input} | set(scope.constants)
    scope.constants |= {value.name for value in graph.value_info} - given


def _work(node: Any, scope: _Scope) -> int:
    """Return about how many operations a node of constants takes."""
    made = sum(scope.elements(name) or 0 for name in node.output)
    if node.op_type not in _PRODUCTS:
        return made
    sizes = [scope.elements(name) or 1 for name in node.input if name]
    rows = scope.kinds.get(node.input[0], (0, (1,)))[1] or (1,)
    inner = rows[-1] or 1 if node.op_type in {"MatMul", "Gemm", "MatMulInteger"} else min(sizes)
    return made * inner


def _endless(node: Any, scope: _Scope) -> Iterator[tuple[str, str, str]]:
    """A loop that goes round too often and never asks whether to stop (Loop, opset 1 and later)."""
    turns = scope.values.get(node.input[0]) if node.input and node.input[0] else math.inf
    body = next((a.g for a in node.attribute if a.name == "body"), None)
    if turns is None or turns <= MAX_TURNS or body is None or len(body.input) < 2:  # noqa: PLR2004 - turn and condition
        return
    asked, answer = body.input[1].name, body.output[0].name
    makers = {name: inner for inner in body.node for name in inner.output}
    seen: set[str] = set()
    while answer in makers and answer not in seen and makers[answer].op_type == "Identity":
        seen.add(answer)
        answer = makers[answer].input[0]
    fixed = answer == asked or answer in scope.constants
    fixed = fixed or (answer in makers and makers[answer].op_type == "Constant")
    if fixed or answer in {tensor.name for tensor in body.initializer}:
        problem = f"the loop {node.name[:100]!r} goes round {turns} times and never asks to stop"
        yield "graph", problem, f"Give it a condition, or at most {MAX_TURNS} turns"


def _forget_weights(graph: Any) -> None:
    """Replace large constants by their shape, so that nothing copies them."""
    for tensor in [t for t in graph.initializer if t.ByteSize() > _SMALL]:
        graph.value_info.append(_declared(tensor.name, tensor))
        graph.initializer.remove(tensor)
    for node, tensor in [pair for pair in _constants(graph) if pair[1].ByteSize() > _SMALL]:
        graph.value_info.append(_declared(node.output[0], tensor))
        graph.node.remove(node)
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                _forget_weights(attribute.g)


def _declared(name: str, tensor: Any) -> Any:
    return helper.make_tensor_value_info(name, tensor.data_type, list(tensor.dims))


def _constants(graph: Any) -> list[tuple[Any, Any]]:
    return [
        (node, attribute.t)
        for node in graph.node
        if node.op_type == "Constant"
        for attribute in node.attribute
        if attribute.name == "value"
    ]


def _kind(tensor: Any) -> tuple[int, Shape]:
    if not tensor.HasField("shape"):
        return tensor.elem_type, (None,)
    dims = (d.dim_value if d.HasField("dim_value") else None for d in tensor.shape.dim)
    return tensor.elem_type, tuple(dims)


_WIDTHS: Mapping[int, int] = {
    kind: np.dtype(helper.tensor_dtype_to_np_dtype(kind)).itemsize
    for kind in TensorProto.DataType.values()
    if kind not in (TensorProto.UNDEFINED, TensorProto.STRING)
}


def _width(kind: int) -> int:
    return _WIDTHS.get(kind, 1)
