"""What a plan allows and asks for, from packages alone."""

from typing import Any

import numpy as np
import pytest
from factories.packages import IMAGE, npy
from factories.plans import Edit, Papers, figures, planned

from model_registry.packages.archive import ModelPackage
from model_registry.plans.judgement import Judgement, Reviewed, judge

ANCHOR = planned("1.0.0")
UNNAMED = "no step of the plan names it"
OTHER_CASES = "golden cases ask something else, or allow a larger error"


def _judge(package: ModelPackage, step: str = "retrain") -> Judgement:
    return judge(package, [Reviewed("1.0.0", ANCHOR, (step,))])


def _retrained(edit: Edit | None = None, **options: Any) -> ModelPackage:
    return planned("1.1.0", ("1.0.0", "retrain"), weights=1.01, edit=edit, **options)


def _set(where: str, value: Any) -> Edit:
    """Change one value, such as `manifest.output.0.findings.0.threshold`."""

    def edit(papers: Papers) -> None:
        first, *path = where.split(".")
        place: Any = getattr(papers, first)
        for part in path[:-1]:
            place = place[int(part) if part.isdigit() else part]
        last = path[-1]
        place[int(last) if last.isdigit() else last] = value

    return edit


def _differs(place: str, problem: str) -> str:
    return f"{place} differs from 1.0.0: {problem}"


def _file(name: str, data: bytes) -> Edit:
    return lambda papers: papers.more.update({name: data})


def _figures(**found: Any) -> Edit:
    return _set("card.evaluation.0.metrics", figures(**found))


def test_new_weights_with_their_figures_and_expected_outputs_are_inside() -> None:
    found = _judge(_retrained())

    assert found == Judgement(True, (), found.differences, found.criteria)
    assert {row["section"] for row in found.differences} == {"model", "weights", "golden", "plan"}
    assert [one["met"] for one in found.criteria] == [True, True, True, None]
    assert found.criteria[0]["asked"] == (
        "lower end of sensitivity for pneumonia on Internal of 0.85 or more"
    )
    assert found.criteria[0]["found"] == "0.920 (at least 0.893)"


@pytest.mark.parametrize(
    "edit",
    [
        _set("manifest.output.0.findings.0.threshold", 0.55),
        _set("manifest.output.0.findings.0.threshold", 0.45),
        _set("card.evaluation.0.evaluator", "an independent hospital"),
        _set("cases.0.tolerance", 1e-6),
    ],
)
def test_what_a_step_names_stays_inside_within_its_bounds(edit: Edit) -> None:
    assert _judge(_retrained(edit)).is_inside


@pytest.mark.parametrize(
    ("edit", "place", "problem"),
    [
        (
            _set("manifest.output.0.findings.0.threshold", 0.56),
            "thresholds output[0].findings[0].threshold",
            "it moves further than 0.05",
        ),
        (
            _set("manifest.input.guard", "patient_age >= 16"),
            "input input.guard",
            UNNAMED,
        ),
        (
            _set("manifest.input.tensors.0.steps.3", {"resize": {
                "height": 8, "width": 8, "method": "linear"}}),
            "preprocessing input.tensors[0].steps[3].method",
            UNNAMED,
        ),
        (
            _set("manifest.output.0.activation", "sigmoid"),
            "output output[0].activation",
            UNNAMED,
        ),
        (
            _set("manifest.resources.max_seconds", 60),
            "resources resources.max_seconds",
            UNNAMED,
        ),
        (
            _set("manifest.monitoring.tolerances", {"auc": 0.2}),
            "monitoring monitoring.tolerances.auc",
            UNNAMED,
        ),
        (
            _set("manifest.model.licence", "MIT"),
            "model model.licence",
            UNNAMED,
        ),
        (
            _set("manifest.model.device.content_qualification", "PRODUCT"),
            "device model.device.content_qualification",
            UNNAMED,
        ),
        (
            _set("card.intended_use", "Reads alone."),
            "card intended_use",
            "no plan changes what the model is for",
        ),
        (
            _set("card.out_of_scope", ["Infants"]),
            "card out_of_scope[0]",
            "no plan changes what the model is for",
        ),
        (
            _set("card.limitations", ["None"]),
            "card limitations[0]",
            UNNAMED,
        ),
        (
            _set("safety_case.hazards.0.residual.likelihood", "very_low"),
            "safety_case hazards[0].residual.likelihood",
            UNNAMED,
        ),
        (
            _set("plan.steps.0.acceptance.0.min", 0.5),
            "plan steps[0].acceptance[0].min",
            "the plan itself is not as it was signed",
        ),
        (
            _set("cases.0.tolerance", 0.01),
            "golden golden/cases.yaml",
            OTHER_CASES,
        ),
        (
            _file("golden/image.npy", npy(IMAGE * np.float32(0.5))),
            "golden golden/image.npy",
            OTHER_CASES,
        ),
        (
            _file("README.md", b"New"),
            "other README.md",
            UNNAMED,
        ),
    ],
)  # fmt: skip
def test_each_other_difference_puts_it_outside_and_is_named(
    edit: Edit, place: str, problem: str
) -> None:
    found = _judge(_retrained(edit))

    assert _differs(place, problem) in found.reasons
    assert not found.is_inside


