"""The rule that a form makes, and what is wrong at which field."""

import pytest
from factories.local_tests import make_plan
from factories.packages import manifest

from model_registry.packages.manifest import Manifest
from surveillance.local_tests import planning
from surveillance.local_tests.planning import planned
from surveillance.local_tests.rule import Rule

FINDINGS = Manifest.model_validate(manifest()).findings
GOOD = make_plan(FINDINGS)


def test_what_was_typed_makes_the_rule() -> None:
    found = planned(GOOD, FINDINGS)
    assert found.faults == ()
    assert found.thresholds == {"pneumonia": 0.4}
    assert Rule.model_validate(found.rule).as_json() == {
        "unit": "study",
        "sampling": "consecutive",
        "findings": [
            {
                "finding": "pneumonia",
                "bars": [{"metric": "sensitivity", "at_least": 0.8, "on": "estimate"}],
                "non_inferior": [{"metric": "auc", "margin": 0.05}],
                "min_positives": 60,
                "min_negatives": 30,
            }
        ],
        "left_out": {"effusion": "no labels for it here"},
        "max_not_analysed": 0.1,
        "subgroups": [
            {
                "metric": "sensitivity",
                "floor": 0.6,
                "min_cases": 20,
                "axes": ["sex", "age_band", "manufacturer"],
            }
        ],
    }


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("title", "  "),
        ("pneumonia-sensitivity", "80 %"),
        ("pneumonia-sensitivity", "1.2"),
        ("pneumonia-sensitivity", "nan"),
        ("pneumonia-auc_margin", "0"),
        ("pneumonia-min_positives", "0"),
        ("pneumonia-min_negatives", "many"),
        ("pneumonia-threshold", "half"),
        ("effusion-left_out", ""),
        ("max_not_analysed", ""),
        ("group_sensitivity", "-1"),
        ("group_min_cases", "1"),
    ],
)
def test_a_fault_is_told_once_and_at_its_field(field: str, text: str) -> None:
    assert [fault.field for fault in planned(GOOD | {field: text}, FINDINGS).faults] == [field]


def test_a_rule_that_asks_nothing_is_none() -> None:
    idle = GOOD | {"pneumonia-sensitivity": "", "pneumonia-auc_margin": ""}
    [fault] = planned(idle, FINDINGS).faults
    assert (fault.field, fault.problem) == (
        "pneumonia-sensitivity",
        "without a bar everything passes",
    )
    nothing = GOOD | {"pneumonia-tested": "no", "pneumonia-left_out": "not here"}
    [fault] = planned(nothing, FINDINGS).faults
    assert fault.problem == "nothing is tested"


def test_groups_need_something_to_be_made_by() -> None:
    without = GOOD | {f"axis-{axis}": "" for axis in ("sex", "age_band", "manufacturer")}
    assert [one.field for one in planned(without, FINDINGS).faults] == ["group_sensitivity"]


def test_the_form_shows_the_thresholds_in_use() -> None:
    shown = planning.defaults(FINDINGS, {"pneumonia": 0.25})
    assert shown["pneumonia-threshold"] == "0.25"
    assert "effusion-threshold" not in shown
    assert set(planning.DEFAULTS) <= set(planning.fields(FINDINGS))
