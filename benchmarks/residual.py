"""A model of the shape of a ResNet-34 (He et al, CVPR 2016): 21 million made-up weights, 85 MB.

What it says means nothing; what it costs to admit is what a common imaging model costs. The first
dimension is free, so that batches are checked as well.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from benchmarks import model
from benchmarks.model import SIDE, Bare
from model_registry.packages.archive import ModelPackage

NAME = "bench-residual"
STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))
CASES = 3
# Each block adds a little to what it is given, or 16 of them would overflow.
_BRANCH = 0.2


class _Network:
    """The nodes and weights so far; each method adds some and returns its output's name."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self._random = np.random.default_rng(34)

    def conv(self, source: str, shape: tuple[int, int, int, int], stride: int = 1) -> str:
        name = f"c{len(self.nodes)}"
        spread = _BRANCH * np.sqrt(2 / np.prod(shape[1:]))
        values = self._random.normal(0, spread, shape).astype(np.float32)
        self.weights.append(numpy_helper.from_array(values, f"{name}.weight"))
        side = shape[2] // 2
        return self.add("Conv", source, f"{name}.weight", strides=[stride] * 2, pads=[side] * 4)

    def add(self, kind: str, *sources: str, output: str = "", **attributes: Any) -> str:
        name = output or f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, sources, [name], **attributes))
        return name

    def block(self, source: str, before: int, channels: int, stride: int) -> str:
        first = self.conv(source, (channels, before, 3, 3), stride)
        second = self.conv(self.add("Relu", first), (channels, channels, 3, 3))
        is_same = before == channels and stride == 1
        past = source if is_same else self.conv(source, (channels, before, 1, 1), stride)
        return self.add("Relu", self.add("Add", second, past))


def graph() -> bytes:
    """Return the ONNX file."""
    network = _Network()
    found = network.add("Relu", network.conv("image", (64, 1, 7, 7), stride=2))
    found = network.add("MaxPool", found, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    before = 64
    for stage, (channels, blocks) in enumerate(STAGES):
        for number in range(blocks):
            stride = 2 if stage and not number else 1
            found = network.block(found, before, channels, stride)
            before = channels
    mean = network.add("Flatten", network.add("GlobalAveragePool", found))
    head = np.random.default_rng(1).normal(0, 0.1, (before, 1)).astype(np.float32)
    network.weights.append(numpy_helper.from_array(head, "head"))
    network.add("Sigmoid", network.add("MatMul", mean, "head"), output="scores")
    shapes: dict[str, list[str | int | None]] = {"image": ["n", 1, SIDE, SIDE], "scores": ["n", 1]}
    ends = {n: helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes.items()}
    made = helper.make_graph(
        network.nodes, NAME, [ends["image"]], [ends["scores"]], network.weights
    )
    whole = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(whole.SerializeToString())


def package(folder: Path) -> ModelPackage:
    """Write the package's folder and open it."""
    onnx_file = graph()
    model.write(folder, onnx_file, model.manifest(NAME), list(_cases(folder, onnx_file)))
    return ModelPackage.open(folder)


def _cases(folder: Path, onnx_file: bytes) -> Iterator[dict[str, Any]]:
    (folder / "golden").mkdir(parents=True)
    bare, random = Bare(onnx_file), np.random.default_rng(7)
    for number in range(CASES):
        image = random.random((1, 1, SIDE, SIDE), dtype=np.float32)
        np.save(folder / "golden" / f"image-{number}.npy", image)
        yield {
            "name": f"image-{number}",
            "input": f"image-{number}.npy",
            "expected": {"scores": bare.run(image).tolist()},
            "tolerance": 0.001,
        }
