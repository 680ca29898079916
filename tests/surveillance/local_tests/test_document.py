"""The rule's answers, the figures behind them, and the document: all of them pure."""

from random import Random
from typing import Any

import pytest
from factories.local_tests import FINDING, make_rule, make_scored, rule_of
from factories.packages import manifest

from model_registry.packages.manifest import Manifest
from surveillance.local_tests.claims import Claim
from surveillance.local_tests.document import Judgement, judge, shared
from surveillance.local_tests.errors import BadRule
from surveillance.local_tests.figures import Scored
from surveillance.local_tests.models import Verdict
from surveillance.local_tests.needs import needs
from surveillance.local_tests.rule import canonical, faults_against
from surveillance.local_tests.service import read_rule
from surveillance.measures.intervals import wilson

AT = {FINDING: 0.5}


def rule_with(*bars: dict[str, Any], **changes: Any) -> dict[str, Any]:
    asked = {"finding": FINDING, "bars": list(bars), "min_positives": 10, "min_negatives": 10}
    asked |= {
        name: changes.pop(name) for name in ("non_inferior", "min_positives") if name in changes
    }
    return make_rule(findings=[asked], **changes)


def cases(hits: int, misses: int, passes: int = 50, alarms: int = 0, **levels: str) -> list[Scored]:
    kinds = [(True, 0.9, hits), (True, 0.1, misses), (False, 0.2, passes), (False, 0.8, alarms)]
    return [
        make_scored(label, score, patient=f"{label}{score}{number}{levels}", levels=levels)
        for label, score, count in kinds
        for number in range(count)
    ]


def judged(
    rule: dict[str, Any], scored: list[Scored], claims: list[Claim] | None = None
) -> Judgement:
    return judge({"id": "lt_1"}, read_rule(rule), scored, claims or [], AT, {FINDING: "Pneumonia"})


def answers(found: Judgement) -> dict[str, str]:
    return {line["asks"].partition(":")[0]: line["answer"] for line in found.document["lines"]}


SENSITIVITY = {"metric": "sensitivity", "at_least": 0.8}


def test_a_bar_is_met_by_the_lower_end_of_the_interval() -> None:
    found = judged(rule_with(SENSITIVITY), cases(95, 5))

    assert answers(found)["Sensitivity"] == "met"
    assert found.verdict is Verdict.PASSED


def test_a_good_estimate_of_too_few_is_not_a_pass_and_says_how_many_more() -> None:
    found = judged(rule_with(SENSITIVITY), cases(17, 3))

    assert found.verdict is Verdict.INSUFFICIENT
    [line] = [one for one in found.document["lines"] if one["answer"] == "insufficient_data"]
    assert "more positives would tell" in line["found"]


def test_an_estimate_below_the_bar_is_not_met() -> None:
    assert judged(rule_with(SENSITIVITY), cases(15, 5)).verdict is Verdict.FAILED


def test_what_lies_wholly_below_is_not_met_however_few_the_cases_are() -> None:
    found = judged(rule_with(SENSITIVITY, min_positives=100), cases(2, 18))

    assert answers(found)["Sensitivity"] == "not_met"
    assert answers(found)["At least 100 positives with a score"] == "insufficient_data"


def test_fewer_cases_than_the_rule_asks_for_are_never_a_pass() -> None:
    found = judged(rule_with(SENSITIVITY, min_positives=200), cases(95, 5))

    assert found.verdict is Verdict.INSUFFICIENT
    told = [one["found"] for one in found.document["lines"]]
    assert "100: 100 more are needed" in told


def test_no_positive_at_all_tells_nothing() -> None:
    found = judged(rule_with(SENSITIVITY, {"metric": "auc", "at_least": 0.7}), cases(0, 0))

    assert answers(found)["Sensitivity"] == "insufficient_data"
    assert answers(found)["Area under the ROC curve"] == "insufficient_data"


def test_a_bar_on_the_estimate_looks_at_the_estimate() -> None:
    bar = SENSITIVITY | {"on": "estimate"}

    assert judged(rule_with(bar), cases(16, 4)).verdict is Verdict.PASSED
    assert judged(rule_with(bar), cases(15, 5)).verdict is Verdict.FAILED


@pytest.mark.parametrize(
    ("hits", "misses", "answer"),
    [(190, 10, "met"), (150, 50, "not_met"), (17, 3, "insufficient_data")],
)
def test_a_margin_is_against_the_supplier_s_claim(hits: int, misses: int, answer: str) -> None:
    rule = rule_with(non_inferior=[{"metric": "sensitivity", "margin": 0.1}])
    claim = Claim(FINDING, "sensitivity", wilson(90, 100), False, 0.5, 100, "Internal")

    found = judged(rule, cases(hits, misses), [claim])

    assert answers(found)["Sensitivity"] == answer
    [row] = found.document["claims"]
    assert row["claimed"]["estimate"] == 0.9
    assert row["difference"]["estimate"] == pytest.approx(hits / (hits + misses) - 0.9)


