"""A model of the cost of a DenseNet-121 (about 2.8 billion multiplications), with made-up weights.

What it says means nothing; what it costs is what a chest radiograph model costs.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import yaml
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from model_registry.packages.archive import ModelPackage

Tensor = NDArray[np.float32]
SIDE, CHANNELS, LAYERS = 224, 64, 24
SUPPLIER, NAME = "BENCHSUP", "bench"
_MODEL: dict[str, Any] = {
    "version": "1.0.0",
    "supplier": SUPPLIER,
    "licence": "Apache-2.0",
    "device": {"content_qualification": "RESEARCH"},
}
_MANIFEST: dict[str, Any] = {
    "schema": "vigil/package/v1",
    "input": {
        "level": "instance",
        "select": 'modality in ["CT", "CR"]',
        "tensors": [
            {
                "name": "image",
                "layout": "NCHW",
                "dtype": "float32",
                "steps": [
                    "modality_lut",
                    {"voi": {"window": "dicom"}},
                    {"resize": {"height": SIDE, "width": SIDE, "method": "area"}},
                    {"scale": {"to": [0, 1]}},
                ],
            }
        ],
    },
    "output": [
        {
            "name": "scores",
            "kind": "probabilities",
            "findings": [
                {
                    "key": "anything",
                    "index": 0,
                    "code": {"scheme": "SCT", "value": "404684003", "meaning": "Finding"},
                    "threshold": 0.5,
                }
            ],
        }
    ],
    "resources": {"max_seconds": 60, "max_memory_mb": 1500},
}
_CARD = {
    "title": "Benchmark",
    "summary_public": "A benchmark. It judges nothing.",
    "intended_use": "To measure what Vigil adds to the time that a model takes.",
    "out_of_scope": ["Any patient"],
    "limitations": ["Its weights are random"],
    "evaluation": [{"dataset": "none", "metrics": [{"name": "none", "value": 0}]}],
}
_SAFETY_CASE = {
    "title": "Benchmark",
    "hazards": [
        {
            "name": "It is taken for a model",
            "harm": "None: it never leaves shadow",
            "controls": [{"name": "It is deployed in shadow only"}],
            "initial": {"severity": "minor", "likelihood": "very_low"},
            "residual": {"severity": "minor", "likelihood": "very_low"},
        }
    ],
}


def graph() -> bytes:
    """Return the ONNX file: a stem, a pile of 3x3 convolutions, a mean, a sigmoid."""
    random = np.random.default_rng(1)
    constants = [
        _constant("stem", random, (CHANNELS, 1, 7, 7)),
        *(_constant(f"w{i}", random, (CHANNELS, CHANNELS, 3, 3)) for i in range(LAYERS)),
        _constant("head", random, (CHANNELS, 1)),
    ]
    pads = [3, 3, 3, 3]
    nodes = [helper.make_node("Conv", ["image", "stem"], ["x0"], strides=[4, 4], pads=pads)]
    for i in range(LAYERS):
        nodes += [
            helper.make_node("Conv", [f"x{i}", f"w{i}"], [f"y{i}"], pads=[1, 1, 1, 1]),
            helper.make_node("Relu", [f"y{i}"], [f"x{i + 1}"]),
        ]
    nodes += [
        helper.make_node("GlobalAveragePool", [f"x{LAYERS}"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["flat"]),
        helper.make_node("MatMul", ["flat", "head"], ["logit"]),
        helper.make_node("Sigmoid", ["logit"], ["scores"]),
    ]
    shapes = {"image": [1, 1, SIDE, SIDE], "scores": [1, 1]}
    ends = {n: helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes.items()}
    made = helper.make_graph(nodes, NAME, [ends["image"]], [ends["scores"]], constants)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())


def manifest(name: str) -> dict[str, Any]:
    """Return the manifest of a benchmark's model."""
    return {**_MANIFEST, "model": {**_MODEL, "name": name}}


def package(folder: Path) -> ModelPackage:
    """Write the package's folder and open it."""
    (folder / "golden").mkdir(parents=True)
    image = np.linspace(0, 1, SIDE * SIDE, dtype=np.float32).reshape(1, 1, SIDE, SIDE)
    np.save(folder / "golden" / "ramp.npy", image)
    seen = Bare(graph()).run(image)
    case = {"name": "ramp", "input": "ramp.npy", "expected": {"scores": seen.tolist()}}
    write(folder, graph(), manifest(NAME), [{**case, "tolerance": 0.001}])
    return ModelPackage.open(folder)


def write(
    folder: Path, onnx_file: bytes, declared: dict[str, Any], cases: Sequence[dict[str, Any]]
) -> None:
    """Write the model and the documents beside it; the cases' files are there already."""
    (folder / "model.onnx").write_bytes(onnx_file)
    documents: dict[str, Any] = {
        "manifest.yaml": declared,
        "card.yaml": _CARD,
        "safety_case.yaml": _SAFETY_CASE,
        "golden/cases.yaml": {"cases": list(cases)},
    }
    for name, document in documents.items():
        (folder / name).write_text(yaml.safe_dump(document, sort_keys=False))


class Bare:
    """The model alone in this process, with the session options that Vigil's child uses."""

    def __init__(self, model: bytes) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.use_deterministic_compute = True
        self._session = ort.InferenceSession(model, options)

    def run(self, image: Tensor) -> Tensor:
        """Return the scores of one ready tensor."""
        scores: Tensor = self._session.run(["scores"], {"image": image})[0]
        return scores


def _constant(name: str, random: np.random.Generator, shape: tuple[int, ...]) -> onnx.TensorProto:
    spread = np.sqrt(2 / np.prod(shape[1:]))
    return numpy_helper.from_array(random.normal(0, spread, shape).astype(np.float32), name)
