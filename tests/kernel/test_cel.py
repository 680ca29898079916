import pytest

from vigil.kernel.cel import Undecidable, compile_condition, faults_in
from vigil.kernel.dicom import NAMES

CHEST = 'modality in ["CR", "DX"] && body_part == "CHEST"'


def test_a_condition_holds_or_not() -> None:
    condition = compile_condition(CHEST)

    assert condition.holds({"modality": "CR", "body_part": "CHEST"})
    assert not condition.holds({"modality": "CT", "body_part": "CHEST"})


@pytest.mark.parametrize("attributes", [{"patient_age": None}, {}])
def test_an_unknown_attribute_is_undecidable_and_named(attributes: dict[str, object]) -> None:
    with pytest.raises(Undecidable, match="needs patient_age"):
        compile_condition("patient_age >= 18.0").holds(attributes)


def test_an_undecided_half_does_not_hide_a_decided_one() -> None:
    condition = compile_condition('modality == "CR" || patient_age >= 18.0')

    assert condition.holds({"modality": "CR", "patient_age": None})


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("modality ==", "Syntax error"),
        ('patient_name == "X"', "unknown attribute patient_name"),
        ('image_type.exists(x, x == "PRIMARY")', "loops"),
        ("a" * 3000, "longer than"),
    ],
)
def test_a_bad_condition_is_named_with_a_remedy(source: str, problem: str) -> None:
    faults = faults_in(source, "rules[0].when", NAMES)

    assert problem in faults[0].problem
    assert faults[0].field == "rules[0].when"
    assert faults[0].remedy


def test_a_good_condition_has_no_faults() -> None:
    assert faults_in(CHEST, "when", NAMES) == []


def test_no_attribute_can_identify_a_patient() -> None:
    words = ("name", "patient_id", "birth", "accession", "physician", "_date")

    assert not [name for name in NAMES if any(word in name for word in words)]


@pytest.mark.parametrize(
    "source", ['body_part != "HAND"', '!(body_part == "HAND")', '!(body_part in ["HAND", "FOOT"])']
)
@pytest.mark.parametrize("attributes", [{"body_part": None}, {}])
def test_a_negation_is_not_true_of_what_is_unknown(
    source: str, attributes: dict[str, object]
) -> None:
    with pytest.raises(Undecidable, match="needs body_part"):
        compile_condition(source).holds(attributes)


@pytest.mark.parametrize(
    ("source", "age", "holds"),
    [
        ("patient_age == null || patient_age < 18", None, True),
        ("patient_age == null || patient_age < 18", 40, False),
        ("null != patient_age && patient_age >= 18", None, False),
        ("null != patient_age && patient_age >= 18", 40, True),
    ],
)
def test_a_condition_may_ask_whether_something_is_known(
    source: str, age: int | None, holds: bool
) -> None:
    assert compile_condition(source).holds({"patient_age": age}) is holds


def test_a_text_that_speaks_of_null_asks_nothing() -> None:
    with pytest.raises(Undecidable):
        compile_condition('body_part != "view == null" && body_part != "X"').holds(
            {"body_part": None}
        )