def test_a_claim_at_another_threshold_is_shown_and_not_compared() -> None:
    rule = rule_with(non_inferior=[{"metric": "sensitivity", "margin": 0.1}])
    claim = Claim(FINDING, "sensitivity", wilson(90, 100), False, 0.998, 100, "Internal")

    found = judged(rule, cases(100, 0), [claim])

    assert found.verdict is Verdict.INSUFFICIENT
    [row] = found.document["claims"]
    assert (row["comparable"], row["difference"]) == (False, None)


def test_cases_without_a_score_are_counted_against_the_rule() -> None:
    skipped = [make_scored(True, None, patient=f"s{number}") for number in range(30)]

    found = judged(rule_with(SENSITIVITY), cases(95, 5) + skipped)

    assert found.verdict is Verdict.FAILED
    [finding] = found.document["findings"]
    assert finding["not_analysed"] == {"SKIPPED: patient_age unknown": 30}
    assert finding["overall"]["labelled"] - finding["overall"]["analysed"] == 30
    assert finding["sensitivity_if_no_score_is_a_miss"]["estimate"] == pytest.approx(95 / 130)
    assert found.document["cases"]["outcomes"]["SKIPPED"] == 30


def test_a_claim_of_a_group_is_held_against_that_group() -> None:
    claim = Claim(FINDING, "sensitivity", wilson(90, 100), False, 0.5, 100, "Internal", "sex", "M")
    scored = cases(95, 5, sex="F") + cases(60, 40, sex="M")

    [row] = judged(rule_with(SENSITIVITY), scored, [claim]).document["claims"]

    assert (row["level"], row["here"]["estimate"]) == ("M", 0.6)


GROUPS = [{"metric": "sensitivity", "floor": 0.7, "min_cases": 20, "axes": ["sex"]}]


def test_a_group_that_lies_wholly_below_the_floor_fails_the_test() -> None:
    scored = cases(190, 5, sex="F") + cases(15, 25, sex="M")

    found = judged(rule_with(SENSITIVITY, subgroups=GROUPS), scored)

    assert found.verdict is Verdict.FAILED
    assert "wholly below: sex M" in [one["found"] for one in found.document["lines"]]


def test_a_group_of_few_cases_is_not_judged_and_that_is_said() -> None:
    scored = cases(190, 5, sex="F") + cases(2, 10, sex="M")

    found = judged(rule_with(SENSITIVITY, subgroups=GROUPS), scored)

    assert "1 groups judged, none below; 1 had too few cases" in [
        one["found"] for one in found.document["lines"]
    ]


def test_without_any_group_of_enough_cases_the_rule_cannot_be_answered() -> None:
    scored = cases(19, 0, sex="F") + cases(19, 0, sex="M") + cases(19, 0, sex="O")

    assert judged(rule_with(SENSITIVITY, subgroups=GROUPS), scored).verdict is Verdict.INSUFFICIENT


def test_every_axis_has_the_level_unknown() -> None:
    [finding] = judged(rule_with(SENSITIVITY), cases(20, 0, sex="F")).document["findings"]

    levels = {(cell["axis"], cell["level"]): cell["labelled"] for cell in finding["groups"]}
    assert levels[("sex", "F")] == 70
    assert levels[("sex", "unknown")] == 0
    assert levels[("manufacturer", "unknown")] == 70


def test_repeating_patients_widen_the_intervals_and_are_named() -> None:
    alone = cases(80, 20)
    repeated = [make_scored(c.label, c.score, patient=f"p{i // 5}") for i, c in enumerate(alone)]

    one, other = judged(rule_with(SENSITIVITY), alone), judged(rule_with(SENSITIVITY), repeated)

    first, second = (
        found.document["findings"][0]["overall"]["sensitivity"] for found in (one, other)
    )
    assert first["estimate"] == second["estimate"]
    assert second["high"] - second["low"] > 1.3 * (first["high"] - first["low"])
    assert any("Patients repeat" in caution for caution in other.document["cautions"])
    assert not any("Patients repeat" in caution for caution in one.document["cautions"])


