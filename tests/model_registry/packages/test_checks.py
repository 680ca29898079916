"""The whole check of a package: what is wrong, where, and what to do, all at once."""

from typing import Any

import numpy as np
import pytest
from factories import packages

from model_registry.packages.checks import check, golden_faults


def test_a_valid_package_has_no_fault() -> None:
    assert check(packages.package()) == []


@pytest.mark.parametrize(
    "name", ["manifest_yaml", "model_onnx", "card_yaml", "safety_case_yaml", "golden__cases_yaml"]
)
def test_a_missing_file_is_one_fault(name: str) -> None:
    replaced: dict[str, Any] = {name: None}
    (fault,) = check(packages.package(**replaced))
    assert fault.problem == "missing"


def test_faults_of_several_files_come_together() -> None:
    found = check(
        packages.package(
            card_yaml=b"summary_public: x",
            safety_case_yaml=b"title: x",
            model_onnx=b"garbage",
            golden__image_npy=None,
        )
    )
    files = {fault.field.split(":")[0] for fault in found}
    assert files == {"card.yaml", "safety_case.yaml", "model.onnx", "golden/cases.yaml"}


def test_a_risk_outside_the_matrix_is_refused() -> None:
    case = {**packages.SAFETY_CASE}
    hazard: Any = {**packages.SAFETY_CASE["hazards"][0]}
    hazard["residual"] = {"severity": "considerable", "likelihood": "2"}
    case["hazards"] = [hazard]
    (fault,) = check(packages.package(safety_case_yaml=packages.yaml_bytes(case)))
    assert fault.field == "safety_case.yaml:hazards.0.residual.likelihood"


def test_the_words_of_the_standard_are_taken_as_it_writes_them() -> None:
    case = {**packages.SAFETY_CASE}
    hazard: Any = {**packages.SAFETY_CASE["hazards"][0]}
    hazard["residual"] = {"severity": "Minor", "likelihood": "Very Low"}
    case["hazards"] = [hazard]
    assert check(packages.package(safety_case_yaml=packages.yaml_bytes(case))) == []


@pytest.mark.parametrize(
    ("case", "field"),
    [
        ({"input": "missing.npy"}, "cases.0.input.image"),
        ({"input": {"picture": "image.npy"}}, "cases.0.input"),
        ({"expected": {"other": [[1]]}}, "cases.0.expected.other"),
        ({"expected": {"scores": [[1, "x"]]}}, "cases.0.expected.scores"),
        ({"expected": {"scores": [[float("nan")]]}}, "cases.0.expected.scores.0.0"),
        ({"tolerance": 1}, "cases.0.tolerance"),
    ],
)
def test_a_broken_golden_case_is_named(case: dict[str, Any], field: str) -> None:
    whole = {"name": "a", "input": "image.npy", "expected": {"scores": [[1]]}, "tolerance": 1e-4}
    cases = packages.yaml_bytes({"cases": [{**whole, **case}]})
    faults = check(packages.package(golden__cases_yaml=cases))
    assert [fault.field for fault in faults] == [f"golden/cases.yaml:{field}"]


def test_a_reference_that_is_named_must_be_there() -> None:
    value = packages.manifest()
    value["monitoring"]["reference"] = "reference.parquet"
    (fault,) = check(packages.package(manifest_yaml=packages.yaml_bytes(value)))
    assert fault.field == "reference.parquet"


def test_a_stream_that_nobody_knows_is_named() -> None:
    value = packages.manifest()
    value["monitoring"]["streams"] = ["score", "kvp", "moon"]
    (fault,) = check(packages.package(manifest_yaml=packages.yaml_bytes(value)))
    assert fault.field == "manifest.yaml:monitoring.streams.2"
    assert (fault.problem, "docs/streams.md" in fault.remedy) == ("no stream is called moon", True)


