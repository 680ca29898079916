"""Manifests: what parses, what is refused with field and remedy, what the digest covers."""

from collections.abc import Callable
from typing import Any

import pytest
from factories import packages

from model_registry.packages.errors import BrokenPackage
from model_registry.packages.manifest import (
    Manifest,
    Resize,
    Scale,
    parse_manifest,
    preprocessing_digest,
)

Change = Callable[[dict[str, Any]], object]


def parsed(change: Change = lambda _: None) -> Manifest:
    value = packages.manifest()
    change(value)
    return parse_manifest(packages.yaml_bytes(value))


def image(value: dict[str, Any]) -> dict[str, Any]:
    tensor: dict[str, Any] = value["input"]["tensors"][0]
    return tensor


def finding(value: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = value["output"][0]["findings"][0]
    return found


def test_the_steps_are_read_in_their_order() -> None:
    steps = parsed().input.tensors[0].steps
    kinds = [step.kind for step in steps]
    assert kinds == ["modality_lut", "voi", "monochrome1", "resize", "scale", "channels"]
    assert steps[3] == Resize(height=8, width=8, method="area")
    assert isinstance(steps[4], Scale)
    assert steps[4].from_ == "stored"


def test_what_is_stored_is_read_back() -> None:
    manifest = parsed()
    assert Manifest.model_validate(manifest.as_json()) == manifest


@pytest.mark.parametrize("given", ["data", [0, 4095]])
def test_a_scale_names_its_range(given: object) -> None:
    def change(value: dict[str, Any]) -> None:
        image(value)["steps"][4] = {"scale": {"from": given, "to": [0, 1]}}

    step = parsed(change).input.tensors[0].steps[4]
    assert isinstance(step, Scale)
    assert step.from_ == (given if isinstance(given, str) else (0.0, 4095.0))


@pytest.mark.parametrize(
    ("change", "field", "remedy"),
    [
        (lambda m: m["model"].pop("licence"), "model.licence", "Add it"),
        (lambda m: m["model"].update(version=1.0), "model.version", "in quotes"),
        (lambda m: m["model"].update(colour="red"), "model.colour", "Leave it out"),
        (lambda m: m["input"].update(select="modality =="), "input.select", "CEL"),
        (lambda m: m["input"].update(select='patient_name == "X"'), "input.select", "Use one of"),
        (
            lambda m: m["input"].update(guard='image_type.exists(i, i == "ORIGINAL")'),
            "input.guard",
            "in",
        ),
        (
            lambda m: m["input"].update(guard="image_type.map(rows, rows) == []"),
            "input.guard",
            "in",
        ),
        (lambda m: image(m)["steps"].append("rotate"), "input.tensors.0.steps.6", "steps named"),
        (lambda m: image(m)["steps"].reverse(), "input.tensors.0", "Order"),
        (lambda m: image(m)["steps"].append("modality_lut"), "input.tensors.0", "Leave one"),
        (lambda m: image(m).update({"from": ["rows"]}), "input.tensors.0", "layout"),
        (lambda m: image(m).update(layout="NCDHW"), "input", "series"),
        (lambda m: finding(m).update(threshold=1.2), "output.0", "probability"),
        (lambda m: finding(m).update(key="effusion"), "(whole)", "its own"),
        (
            lambda m: finding(m)["code"].update(meaning="x" * 65),
            "output.0.findings.0.code",
            "length",
        ),
        (lambda m: m["output"][0].update(kind="measurement"), "output.0", "UCUM"),
    ],
)
def test_a_broken_manifest_names_field_and_remedy(change: Change, field: str, remedy: str) -> None:
    with pytest.raises(BrokenPackage) as caught:
        parsed(change)
    fault = caught.value.faults[0]
    assert fault.field.startswith(f"manifest.yaml:{field}")
    assert remedy in fault.remedy


def test_every_fault_is_named_at_once() -> None:
    def break_two(value: dict[str, Any]) -> None:
        value["model"].pop("licence")
        value["input"]["level"] = "pixel"

    with pytest.raises(BrokenPackage) as caught:
        parsed(break_two)
    assert len(caught.value.faults) == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m["input"].update(level="series"),
        lambda m: m["input"].update(guard="rows > 1"),
        lambda m: image(m)["steps"].pop(),
        lambda m: m["output"][0].update(activation="sigmoid"),
    ],
)
def test_the_digest_changes_with_the_preprocessing(change: Change) -> None:
    assert preprocessing_digest(parsed(change)) != preprocessing_digest(parsed())


def test_the_digest_does_not_change_with_a_threshold_or_a_licence() -> None:
    def change(value: dict[str, Any]) -> None:
        finding(value)["threshold"] = 0.7
        value["model"]["licence"] = "other"

    assert preprocessing_digest(parsed(change)) == preprocessing_digest(parsed())
