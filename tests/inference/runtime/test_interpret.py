from typing import Any

import numpy as np
import pytest

from inference.runtime.errors import NoResult
from inference.runtime.interpret import activated, scores
from model_registry.packages.manifest import Output

CODE = {"scheme": "SCT", "value": "233604007", "meaning": "Pneumonia"}


def output(activation: str = "none", kind: str = "probabilities", **facts: Any) -> Output:
    findings = [
        {"key": "first", "index": 0, "code": CODE, "threshold": 0.5},
        {"key": "third", "index": 2, "code": CODE, "threshold": 0.9},
    ]
    return Output.model_validate(
        {"name": "y", "kind": kind, "activation": activation, "findings": findings} | facts
    )


def said(values: Any, declared: Output, **options: Any) -> list[float]:
    found = scores({"y": np.array(values, dtype=np.float32)}, [declared], **options)
    return [score.score for score in found]


def test_a_score_is_at_its_index_and_flagged_from_its_threshold() -> None:
    found = scores({"y": np.array([[0.5, 0.1, 0.8]])}, [output()])
    assert [(s.key, s.score, s.threshold, s.flagged) for s in found] == [
        ("first", 0.5, 0.5, True),
        ("third", 0.8, 0.9, False),
    ]
    assert (found[0].name, found[0].code.value) == ("Pneumonia", "233604007")


def test_the_deployments_threshold_comes_before_the_manifests() -> None:
    outputs = {"y": np.array([[0.5, 0.1, 0.8]])}
    found = scores(outputs, [output()], thresholds={"third": 0.8})
    assert [score.flagged for score in found] == [True, True]


def test_a_row_without_a_batch_is_one_case() -> None:
    assert said([0.5, 0, 1], output()) == [0.5, 1]


def test_sigmoid_is_stable_at_both_ends() -> None:
    assert said([[-1000, 0, 1000]], output("sigmoid")) == [0, 1]
    assert said([[0, 0, 2]], output("sigmoid")) == pytest.approx([0.5, 0.880797], abs=1e-6)


def test_softmax_is_over_the_findings() -> None:
    assert said([[1000, 1000, -1000]], output("softmax")) == [0.5, 0]


def test_a_segmentation_scores_its_most_certain_pixel() -> None:
    mask = np.zeros((1, 3, 4, 4), dtype=np.float32)
    mask[0, 2, 1, 1] = 0.75
    assert said(mask, output(kind="segmentation")) == [0, 0.75]


def test_a_measurement_keeps_its_number_and_unit() -> None:
    volume = output(kind="measurement", unit="ml")
    (first, third) = scores({"y": np.array([[120.5, 0, -3]])}, [volume])
    assert (first.score, first.unit, third.score) == (120.5, "ml", -3)


def test_a_rounding_beyond_one_is_one() -> None:
    assert said([[1.000001, 0, -0.000001]], output()) == [1, 0]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([[np.nan, 0, 0]], "not a finite number for first"),
        ([[0, 0, np.inf]], "not a finite number for third"),
        ([[7.5, 0, 0]], "not a probability"),
        ([[0.1, 0.2]], "has 2 values, none for third"),
        ([[0.1, 0.2, 0.3], [0.1, 0.2, 0.3]], "not one case"),
        ([], "not one case"),
    ],
)
def test_numbers_that_are_no_result_say_why(values: Any, reason: str) -> None:
    with pytest.raises(NoResult, match=reason):
        said(values, output())


def test_nan_through_softmax_is_no_result() -> None:
    with pytest.raises(NoResult, match="finite"):
        said([[np.inf, np.inf, 0]], output("softmax"))


def test_an_output_that_is_not_there_is_no_result() -> None:
    with pytest.raises(NoResult, match="no output y"):
        scores({}, [output()])


def test_what_is_not_a_finding_is_left_aside() -> None:
    saliency = Output(name="heatmap", kind="saliency")
    assert scores({"heatmap": np.full((1, 1, 2, 2), np.nan)}, [saliency]) == []


def test_activated_keeps_names_and_shapes() -> None:
    result = activated({"y": np.zeros((1, 3)), "other": np.zeros(1)}, [output("sigmoid")])
    assert result["y"].tolist() == [[0.5, 0.5, 0.5]]
    assert set(result) == {"y"}
