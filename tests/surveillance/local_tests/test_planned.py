"""What a change plan asks of a site's test: of its rule, and of what it found."""

from typing import Any

import pytest
from factories.local_tests import FINDING, Clinic, finished, make_rule

from model_registry.packages.plan_document import Criterion
from surveillance.local_tests import planned, service
from surveillance.local_tests.errors import BadRule
from surveillance.local_tests.planned import PlannedTests


def criterion(**changes: Any) -> Criterion:
    asked = {"finding": FINDING, "metric": "sensitivity", "evidence": "local_test", "min": 0.85}
    return Criterion.model_validate(asked | changes)


def rule(**bar: Any) -> dict[str, Any]:
    whole = {"metric": "sensitivity", "at_least": 0.85} | bar
    return make_rule(
        findings=[
            {"finding": FINDING, "bars": [whole], "min_positives": 1, "min_negatives": 1},
        ]
    )


def unmet(clinic: Clinic, test_id: str, asked: Criterion) -> list[str]:
    with clinic.parts.database.read() as session:
        return PlannedTests().unshown(session, test_id, [asked])


@pytest.mark.parametrize(
    ("bar", "asked", "is_held"),
    [
        ({}, {}, True),
        ({"at_least": 0.9}, {}, True),
        ({"at_least": 0.8}, {}, False),
        ({"on": "estimate"}, {}, False),
        ({"on": "estimate"}, {"bound": "estimate"}, True),
        ({}, {"bound": "estimate"}, True),
        ({"metric": "specificity"}, {}, False),
        ({}, {"finding": "effusion"}, False),
        ({}, {"axis": "sex", "level": "F"}, False),
        ({}, {"min": None, "non_inferior_within": 0.1}, False),
    ],
)
def test_a_rule_holds_a_criterion_that_it_asks_at_least_as_strictly(
    bar: dict[str, Any], asked: dict[str, Any], is_held: bool
) -> None:
    found = list(planned._not_asked(service.read_rule(rule(**bar)), criterion(**asked)))
    assert (found == []) == is_held


def test_a_group_is_asked_for_by_a_floor_and_a_margin_by_one_as_narrow() -> None:
    asked = rule() | {
        "subgroups": [{"metric": "sensitivity", "floor": 0.85, "axes": ["sex"]}],
    }
    asked["findings"][0]["non_inferior"] = [{"metric": "sensitivity", "margin": 0.05}]
    held = service.read_rule(asked)
    assert not list(planned._not_asked(held, criterion(axis="sex", level="F")))
    assert not list(planned._not_asked(held, criterion(non_inferior_within=0.05)))
    assert list(planned._not_asked(held, criterion(non_inferior_within=0.04)))


def test_the_figure_itself_has_to_reach_what_the_plan_asks(clinic: Clinic) -> None:
    good = finished(clinic, 80, rule())
    poor = finished(clinic, 80, rule(at_least=0.2) | {"max_not_analysed": 0.5}, misses=40)

    assert unmet(clinic, good.id, criterion(bound="estimate")) == []
    assert unmet(clinic, poor.id, criterion(bound="estimate", min=0.2)) == []
    # All cases are one patient's: the interval is as wide as that.
    [wide] = unmet(clinic, good.id, criterion())
    assert wide.startswith("the lower end of sensitivity for pneumonia is 0.2")
    [_, unknown] = unmet(clinic, good.id, criterion(axis="sex", level="M"))
    assert unknown == "no case tells the lower end of sensitivity for pneumonia where sex is M"
    [asks_less, short] = unmet(clinic, poor.id, criterion(bound="estimate"))
    assert asks_less.startswith("the rule asks less than")
    assert short.endswith("is 0.500 and not 0.85 or more")


def test_a_test_that_is_not_there_or_not_finished_shows_nothing(clinic: Clinic) -> None:
    for test_id in ("lt_nowhere", clinic.plan().id):
        assert unmet(clinic, test_id, criterion()) == [
            "the test that was signed is not to be found"
        ]


def test_a_rule_that_asks_less_than_the_covering_plan_is_not_planned(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planned, "cover", lambda *_: object())
    monkeypatch.setattr(planned, "local_criteria", lambda *_: (criterion(),))
    with pytest.raises(BadRule, match="asks less than the lower end of sensitivity"):
        clinic.plan(rule(at_least=0.8))
    assert clinic.plan(rule()).id


@pytest.mark.parametrize("at_least", [0, 0.001])
def test_a_bar_that_nobody_can_fail_is_refused_with_the_reason(
    clinic: Clinic, at_least: float
) -> None:
    with pytest.raises(BadRule, match=r"bars\.0\.at_least: nobody can fail it"):
        clinic.plan(rule(at_least=at_least))
    groups = [{"metric": "sensitivity", "floor": at_least, "axes": ["sex"]}]
    with pytest.raises(BadRule, match=r"subgroups\.0\.floor: nobody can fail it"):
        clinic.plan(rule() | {"subgroups": groups})
