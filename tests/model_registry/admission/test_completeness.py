import copy
from typing import Any

import pytest
from factories import packages

from model_registry.admission.completeness import completeness_found
from model_registry.admission.verdict import Failed
from model_registry.packages.archive import ModelPackage

FIGURES = [
    {"name": "auroc", "finding": key, "value": 0.9, "low": 0.8, "high": 0.95, "axis": a, "level": v}
    for key in ("pneumonia", "effusion")
    for a, v in ((None, None), ("sex", "F"), ("sex", "M"), ("age_band", "18-40"))
]
EVALUATION: dict[str, Any] = {
    "dataset": "Internal",
    "evaluator": "a university; independent",
    "reference_standard": "two radiologists",
    "metrics": FIGURES,
}


def with_card(*evaluations: dict[str, Any], product: bool = True) -> ModelPackage:
    declared = packages.manifest()
    if product:
        declared["model"]["device"]["content_qualification"] = "PRODUCT"
    card = {**packages.CARD, "evaluation": list(evaluations)}
    return packages.package(
        manifest_yaml=packages.yaml_bytes(declared), card_yaml=packages.yaml_bytes(card)
    )


def test_a_complete_product_passes() -> None:
    found = completeness_found(with_card(EVALUATION))
    assert found.facts == {"lacking": []}


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"metrics": FIGURES[:4]}, "no figure for the finding effusion"),
        ({"metrics": [FIGURES[0], FIGURES[4], FIGURES[3]]}, "no figures by sex"),
        ({"metrics": [*FIGURES[:3], *FIGURES[4:7]]}, "no figures by age"),
        ({"metrics": [*FIGURES, {"name": "auc", "value": 1}]}, "a figure without its uncertainty"),
        ({"evaluator": None}, "card.yaml:evaluation.evaluator: missing"),
        ({"reference_standard": None}, "card.yaml:evaluation.reference_standard: missing"),
    ],
)
def test_what_a_product_leaves_open_is_refused_and_of_research_said(
    changed: dict[str, Any], problem: str
) -> None:
    evaluation = {**EVALUATION, **changed}
    with pytest.raises(Failed, match=problem):
        completeness_found(with_card(evaluation))
    found = completeness_found(with_card(evaluation, product=False))
    assert problem in found.evidence


@pytest.mark.parametrize(
    "regulatory", [{"udi_di": "09506000134352"}, {"content_qualification": "RESEARCH"}]
)
def test_a_card_of_another_device_is_refused(regulatory: dict[str, str]) -> None:
    card = {**packages.CARD, "evaluation": [EVALUATION], "regulatory": regulatory}
    opened = with_card(EVALUATION)
    files = {**opened.files, "card.yaml": packages.yaml_bytes(card)}
    with pytest.raises(Failed, match="the manifest says"):
        completeness_found(ModelPackage(files))


def test_a_table_of_subgroups_may_stand_by_itself() -> None:
    plain = [line for line in FIGURES if not line["axis"]]
    subgroups = [line for line in FIGURES if line["axis"]]
    completeness_found(with_card({**EVALUATION, "metrics": plain, "subgroups": subgroups}))


def test_a_control_cannot_make_a_risk_worse() -> None:
    case = copy.deepcopy(packages.SAFETY_CASE)
    case["hazards"][0]["residual"]["likelihood"] = "high"
    opened = packages.package(safety__case_yaml=None)
    files = {**opened.files, "safety_case.yaml": packages.yaml_bytes(case)}
    with pytest.raises(Failed, match=r"hazards\.0\.residual: above the initial risk"):
        completeness_found(ModelPackage(files))
