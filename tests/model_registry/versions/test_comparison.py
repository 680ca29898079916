"""Every field that differs between two packages is named, in its section, and nothing else is."""

from typing import Any

import pytest
from factories import packages

from model_registry.packages.archive import ModelPackage
from model_registry.versions.comparison import Difference, Section, compare_packages


def _with_manifest(**changed: Any) -> ModelPackage:
    return packages.package(manifest_yaml=packages.yaml_bytes({**packages.manifest(), **changed}))


def _output(threshold: float = 0.5, key: str = "pneumonia") -> list[dict[str, Any]]:
    output: list[dict[str, Any]] = packages.manifest()["output"]
    output[0]["findings"][0] |= {"threshold": threshold, "key": key}
    return output


def test_the_same_package_differs_in_nothing() -> None:
    assert compare_packages(packages.package(), packages.package()) == ()


def test_a_default_that_is_written_out_is_no_difference() -> None:
    given = packages.manifest()
    given["input"]["tensors"][0]["steps"][4] = {"scale": {"from": "stored", "to": [0.0, 1.0]}}
    after = packages.package(manifest_yaml=packages.yaml_bytes(given))
    assert compare_packages(packages.package(), after) == ()


def test_another_label_is_all_that_a_new_version_has_to_differ_in() -> None:
    (found,) = compare_packages(packages.package(), packages.package(version="1.0.1"))
    assert found == Difference(Section.MODEL, "model.version", "1.0.0", "1.0.1")


def test_a_step_is_named_by_its_place() -> None:
    given = packages.manifest()
    given["input"]["tensors"][0]["steps"][3]["resize"]["width"] = 16
    after = packages.package(manifest_yaml=packages.yaml_bytes(given))
    assert compare_packages(packages.package(), after) == (
        Difference(Section.PREPROCESSING, "input.tensors[0].steps[3].width", "8", "16"),
    )


@pytest.mark.parametrize(
    ("changed", "section", "path"),
    [
        ({"output": _output(threshold=0.7)}, Section.THRESHOLDS, "output[0].findings[0].threshold"),
        ({"output": _output(key="lobar")}, Section.OUTPUT, "output[0].findings[0].key"),
        (
            {"input": {**packages.manifest()["input"], "guard": "patient_age >= 16"}},
            Section.INPUT,
            "input.guard",
        ),
        (
            {"resources": {"max_seconds": 30, "max_memory_mb": 1500}},
            Section.RESOURCES,
            "resources.max_seconds",
        ),
        (
            {"monitoring": {"streams": ["score"], "tolerances": {"auc": 0.1}}},
            Section.MONITORING,
            "monitoring.tolerances.auc",
        ),
        (
            {
                "model": {
                    **packages.manifest()["model"],
                    "device": {"content_qualification": "PRODUCT"},
                }
            },
            Section.DEVICE,
            "model.device.content_qualification",
        ),
    ],
)
def test_each_part_of_the_manifest_has_its_section(
    changed: dict[str, Any], section: Section, path: str
) -> None:
    (found,) = compare_packages(packages.package(), _with_manifest(**changed))
    assert (found.section, found.path) == (section, path)


def test_what_only_one_of_them_says_is_none_in_the_other() -> None:
    before = {**packages.CARD}
    after = {**before, "training_data": {"images": 112_000}}
    (found,) = compare_packages(
        packages.package(card_yaml=packages.yaml_bytes(before)),
        packages.package(card_yaml=packages.yaml_bytes(after)),
    )
    assert found == Difference(Section.CARD, "training_data.images", None, "112000")


def test_other_weights_are_told_by_digest() -> None:
    (found,) = compare_packages(packages.package(), packages.package(model_onnx=b"other"))
    assert (found.section, found.path) == (Section.WEIGHTS, "model.onnx")
    assert found.before != found.after


def test_golden_cases_licences_and_a_lost_reference_are_told_by_digest() -> None:
    before = packages.package(reference_parquet=b"scores")
    after = packages.package(golden__image_npy=packages.npy(packages.IMAGE + 1), LICENCE_txt=b"MIT")
    found = compare_packages(before, after)
    assert [(d.section, d.path, d.after is None) for d in found] == [
        (Section.MONITORING, "reference.parquet", True),
        (Section.GOLDEN, "golden/image.npy", False),
        (Section.OTHER, "LICENCE.txt", False),
    ]


def test_a_hazard_that_goes_is_seen_field_by_field() -> None:
    more = {
        **packages.SAFETY_CASE,
        "hazards": [*packages.SAFETY_CASE["hazards"], {"name": "Wrong side", "harm": "Delay"}],
    }
    found = compare_packages(
        packages.package(safety_case_yaml=packages.yaml_bytes(more)), packages.package()
    )
    assert found == (
        Difference(Section.SAFETY_CASE, "hazards[1].name", "Wrong side", None),
        Difference(Section.SAFETY_CASE, "hazards[1].harm", "Delay", None),
    )


def test_a_document_that_cannot_be_read_is_told_by_digest() -> None:
    (found,) = compare_packages(packages.package(), packages.package(card_yaml=b"- a list"))
    assert (found.section, found.path) == (Section.CARD, "card.yaml")


def test_a_number_and_the_same_digits_as_text_are_shown_apart() -> None:
    (found,) = compare_packages(
        packages.package(card_yaml=packages.yaml_bytes({**packages.CARD, "year": 2020})),
        packages.package(card_yaml=packages.yaml_bytes({**packages.CARD, "year": "2020"})),
    )
    assert (found.before, found.after) == ("2020", '"2020"')


def test_a_signature_is_no_difference() -> None:
    after = ModelPackage({**packages.package().files, "signature.json": b"{}"})
    assert compare_packages(packages.package(), after) == ()
