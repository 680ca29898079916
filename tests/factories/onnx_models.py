"""Small ONNX models, kind and hostile, made when a test wants one."""

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 8


def build(
    nodes: Sequence[onnx.NodeProto],
    inputs: dict[str, list[int | str | None]],
    outputs: Sequence[str],
    constants: Sequence[onnx.TensorProto] = (),
) -> bytes:
    graph = helper.make_graph(
        list(nodes),
        "graph",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, shape) for n, shape in inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        list(constants),
    )
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
    return bytes(model.SerializeToString())


def doubling() -> bytes:
    """`y` is twice `x`."""
    two = numpy_helper.from_array(np.array(2, dtype=np.float32), "two")
    return build([helper.make_node("Mul", ["x", "two"], ["y"])], {"x": [None]}, ["y"], [two])


def inverting() -> bytes:
    """`y` is one divided by `x`: infinite for 0."""
    return build([helper.make_node("Reciprocal", ["x"], ["y"])], {"x": [None]}, ["y"])


def greedy() -> bytes:
    """Asks for x[0] GB in some hundred bytes."""
    block = numpy_helper.from_array(np.array([1 << 28], dtype=np.int64), "block")
    nodes = [
        helper.make_node("Cast", ["x"], ["times"], to=TensorProto.INT64),
        helper.make_node("Mul", ["times", "block"], ["shape"]),
        helper.make_node("ConstantOfShape", ["shape"], ["zeros"]),
        helper.make_node("ReduceSum", ["zeros"], ["y"]),
    ]
    return build(nodes, {"x": [1]}, ["y"], [block])


def endless() -> bytes:
    """Adds `x` to itself for as long as it is let, where `x` is above zero; else once."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go_on"], ["goes_on"]),
            helper.make_node("Add", ["sum", "sum"], ["next"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("sum", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("goes_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("next", TensorProto.FLOAT, None),
        ],
    )
    constants = [
        numpy_helper.from_array(np.array(1 << 62, dtype=np.int64), "turns"),
        numpy_helper.from_array(np.array(0, dtype=np.float32), "zero"),
    ]
    nodes = [
        helper.make_node("ReduceMax", ["x"], ["most"], keepdims=0),
        helper.make_node("Greater", ["most", "zero"], ["start"]),
        helper.make_node("Loop", ["turns", "start", "x"], ["y"], body=body),
    ]
    return build(nodes, {"x": [None]}, ["y"], constants)


def folding_bomb(side: int = 3000, products: int = 200) -> bytes:
    """Constants whose products an optimiser would spend hours on before anything is run."""
    shape = numpy_helper.from_array(np.array([side, side], dtype=np.int64), "shape")
    nodes = [helper.make_node("ConstantOfShape", ["shape"], ["m0"])]
    nodes += [
        helper.make_node("MatMul", [f"m{i}", f"m{i}"], [f"m{i + 1}"]) for i in range(products)
    ]
    nodes += [
        helper.make_node("ReduceSum", [f"m{products}"], ["sum"], keepdims=0),
        helper.make_node("Add", ["x", "sum"], ["y"]),
    ]
    return build(nodes, {"x": [None]}, ["y"], [shape])


def reading(location: str) -> bytes:
    """Takes its one constant from another file."""
    stolen = TensorProto(name="stolen", data_type=TensorProto.FLOAT, dims=[4])
    stolen.data_location = TensorProto.EXTERNAL
    stolen.external_data.add(key="location", value=location)
    return build([helper.make_node("Add", ["x", "stolen"], ["y"])], {"x": [4]}, ["y"], [stolen])
