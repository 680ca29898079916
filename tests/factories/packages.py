"""Real, tiny packages: a linear model over an 8 by 8 image, whole or broken in a chosen way."""

import io
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from onnx import TensorProto, helper, numpy_helper

from model_registry.packages.archive import ModelPackage
from model_registry.packages.build import build
from model_registry.packages.signature import sign

# The key that a test's supplier signs with; always the same, so that archives are reproducible.
SIGNING_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SIDE = 8
CLASSES = 3
WEIGHTS = np.linspace(-0.02, 0.02, CLASSES * SIDE * SIDE, dtype=np.float32).reshape(CLASSES, -1)
IMAGE = np.linspace(0, 1, SIDE * SIDE, dtype=np.float32).reshape(1, 1, SIDE, SIDE)


def scores_of(image: np.ndarray[Any, np.dtype[np.float32]]) -> Any:
    """What the model gives: the sigmoid of a linear map."""
    return 1 / (1 + np.exp(-(image.reshape(len(image), -1) @ WEIGHTS.T)))


def onnx_model(*, output: str = "scores", domain: str = "", classes: int = CLASSES) -> Any:
    """Build the model: Flatten, Gemm, Sigmoid."""
    nodes = [
        helper.make_node("Flatten", ["image"], ["flat"]),
        helper.make_node("Gemm", ["flat", "weights"], ["logits"], transB=1),
        helper.make_node("Sigmoid", ["logits"], [output], domain=domain),
    ]
    graph = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 1, SIDE, SIDE])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["n", classes])],
        [numpy_helper.from_array(WEIGHTS[:classes], "weights")],
    )
    opsets = [helper.make_opsetid("", 17)]
    if domain:
        opsets.append(helper.make_opsetid(domain, 1))
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def external_model() -> Any:
    """Build the model with its weights in another file, as an attacker would name one."""
    model = onnx_model()
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", "../../secret"), ("offset", "0"), ("length", "768")):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value
    return model


def manifest(
    *, name: str = "linear-three", version: str = "1.0.0", supplier: str = "ACME"
) -> dict[str, Any]:
    return {
        "schema": "vigil/package/v1",
        "model": {
            "name": name,
            "version": version,
            "supplier": supplier,
            "licence": "Apache-2.0",
            "device": {"udi_di": None, "class_uk": None, "content_qualification": "RESEARCH"},
        },
        "input": {
            "level": "instance",
            "select": 'modality in ["CR", "DX"]',
            "guard": "patient_age >= 18",
            "tensors": [
                {
                    "name": "image",
                    "layout": "NCHW",
                    "dtype": "float32",
                    "steps": [
                        "modality_lut",
                        {"voi": {"window": "dicom"}},
                        {"monochrome1": "invert"},
                        {"resize": {"height": SIDE, "width": SIDE, "method": "area"}},
                        {"scale": {"to": [0, 1]}},
                        {"channels": 1},
                    ],
                }
            ],
        },
        "output": [
            {
                "name": "scores",
                "kind": "probabilities",
                "activation": "none",
                "findings": [
                    {
                        "key": "pneumonia",
                        "index": 0,
                        "code": {"scheme": "SCT", "value": "233604007", "meaning": "Pneumonia"},
                        "threshold": 0.5,
                    },
                    {
                        "key": "effusion",
                        "index": 2,
                        "code": {
                            "scheme": "SCT",
                            "value": "60046008",
                            "meaning": "Pleural effusion",
                        },
                        "threshold": 0.6,
                    },
                ],
            }
        ],
        "resources": {"max_seconds": 20, "max_memory_mb": 1500},
        "monitoring": {"streams": ["score"], "tolerances": {"auc": 0.05}},
    }


CARD: dict[str, Any] = {
    "summary_public": "Looks for pneumonia on a chest radiograph of an adult.",
    "intended_use": "A second reader beside a radiologist.",
    "out_of_scope": ["Children"],
    "limitations": ["Trained on one hospital's images"],
    "evaluation": [{"dataset": "Internal", "metrics": [{"name": "auroc", "value": 0.9}]}],
}
SAFETY_CASE: dict[str, Any] = {
    "title": "Safety case of linear-three",
    "hazards": [
        {
            "name": "Missed pneumonia",
            "harm": "Treatment is delayed",
            "controls": ["The radiologist reads every study", {"name": "Override rate is watched"}],
            "initial": {"severity": "considerable", "likelihood": "medium"},
            "residual": {"severity": "considerable", "likelihood": "low"},
        }
    ],
}


def npy(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def yaml_bytes(value: Any) -> bytes:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True).encode()


def package_files(
    *,
    name: str = "linear-three",
    version: str = "1.0.0",
    supplier: str = "ACME",
    wrong_golden: bool = False,
    **replaced: bytes | None,
) -> dict[str, bytes]:
    """Return the files of a valid package; `replaced` changes or (None) removes some.

    A key of `replaced` is a file's name with `__` for the folder's slash and `_` for the last dot,
    such as `golden__image_npy` or `card_yaml`.
    """
    files = dict(_valid_files(name, version, supplier, wrong_golden))
    for key, data in replaced.items():
        stem, _, suffix = key.replace("__", "/").rpartition("_")
        files.pop(f"{stem}.{suffix}", None)
        if data is not None:
            files[f"{stem}.{suffix}"] = data
    return files


@cache
def _valid_files(name: str, version: str, supplier: str, wrong_golden: bool) -> Mapping[str, bytes]:
    expected = scores_of(IMAGE).tolist()
    if wrong_golden:
        expected[0][0] += 0.25
    case = {
        "name": "ramp",
        "input": {"image": "image.npy"},
        "expected": {"scores": expected},
        "tolerance": 1e-5,
    }
    return {
        "manifest.yaml": yaml_bytes(manifest(name=name, version=version, supplier=supplier)),
        "model.onnx": onnx_model().SerializeToString(),
        "card.yaml": yaml_bytes(CARD),
        "safety_case.yaml": yaml_bytes(SAFETY_CASE),
        "golden/cases.yaml": yaml_bytes({"cases": [case]}),
        "golden/image.npy": npy(IMAGE),
    }


def package(**options: Any) -> ModelPackage:
    return ModelPackage(package_files(**options))


def signed_archive(key: Ed25519PrivateKey = SIGNING_KEY, **options: Any) -> bytes:
    """Return a valid package, signed, as the bytes of its .zip."""
    return build(sign(package(**options), key))


def archive(**options: Any) -> bytes:
    """Return a valid package as the bytes of its .zip."""
    return build(package(**options))


def package_folder(folder: Path, **options: Any) -> Path:
    """Write a package into `folder`."""
    for name, data in package_files(**options).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def save_external(model: Any, path: Path) -> None:
    """Save a model with its weights beside it, as exporters do by default for large ones."""
    onnx.save(model, path, save_as_external_data=True, size_threshold=0)
