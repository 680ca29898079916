"""Whether the manifest and the graph fit each other."""

from collections.abc import Callable
from typing import Any

import pytest
from factories import packages

from model_registry.packages.errors import BrokenPackage
from model_registry.packages.interface import interface_faults
from model_registry.packages.manifest import parse_manifest
from model_registry.packages.structure import Port, Structure, read_structure

Change = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def structure() -> Structure:
    return read_structure(packages.onnx_model().SerializeToString())


def faults_with(change: Change, structure: Structure) -> list[str]:
    value = packages.manifest()
    change(value)
    faults = interface_faults(parse_manifest(packages.yaml_bytes(value)), structure)
    assert all(fault.remedy for fault in faults)
    return [f"{fault.field}: {fault.problem}" for fault in faults]


def tensor(value: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = value["input"]["tensors"][0]
    return found


def clinical(**facts: Any) -> list[str]:
    """Check a second input, a row of attributes, against a graph that takes two."""
    value = packages.manifest()
    value["input"]["tensors"].append({"name": "clinical", **facts})
    manifest = parse_manifest(packages.yaml_bytes(value))
    ports = (Port("image", "float32", None), Port("clinical", "float32", (None, 2)))
    outputs = (Port("scores", "float32", (None, 3)),)
    return [f.problem for f in interface_faults(manifest, Structure(ports, outputs, 17, 1, (), 0))]


def test_what_fits_has_no_fault(structure: Structure) -> None:
    assert faults_with(lambda _: None, structure) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda m: m["output"][0].update(name="probs"), "output.0.name: the model has no output"),
        (lambda m: tensor(m).update(name="pixels"), "input image is not declared"),
        (lambda m: tensor(m).update(dtype="uint8"), "tensors.0.dtype: the model takes float32"),
        (lambda m: tensor(m)["steps"][3]["resize"].update(height=16), "[1, 1, 16, 8] is fed"),
        (lambda m: tensor(m)["steps"][5].update(channels=3), "[1, 3, 8, 8] is fed"),
        (lambda m: tensor(m)["steps"].pop(3), "[1, 1, ?, ?] is fed"),
        (lambda m: tensor(m).update(layout="NHWC"), "tensors.0.layout"),
        (lambda m: m["output"][0]["findings"][1].update(index=3), "findings.1.index"),
        (lambda m: m["output"][0].update(kind="segmentation"), "output.0.kind"),
        (
            lambda m: m["input"]["tensors"].append({"name": "age", "from": ["patient_sex"]}),
            "the model has no input age",
        ),
    ],
)
def test_what_does_not_fit_is_named(change: Change, fault: str, structure: Structure) -> None:
    assert any(fault in found for found in faults_with(change, structure))


def test_a_row_of_attributes_fits() -> None:
    assert clinical(**{"from": ["patient_age", "rows"]}) == []
    codes = {"patient_sex": {"M": 1, "F": 0}}
    assert clinical(**{"from": ["patient_age", "patient_sex"], "codes": codes}) == []


def test_a_row_of_another_length_is_refused() -> None:
    assert clinical(**{"from": ["patient_age"]}) == ["[1, 1] is fed, the model takes [?, 2]"]


def test_text_without_numbers_for_it_is_refused() -> None:
    assert clinical(**{"from": ["patient_age", "view"]}) == ["view is text and has no codes"]


@pytest.mark.parametrize(
    ("shape", "problem"),
    [
        ((None, 512), ""),
        ((None, None), ""),
        ((None, 1), "it gives 1 numbers"),
        ((None, 4096), "it gives 4096 numbers"),
        ((None, 8, 7, 7), "the model gives [?, 8, 7, 7], which is no embedding"),
    ],
)
def test_an_embedding_is_one_vector_of_an_image(
    shape: tuple[int | None, ...], problem: str
) -> None:
    value = packages.manifest()
    value["output"].append({"name": "pooled", "kind": "embedding"})
    ports = (Port("scores", "float32", (None, 3)), Port("pooled", "float32", shape))
    inputs = (Port("image", "float32", None),)
    structure = Structure(inputs, ports, 17, 1, (), 0)
    faults = interface_faults(parse_manifest(packages.yaml_bytes(value)), structure)
    assert [fault.problem for fault in faults] == ([problem] if problem else [])


@pytest.mark.parametrize(
    ("outputs", "problem"),
    [
        ([{"name": "p", "kind": "embedding", "activation": "sigmoid"}], "about no finding"),
        (
            [{"name": "p", "kind": "embedding"}, {"name": "q", "kind": "embedding"}],
            "more than one embedding",
        ),
    ],
)
def test_an_embedding_that_cannot_be_is_refused(
    outputs: list[dict[str, Any]], problem: str
) -> None:
    value = packages.manifest()
    value["output"] += outputs
    with pytest.raises(BrokenPackage) as raised:
        parse_manifest(packages.yaml_bytes(value))
    assert any(problem in fault.problem for fault in raised.value.faults)
