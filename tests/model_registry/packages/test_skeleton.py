"""A draft says what the graph says, marks the rest, and is in order once it is filled in."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from factories import malicious, onnx_models, packages
from onnx import TensorProto, helper

from model_registry.packages import checks
from model_registry.packages.archive import ModelPackage
from model_registry.packages.skeleton import write_skeleton

DOCUMENTS = ("manifest.yaml", "card.yaml", "safety_case.yaml", "golden/cases.yaml")


def drafted(tmp_path: Path, model: bytes, name: str = "linear-three.onnx") -> Path:
    source = tmp_path / name
    source.write_bytes(model)
    write_skeleton(source, tmp_path / "new")
    return tmp_path / "new"


def marked(value: Any, place: str = "") -> Iterator[str]:
    if value == "…":
        yield place
    named = value.items() if isinstance(value, dict) else ()
    listed = enumerate(value) if isinstance(value, list) else ()
    for key, inner in (*named, *listed):
        yield from marked(inner, f"{place}.{key}" if place else str(key))


def marks_in(folder: Path) -> set[str]:
    return {
        f"{name}:{place}"
        for name in DOCUMENTS
        for place in marked(yaml.safe_load((folder / name).read_text()))
    }


def several() -> bytes:
    """A model of two inputs and two outputs, with names that YAML would misread."""
    nodes = [
        helper.make_node("ReduceMean", ["yes"], ["no: 1"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Identity", ["clinical"], ["# mask"]),
    ]
    graph = helper.make_graph(
        nodes,
        "graph",
        [
            helper.make_tensor_value_info("yes", TensorProto.FLOAT, ["n", "h", "w", 3]),
            helper.make_tensor_value_info("clinical", TensorProto.FLOAT, ["n", 2]),
        ],
        [
            helper.make_tensor_value_info("no: 1", TensorProto.FLOAT, ["n"]),
            helper.make_tensor_value_info("# mask", TensorProto.FLOAT, ["n", 2]),
        ],
    )
    opsets = [helper.make_opsetid("", 17)]
    return bytes(helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString())


@pytest.mark.parametrize(
    "model",
    [
        packages.onnx_model().SerializeToString(),
        malicious.declared(onnx_models.doubling()),
        several(),
    ],
)
def test_check_names_exactly_what_is_marked(tmp_path: Path, model: bytes) -> None:
    folder = drafted(tmp_path, model)
    faults = checks.check(ModelPackage.open(folder))
    assert {fault.field for fault in faults} == marks_in(folder)
    assert {fault.problem for fault in faults} == {"not filled in"}


def test_what_the_graph_says_is_filled_in(tmp_path: Path) -> None:
    folder = drafted(tmp_path, several())
    draft = yaml.safe_load((folder / "manifest.yaml").read_text())
    image, clinical = draft["input"]["tensors"]
    assert (image["name"], image["layout"], image["dtype"]) == ("yes", "NHWC", "float32")
    assert clinical["from"] == ["…", "…"]
    assert [output["name"] for output in draft["output"]] == ["no: 1", "# mask"]
    assert len(draft["output"][1]["findings"]) == 2
    assert draft["model"]["name"] == "linear-three"


def test_a_file_name_that_is_no_model_name_is_left_to_fill_in(tmp_path: Path) -> None:
    model = packages.onnx_model().SerializeToString()
    folder = drafted(tmp_path, model, "My Model (3).onnx")
    assert "manifest.yaml:model.name" in marks_in(folder)


def test_every_field_is_explained(tmp_path: Path) -> None:
    text = (drafted(tmp_path, several()) / "manifest.yaml").read_text()
    for word in ("guard:", "monitoring:", "follows:", "udi_di:", "class_uk:", "codes:", "unit:"):
        assert word in text
    for line in text.splitlines():
        is_explained = "#" in line or line.endswith(":") or line.startswith("schema")
        assert is_explained or line.strip().split(":")[0].lstrip("- ") in {
            "name", "select", "content_qualification", "code",
        }, line  # fmt: skip


def filled(value: Any, place: str, answers: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {k: filled(inner, f"{place}.{k}", answers) for k, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, place, answers) for inner in value]
    return answers.get(place.rpartition(".")[2], "Written") if value == "…" else value


def test_a_draft_is_in_order_once_every_mark_is_filled(tmp_path: Path) -> None:
    folder = drafted(tmp_path, packages.onnx_model().SerializeToString())
    image = np.load(folder / "golden" / "gradient_1.npy")
    answers = {
        "licence": "Apache-2.0",
        "select": 'modality == "DX"',
        "value": 0.9,
        "threshold": 0.5,
        "ci_low": 0.8,
        "ci_high": 0.95,
        "n": 100,
        "severity": "minor",
        "likelihood": "low",
        "scores": packages.scores_of(image).tolist(),
    }
    for name in DOCUMENTS:
        document = yaml.safe_load((folder / name).read_text())
        if name == "manifest.yaml":
            answers["value"] = "233604007"
        document = filled(document, "", answers)
        answers["value"] = 0.9
        (folder / name).write_text(yaml.safe_dump(document, allow_unicode=True))
    assert checks.check(ModelPackage.open(folder)) == []
