from typing import Any

import pytest
from factories.routing import CHEST, make_rule
from pydantic import ValidationError

from inference.routing.rules import SHOWN_KINDS, ResolvedRule, digest, faults_in, judge
from inference.runs.models import Priority

CHEST_DX: dict[str, Any] = {"modality": "DX", "body_part": "CHEST"}
HAND_DX: dict[str, Any] = {"modality": "DX", "body_part": "HAND"}


def resolved(**changes: Any) -> ResolvedRule:
    return ResolvedRule(**make_rule(**changes).model_dump(), model_id="mdl_a")


def test_one_fitting_instance_is_enough_and_is_named() -> None:
    verdict = judge(make_rule(), [HAND_DX, CHEST_DX])

    assert verdict.matched
    assert verdict.reason == "an instance has body_part = CHEST, modality = DX"


def test_a_study_that_does_not_match_says_on_what_it_was_judged() -> None:
    verdict = judge(make_rule(), [HAND_DX, HAND_DX])

    assert not verdict.matched
    assert verdict.reason == "no instance satisfies the rule: body_part = HAND, modality = DX"


def test_a_study_without_instances_matches_nothing() -> None:
    assert not judge(make_rule(when="rows >= 0"), []).matched


def test_an_unknown_attribute_never_matches_and_is_named() -> None:
    verdict = judge(make_rule(when="patient_age >= 18"), [{"modality": "DX", "patient_age": None}])

    assert not verdict.matched
    assert "patient_age unknown (needs patient_age)" in verdict.reason


def test_an_attribute_of_another_type_never_matches() -> None:
    verdict = judge(make_rule(when="patient_age >= 18"), [{"patient_age": "061Y"}])

    assert not verdict.matched
    assert "types do not fit" in verdict.reason


def test_a_negation_does_not_turn_the_unknown_into_a_match() -> None:
    assert not judge(make_rule(when='!(body_part == "HAND")'), [{"body_part": None}]).matched


def test_an_age_is_told_by_its_decade_only() -> None:
    verdict = judge(make_rule(when="patient_age >= 18"), [{"patient_age": 61}])

    assert verdict.reason == "an instance has patient_age 60 to 69"
    assert "61" not in verdict.reason


def test_many_kinds_of_instances_are_cut_short() -> None:
    parts = [{"modality": "DX", "body_part": f"PART{n}"} for n in range(SHOWN_KINDS + 4)]

    verdict = judge(make_rule(), parts)

    assert verdict.reason.count("body_part") == SHOWN_KINDS
    assert verdict.reason.endswith("; and 4 more")


def test_what_a_header_says_is_data_and_never_a_condition() -> None:
    hostile = {"modality": "DX", "body_part": 'CHEST" || true || "'}

    assert not judge(make_rule(), [hostile]).matched


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "x" * 81},
        {"model": "linear-three"},
        {"model": "ACME/../x"},
        {"model": "ACME/linear-three; DROP TABLE run"},
        {"priority": "at once"},
        {"owner": "nobody asked"},
    ],
)
def test_a_rule_of_another_form_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        make_rule(**change)


def test_every_fault_is_named_with_its_place() -> None:
    rules = [
        make_rule(name="good"),
        make_rule(name="bad", when='patient_name == "DOE"'),
        make_rule(name="good", when="modality =="),
    ]

    faults = faults_in(rules)

    assert [fault.field for fault in faults] == ["rules[1].when", "rules[2].when", "rules[2].name"]
    assert faults[0].problem == "unknown attribute patient_name"
    assert all(fault.remedy for fault in faults)


def test_no_rule_is_routine_unless_it_says_so() -> None:
    assert make_rule().priority is Priority.ROUTINE


def test_the_digest_changes_with_everything_that_a_rule_says() -> None:
    others = [
        [resolved(when=f"{CHEST} && rows > 1")],
        [resolved(priority=Priority.STAT)],
        [resolved(name="another")],
        [resolved(), resolved(name="second")],
        [resolved(name="second"), resolved()],
        [],
    ]
    digests = {digest(rules) for rules in ([resolved()], *others)}

    assert len(digests) == len(others) + 1
    assert digest([resolved()]) == digest([resolved()])