def test_equal_cases_in_any_order_give_equal_bytes() -> None:
    scored = cases(40, 7, sex="F") + cases(30, 9, view="PA")
    mixed = list(scored)
    Random(5).shuffle(mixed)

    one, other = (judged(rule_with(SENSITIVITY), each) for each in (scored, mixed))

    assert canonical(one.document) == canonical(other.document)


def test_what_leaves_the_site_holds_no_small_number() -> None:
    scored = cases(60, 5, sex="F") + cases(50, 5, sex="M") + cases(3, 1, 4, sex="O")
    kept = judged(rule_with(SENSITIVITY), scored).document

    given = shared(canonical(kept))

    sexes = {
        cell["level"]: cell for cell in given["findings"][0]["groups"] if cell["axis"] == "sex"
    }
    assert sexes["O"] == {"axis": "sex", "level": "O", "suppressed": True}
    # A second one goes with it: the small one could be worked out from the whole.
    assert sexes["M"]["suppressed"]
    assert sexes["F"]["sensitivity"]["n"] == 65
    assert "reasons" not in given["cases"]
    assert kept["findings"][0]["groups"] != given["findings"][0]["groups"]


def test_two_thousand_cases_of_many_groups_are_evaluated() -> None:
    random = Random(1)
    scored = [
        make_scored(
            random.random() < 0.3,
            random.random(),
            patient=f"p{number % 1500}",
            levels={
                "sex": random.choice("FMO"),
                "age_band": random.choice(["0-17", "18-39", "40-64", "65-79", "80+"]),
                "manufacturer": random.choice(["a", "b", "c", "d", "e", "f"]),
                "view": random.choice(["PA", "AP"]),
            },
        )
        for number in range(2000)
    ]

    found = judged(rule_with(SENSITIVITY, subgroups=GROUPS), scored)

    assert found.document["cases"]["labelled"] == 2000
    assert found.document["cases"]["patients"] == 1500
    groups = [(each["axis"], each["labelled"]) for each in found.document["findings"][0]["groups"]]
    for axis in ("sex", "age_band", "manufacturer", "view"):
        assert sum(labelled for of, labelled in groups if of == axis) == 2000


def test_a_rule_that_asks_nothing_is_refused() -> None:
    with pytest.raises(BadRule, match="passes everything"):
        read_rule(make_rule(findings=[{"finding": FINDING}]))


@pytest.mark.parametrize(
    "changes",
    [
        {"sampling": "as it pleases"},
        {"max_not_analysed": 2},
        {"findings": []},
        {"findings": [{"finding": FINDING, "bars": [{"metric": "f1", "at_least": 0.5}]}]},
        {"scores": [0.1]},
        {"subgroups": [{"metric": "auc", "floor": 0.5, "axes": ["postcode"]}]},
    ],
)
def test_a_rule_that_is_none_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BadRule):
        read_rule(make_rule(**changes))


def test_each_finding_of_the_model_is_tested_once_or_left_out_with_a_reason() -> None:
    from_model = Manifest.model_validate(manifest())

    def problems(**changes: Any) -> list[str]:
        return [str(fault) for fault in faults_against(rule_of(**changes), from_model.findings)]

    assert problems() == []
    assert "effusion: not tested" in problems(left_out={})[0]
    assert "gout: not a finding" in problems(left_out={"effusion": "x", "gout": "x"})[0]
    assert "pneumonia: named twice" in problems(left_out={"effusion": "x", FINDING: "x"})[0]


def test_the_planner_is_told_how_many_cases_a_rule_needs() -> None:
    claim = Claim(FINDING, "sensitivity", wilson(90, 100), False, None, 100, "Internal")
    rule = read_rule(
        rule_with(
            SENSITIVITY,
            {"metric": "specificity", "at_least": 0.9},
            {"metric": "auc", "at_least": 0.8, "on": "estimate"},
            non_inferior=[
                {"metric": "auc", "margin": 0.05},
                {"metric": "sensitivity", "margin": 0.05},
            ],
        )
    )

    found = needs(rule, [claim], AT)

    first, second, third = found
    assert (first.metric, first.expected, first.source) == (
        "sensitivity", 0.9, "the supplier's claim",
    )  # fmt: skip
    assert first.cases is not None
    assert 80 < first.cases < 160
    assert first.chance is not None
    assert first.chance < 0.5
    assert (second.expected, second.kind) == (0.95, "negatives")
    assert third.bar == pytest.approx(0.85)
    assert third.cases is not None
    assert third.cases > first.cases
    assert f"{first.cases} positives" in first.sentence
    hopeless = needs(read_rule(rule_with({"metric": "sensitivity", "at_least": 0.95})), [claim], AT)
    assert hopeless[0].cases is None
    assert "as high as what is expected" in hopeless[0].sentence