@pytest.mark.parametrize(
    ("edit", "found"),
    [
        (_figures(sensitivity=440), "found 0.880 (at least 0.849)"),
        (_figures(women=0.79), "found 0.790"),
        (_figures(auc=0.92), "found 0.920 after 0.950"),
        (_set("card.evaluation.0.dataset", "Another"), "found the card has no such figure"),
        (
            _set("card.evaluation.0.metrics.0", {
                "name": "sensitivity", "finding": "pneumonia", "value": 0.99}),
            "found 0.990 without an interval",
        ),
        (
            _set("card.evaluation.0.metrics.0", {
                "name": "sensitivity", "finding": "pneumonia", "value": 0.99, "ci_low": 0.98,
                "ci_high": 1.0, "ci_level": 0.5}),
            "found 0.990 without an interval",
        ),
        (
            _set("card.evaluation.0.metrics.0", {
                "name": "sensitivity at 0.3", "finding": "pneumonia", "value": 0.99,
                "ci_low": 0.98, "ci_high": 1.0}),
            "found the card has no such figure",
        ),
        (
            _set("card.evaluation.0.metrics.0", {
                "name": "sensitivity", "finding": "effusion", "value": 0.99, "ci_low": 0.98,
                "ci_high": 1.0}),
            "found the card has no such figure",
        ),
        (
            _set("card.evaluation.0.metrics.0", {
                "name": "sensitivity", "finding": "pneumonia", "suppressed": True,
                "reason": "too few"}),
            "found the card has no such figure",
        ),
    ],
)  # fmt: skip
def test_a_criterion_that_is_not_shown_puts_it_outside(edit: Edit, found: str) -> None:
    judged = _judge(_retrained(edit))

    assert not judged.is_inside
    assert [reason for reason in judged.reasons if reason.endswith(found)]


def test_of_two_figures_the_worse_one_counts() -> None:
    def edit(papers: Papers) -> None:
        papers.card["evaluation"].append({"dataset": "Internal", "metrics": figures(women=0.7)})

    assert not _judge(_retrained(edit)).is_inside


def test_a_path_in_a_step_bounds_what_it_may_change() -> None:
    def sharper(papers: Papers) -> None:
        steps = papers.manifest["input"]["tensors"][0]["steps"]
        steps[3]["resize"]["method"] = "linear"
        papers.card["limitations"] = ["Trained on one hospital's images, and sharper"]

    def narrower(papers: Papers) -> None:
        sharper(papers)
        papers.manifest["input"]["tensors"][0]["steps"][4] = {"scale": {"to": [-1, 1]}}

    inside = planned("1.1.0", ("1.0.0", "sharpen"), edit=sharper)
    outside = planned("1.1.0", ("1.0.0", "sharpen"), edit=narrower)

    assert _judge(inside, "sharpen").reasons == ()
    assert _judge(outside, "sharpen").reasons == (
        _differs("preprocessing input.tensors[0].steps[4].to[0]", UNNAMED),
    )


def test_new_weights_under_a_step_without_them_are_outside() -> None:
    found = _judge(planned("1.1.0", ("1.0.0", "sharpen"), weights=1.01), "sharpen")

    assert found.reasons == ("weights model.onnx differs from 1.0.0: no step of the plan names it",)


def test_a_step_that_the_plan_lacks_is_outside() -> None:
    assert _judge(_retrained(), "rewrite").reasons == ("the plan of 1.0.0 has no step rewrite",)


def test_a_reviewed_version_without_a_plan_covers_nothing() -> None:
    bare = planned("1.0.0", edit=lambda papers: setattr(papers, "plan", None))
    found = judge(_retrained(), [Reviewed("1.0.0", bare, ("retrain",))])

    assert found.reasons == ("1.0.0 has no change plan",)


def test_many_small_steps_do_not_lead_where_a_large_one_may_not() -> None:
    first = planned("1.1.0", ("1.0.0", "retrain"), weights=1.01, auc=0.935)
    second = planned("1.2.0", ("1.1.0", "retrain"), weights=1.02, auc=0.925)
    near = Reviewed("1.1.0", first, ("retrain",))
    anchor = Reviewed("1.0.0", ANCHOR, ("retrain", "retrain"))

    assert judge(first, [Reviewed("1.0.0", ANCHOR, ("retrain",))]).is_inside
    (reason,) = judge(second, [near, anchor]).reasons
    assert reason.startswith("not shown: auc for pneumonia on Internal, no more than 0.02 below")
    assert reason.endswith("that of 1.0.0; found 0.925 after 0.950")


def test_thresholds_that_creep_are_held_against_the_reviewed_version() -> None:
    edits = [_set("manifest.output.0.findings.0.threshold", value) for value in (0.54, 0.58)]
    first = planned("1.1.0", ("1.0.0", "retrain"), weights=1.01, edit=edits[0])
    second = planned("1.2.0", ("1.1.0", "retrain"), weights=1.02, edit=edits[1])
    against = [
        Reviewed("1.1.0", first, ("retrain",)),
        Reviewed("1.0.0", ANCHOR, ("retrain", "retrain")),
    ]

    assert judge(second, against).reasons == (
        "thresholds output[0].findings[0].threshold differs from 1.0.0: it moves further than 0.05",
    )


def test_the_steps_on_the_way_may_together_have_led_here() -> None:
    def sharper(papers: Papers) -> None:
        papers.manifest["input"]["tensors"][0]["steps"][3]["resize"]["method"] = "linear"

    first = planned("1.1.0", ("1.0.0", "sharpen"), edit=sharper)
    second = planned("1.2.0", ("1.1.0", "retrain"), weights=1.01, edit=sharper)
    against = [
        Reviewed("1.1.0", first, ("retrain",)),
        Reviewed("1.0.0", ANCHOR, ("retrain", "sharpen")),
    ]

    assert judge(second, against).reasons == ()
