"""A condition must give true or false: what gives a number is never true, and skips everything."""

import pytest

from vigil.kernel.cel import Undecidable, compile_condition, truth_faults


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("patient_age + 1.0", "it gives a number"),
        ("patient_age + 1", "float + int"),
        ("modality", "it gives a text"),
        ("image_type", "it gives a list"),
        ("null", "no truth value"),
        ('modality == "CT" ? true : rows', "it gives a number"),
        ('modality == "CT" && rows', "No such overload"),
        ("patient_age >= 18 && rows", "No such overload"),
        ("!rows", "No such overload"),
        ('rows > "512"', "No such overload"),
    ],
)
def test_what_is_no_truth_value_is_named(source: str, problem: str) -> None:
    [fault] = truth_faults(source, "manifest.yaml:input.guard")
    assert problem in fault.problem
    assert fault.remedy


@pytest.mark.parametrize(
    "source",
    [
        "true",
        "patient_age >= 18 && rows >= 512",
        'modality in ["CR", "DX"] && body_part == "CHEST"',
        'patient_sex == null || patient_sex != "O"',
        'view.contains("P") || "PRIMARY" in image_type',
        'image_type[2] == "AXIAL"',
        "1000 / rows > 1",
        "kvp >= 60.5 && patient_age + 1.0 < 20.0",
    ],
)
def test_a_condition_that_holds_or_does_not_is_taken(source: str) -> None:
    assert truth_faults(source, "x") == []


@pytest.mark.parametrize("source", ['image_type[5] == "A"', "1 / (rows - 512) > 1"])
def test_a_place_that_is_not_there_and_a_division_by_nothing_are_undecidable(source: str) -> None:
    with pytest.raises(Undecidable):
        compile_condition(source).holds({"image_type": ["A"], "rows": 512})
