"""ONNX files of strangers, read in the child process."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from factories import malicious, onnx_models, packages
from onnx import TensorProto, helper, numpy_helper

from model_registry.packages import structure
from model_registry.packages.errors import BrokenPackage
from model_registry.packages.structure import Port, read_structure


def refusal(model: Any) -> str:
    data = model if isinstance(model, bytes) else model.SerializeToString()
    with pytest.raises(BrokenPackage) as caught:
        read_structure(data)
    assert caught.value.file == "model.onnx"
    return str(caught.value)


def conditional(branch_tensor: Any) -> Any:
    """A model whose weights are in the branch of an If."""
    branch = helper.make_graph(
        [helper.make_node("Constant", [], ["c"], value=branch_tensor)],
        "branch",
        [],
        [helper.make_tensor_value_info("c", TensorProto.FLOAT, [2])],
    )
    graph = helper.make_graph(
        [helper.make_node("If", ["yes"], ["scores"], then_branch=branch, else_branch=branch)],
        "outer",
        [helper.make_tensor_value_info("yes", TensorProto.BOOL, [])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [2])],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def elsewhere() -> Any:
    tensor = numpy_helper.from_array(np.zeros(2, dtype=np.float32), "c")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "/etc/passwd"
    return tensor


def test_inputs_outputs_and_operators_are_told() -> None:
    found = read_structure(packages.onnx_model().SerializeToString())
    assert found.inputs == (Port("image", "float32", (None, 1, 8, 8)),)
    assert found.outputs == (Port("scores", "float32", (None, 3)),)
    assert (found.opset, found.nodes) == (17, 3)
    assert found.operators == ("Flatten", "Gemm", "Sigmoid")


@pytest.mark.parametrize("name", ["nih64_multihead_cnn", "pneumoniamnist_cnn28"])
def test_real_models_are_read(realdata: Path, name: str) -> None:
    found = read_structure((realdata / "models" / f"{name}.onnx").read_bytes())
    assert found.inputs[0].name == "image"


def test_external_data_is_refused() -> None:
    assert "the tensor 'weights' is elsewhere" in refusal(packages.external_model())


def test_external_data_in_a_branch_is_refused() -> None:
    assert "is elsewhere" in refusal(conditional(elsewhere()))


def test_external_data_in_a_sparse_tensor_is_refused() -> None:
    model = packages.onnx_model()
    model.graph.sparse_initializer.add().values.CopyFrom(elsewhere())
    assert "is elsewhere" in refusal(model)


def test_external_data_in_a_function_is_refused() -> None:
    model = packages.onnx_model()
    node = helper.make_node("Constant", [], ["c"], value=elsewhere())
    function = helper.make_function("own", "f", [], ["c"], [node], [helper.make_opsetid("", 17)])
    model.functions.append(function)
    text = refusal(model)
    assert "is elsewhere" in text
    assert "defines functions" in text


def test_a_model_saved_with_its_weights_beside_it_is_refused(tmp_path: Path) -> None:
    packages.save_external(packages.onnx_model(), tmp_path / "model.onnx")
    assert "Save it with all weights inside" in refusal((tmp_path / "model.onnx").read_bytes())


def test_an_operator_of_an_unknown_domain_is_refused() -> None:
    assert "the domain 'com.example' is not known" in refusal(
        packages.onnx_model(domain="com.example")
    )


def test_an_unknown_operator_is_refused() -> None:
    model = packages.onnx_model()
    model.graph.node[2].op_type = "Exfiltrate"
    assert "the operator Exfiltrate is not on the list" in refusal(model)


def test_a_graph_that_the_library_refuses_is_refused() -> None:
    model = packages.onnx_model()
    model.graph.node[1].input[1] = "nowhere"
    assert "onnx.checker" in refusal(model)


def test_an_opset_that_the_runtime_does_not_run_is_refused() -> None:
    model = packages.onnx_model()
    model.opset_import[0].version = 99
    assert "opset 99 is not one that is run" in refusal(model)


def test_what_the_largest_result_takes_is_told() -> None:
    found = read_structure(malicious.declared(malicious.constant_of(1_000_000)))
    assert (found.largest_name, found.largest_bytes) == ("zeros", 4_000_000)


@pytest.mark.parametrize("stops", [True, False])
def test_only_a_loop_that_never_asks_to_stop_is_refused(*, stops: bool) -> None:
    model = onnx.load_model_from_string(malicious.declared(malicious.for_ever()))
    if not stops:
        assert "never asks to stop" in refusal(model)
        return
    body = model.graph.node[0].attribute[0].g
    body.node[0].op_type = "IsNaN"
    body.node[0].input[0] = "value"
    assert read_structure(model.SerializeToString()).nodes == 3


def test_weights_are_not_counted_as_work() -> None:
    weights = numpy_helper.from_array(np.ones((512, 512), np.float32), "w")
    nodes = [
        helper.make_node("Transpose", ["w"], ["t"]),
        helper.make_node("MatMul", ["x", "t"], ["y"]),
    ]
    model = onnx_models.build(nodes, {"x": [1, 512]}, ["y"], [weights])
    assert read_structure(malicious.declared(model)).tensor_bytes > 512 * 512 * 4


def test_too_many_nodes_are_refused() -> None:
    model = packages.onnx_model()
    for number in range(20_001):
        model.graph.node.add(op_type="Relu", input=["image"], output=[f"r{number}"])
    assert "more than 20000 nodes" in refusal(model)


def test_deep_nesting_is_refused() -> None:
    inner = numpy_helper.from_array(np.zeros(2, dtype=np.float32), "c")
    model = conditional(inner)
    for _ in range(10):
        outer = conditional(inner)
        for attribute in outer.graph.node[0].attribute:
            attribute.g.CopyFrom(model.graph)
        model = outer
    assert "nested deeper" in refusal(model) or "not ONNX" in refusal(model)


@pytest.mark.parametrize("data", [b"", b"garbage" * 1000, b"\x08" * 50, bytes(range(256)) * 10])
def test_garbage_is_refused(data: bytes) -> None:
    assert "model.onnx:" in refusal(data)


def test_a_child_that_does_not_end_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = tmp_path / "sleeper.py"
    child.write_text("import time; time.sleep(60)")
    monkeypatch.setattr(structure, "_CHILD", child)
    with pytest.raises(BrokenPackage, match=r"not read within 0\.5 seconds"):
        read_structure(b"", wall_seconds=0.5)


def test_the_child_sees_an_empty_folder_and_no_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGIL_SECRET", "x")
    child = tmp_path / "looker.py"
    child.write_text(
        "import json, os, sys\n"
        "seen = os.listdir() + [name for name in os.environ if name.startswith('VIGIL')]\n"
        "sys.stdout.write(json.dumps({'faults': [['seen', repr(seen), 'none']]}))"
    )
    monkeypatch.setattr(structure, "_CHILD", child)
    assert r"seen: []" in refusal(b"")


def test_memory_of_the_child_is_limited() -> None:
    code = (
        "from model_registry.packages import structure_child as child\n"
        "child.limit(0)\n"
        "try:\n    bytearray(2 * child.FIXED_MEMORY)\nexcept MemoryError:\n    print('limited')"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert ended.stdout.strip() == b"limited"