def test_crosses_that_cannot_be_counted_are_named() -> None:
    value = packages.manifest()
    value["monitoring"]["crosses"] = {
        "maker_view": ["manufacturer", "view"],
        "again": ["view", "manufacturer"],
        "Sex": ["sex", "moon"],
        "e": ["sex", "imd"],
        "f": ["sex", "setting"],
    }
    faults = {
        fault.field: fault
        for fault in check(packages.package(manifest_yaml=packages.yaml_bytes(value)))
    }
    field = "manifest.yaml:monitoring.crosses"
    assert set(faults) == {field, f"{field}.again", f"{field}.Sex", f"{field}.Sex.1"}
    assert "the 4 that matter most" in faults[field].remedy
    assert "Use two or three of sex" in faults[f"{field}.Sex.1"].remedy
    value["monitoring"]["crosses"] = {"maker_view": ["manufacturer", "view"]}
    assert check(packages.package(manifest_yaml=packages.yaml_bytes(value))) == []


def test_a_dicom_file_that_is_a_program_as_well_is_refused() -> None:
    case = {"name": "x", "input": "a.dcm", "expected": {"scores": [[0, 0, 0]]}, "tolerance": 1e-4}
    cases = packages.yaml_bytes({"cases": [case]})
    for preamble, is_fit in ((bytes(128), True), (b"MZ" + bytes(126), False)):
        data = preamble + b"DICM" + bytes(100)
        faults = golden_faults(packages.package(golden__cases_yaml=cases, golden__a_dcm=data))
        assert (faults == []) == is_fit


def changed(*path: Any, value: Any) -> bytes:
    """Return the manifest with one value changed."""
    whole = packages.manifest()
    place: Any = whole
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    return packages.yaml_bytes(whole)


def cases(**changes: Any) -> bytes:
    case = {
        "name": "a",
        "input": "image.npy",
        "expected": {"scores": packages.scores_of(packages.IMAGE).tolist()},
        "tolerance": 1e-4,
    }
    return packages.yaml_bytes({"cases": [case | changes]})


def worse() -> bytes:
    hazard = packages.SAFETY_CASE["hazards"][0]
    above = {**hazard, "residual": {"severity": "major", "likelihood": "medium"}}
    return packages.yaml_bytes({**packages.SAFETY_CASE, "hazards": [above]})


@pytest.mark.parametrize(
    ("replaced", "field"),
    [
        ({"safety_case_yaml": worse()}, "safety_case.yaml:hazards.0.residual"),
        (
            {"manifest_yaml": changed("model", "licence", value="Foo-9")},
            "manifest.yaml:model.licence",
        ),
        (
            {"manifest_yaml": changed("input", "guard", value="patient_age + 1")},
            "manifest.yaml:input.guard",
        ),
        (
            {"manifest_yaml": changed("input", "select", value="modality")},
            "manifest.yaml:input.select",
        ),
        (
            {"golden__image_npy": packages.npy(packages.IMAGE[0])},
            "golden/cases.yaml:cases.0.input.image",
        ),
        (
            {"golden__image_npy": packages.npy(packages.IMAGE.astype("f8"))},
            "golden/cases.yaml:cases.0.input.image",
        ),
        (
            {"golden__cases_yaml": cases(expected={"scores": [[0.1]]})},
            "golden/cases.yaml:cases.0.expected.scores",
        ),
        ({"reference_parquet": b"junk"}, "reference.parquet"),
        ({"reference_parquet": b"PAR1" + bytes(8) + b"PAR1"}, "reference.parquet"),
    ],
)
def test_what_admission_would_refuse_is_said_before_anything_is_submitted(
    replaced: dict[str, Any], field: str
) -> None:
    found = check(packages.package(**replaced))
    assert [fault.field for fault in found] == [field]


def test_a_product_is_told_all_that_it_lacks() -> None:
    product = changed("model", "device", "content_qualification", value="PRODUCT")
    found = {fault.field for fault in check(packages.package(manifest_yaml=product))}
    assert found == {
        "manifest.yaml:model.device.udi_di",
        "manifest.yaml:model.device.class_uk",
        "card.yaml:evaluation.metrics",
        "card.yaml:evaluation.evaluator",
        "card.yaml:evaluation.reference_standard",
    }


def test_a_free_dimension_takes_any_number_of_cases() -> None:
    two = np.concatenate([packages.IMAGE, packages.IMAGE])
    expected = {"scores": packages.scores_of(two).tolist()}
    found = check(
        packages.package(
            golden__image_npy=packages.npy(two), golden__cases_yaml=cases(expected=expected)
        )
    )
    assert found == []
