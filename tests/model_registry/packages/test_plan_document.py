import copy
from typing import Any

import pytest
from factories.packages import manifest, package, yaml_bytes
from factories.plans import PLAN, planned

from model_registry.packages import checks
from model_registry.packages.errors import BrokenPackage
from model_registry.packages.manifest import parse_manifest
from model_registry.packages.plan_document import ChangePlan, read_change_plan


def _plan(**changes: Any) -> dict[str, Any]:
    plan = copy.deepcopy(PLAN)
    for path, value in changes.items():
        place: Any = plan
        *parents, last = path.split("__")
        for part in parents:
            place = place[int(part) if part.isdigit() else part]
        if value is None:
            del place[last]
        else:
            place[last] = value
    return plan


def test_a_plan_is_read_and_kept_as_it_is() -> None:
    plan = read_change_plan(yaml_bytes(PLAN))

    assert [step.key for step in plan.steps] == ["retrain", "sharpen"]
    assert plan.steps[0].may_change[0].section == "weights"
    assert plan.steps[0].may_change[1].max_change == 0.05
    assert ChangePlan.model_validate(plan.as_json()) == plan


@pytest.mark.parametrize(
    ("changes", "where", "problem"),
    [
        ({"schema": "v2"}, "schema", "vigil/change-plan/v1"),
        ({"steps": []}, "steps", "at least 1"),
        ({"impact": None}, "impact", "required"),
        ({"steps__0__protocol": {}}, "steps.0.protocol.data", "required"),
        ({"steps__0__may_change": ["device"]}, "steps.0.may_change.0.section", "weights"),
        ({"steps__0__may_change": ["plan"]}, "steps.0.may_change.0.section", "weights"),
        ({"steps__0__may_change": ["safety_case"]}, "steps.0.may_change.0.section", "weights"),
        ({"steps__0__acceptance": []}, "steps.0.acceptance", "at least 1"),
        ({"steps__1__key": "retrain"}, "(whole)", "same key"),
        ({"steps__0__acceptance__0__min": None}, "steps.0.acceptance.0", "nothing to reach"),
        ({"steps__0__acceptance__0__axis": "sex"}, "steps.0.acceptance.0", "half a subgroup"),
        ({"steps__0__acceptance__0__dataset": None}, "steps.0.acceptance.0", "dataset"),
        ({"steps__0__acceptance__0__metric": "ppv"}, "steps.0.acceptance.0.metric", "sensit"),
        ({"steps__0__surprise": 1}, "steps.0.surprise", "not permitted"),
        (
            {
                "steps__0__acceptance": [
                    {
                        "finding": "pneumonia",
                        "metric": "auc",
                        "evidence": "local_test",
                        "min": 0.9,
                    }
                ]
            },
            "steps.0",
            "before sites test it",
        ),
    ],
)
def test_what_breaks_a_plan_is_named(changes: dict[str, Any], where: str, problem: str) -> None:
    with pytest.raises(BrokenPackage) as refused:
        read_change_plan(yaml_bytes(_plan(**changes)))

    found = {fault.field: fault.problem for fault in refused.value.faults}
    assert problem in found[f"change_plan.yaml:{where}"]


def test_a_package_with_a_plan_is_whole() -> None:
    assert checks.check(planned("1.0.0")) == []


def test_a_plan_for_a_finding_that_the_model_lacks_is_refused() -> None:
    plan = _plan(steps__0__acceptance__0__finding="fracture")
    broken = package(change_plan_yaml=yaml_bytes(plan))

    (fault,) = checks.check(broken)
    assert fault.field == "change_plan.yaml:steps.0.acceptance.0.finding"
    assert fault.remedy == "Use one of effusion, pneumonia"


@pytest.mark.parametrize(
    "follows", [{"version": "1.0.0"}, {"version": "1.0.0", "step": "RE train"}]
)
def test_a_manifest_that_follows_half_a_step_is_refused(follows: dict[str, str]) -> None:
    with pytest.raises(BrokenPackage, match="follows"):
        parse_manifest(yaml_bytes(manifest() | {"follows": follows}))


def test_a_margin_for_a_group_is_not_asked_of_a_sites_test() -> None:
    asked = {"finding": "effusion", "metric": "auc", "evidence": "local_test"}
    group = {"axis": "sex", "level": "F", "non_inferior_within": 0.02}
    plan = _plan(steps__0__acceptance=[PLAN["steps"][1]["acceptance"][0], asked | group])
    [fault] = checks.plan_faults(package(change_plan_yaml=yaml_bytes(copy.deepcopy(plan))))
    assert fault.field == "change_plan.yaml:steps.0.acceptance.1.non_inferior_within"
