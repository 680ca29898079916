from typing import Any

import pytest
import yaml
from factories.packages import CARD, manifest

from model_registry.packages.documents import CardDocument
from model_registry.packages.manifest import FindingSpec, Manifest
from surveillance.local_tests.claims import Claim, read, strictest
from surveillance.measures.intervals import wilson
from vigil.app.demo.registry import PACKAGES

BOTH = Manifest.model_validate(manifest()).findings
ONE = BOTH[:1]


def claims(*metrics: dict[str, Any], findings: tuple[FindingSpec, ...] = ONE) -> list[Claim]:
    evaluation = [{"dataset": "Internal", "metrics": list(metrics)}]
    card = CardDocument.model_validate(CARD | {"evaluation": evaluation})
    return read(card, findings)


def test_counts_give_a_claim_its_interval() -> None:
    [claim] = claims({"name": "Sensitivity at 0.62", "value": 0.9, "successes": 45, "n": 50})

    assert (claim.metric, claim.finding, claim.threshold) == ("sensitivity", "pneumonia", 0.62)
    assert claim.interval == wilson(45, 50)
    assert not claim.exact


def test_a_figure_alone_is_taken_as_exact() -> None:
    [claim] = claims({"name": "AUROC", "value": 0.9, "n": 400})

    assert (claim.interval.low, claim.interval.estimate, claim.interval.high) == (0.9, 0.9, 0.9)
    assert claim.exact


def test_bounds_are_taken_as_they_are() -> None:
    [claim] = claims({"name": "AUC", "value": 0.9, "ci_low": 0.85, "ci_high": 0.94})

    assert (claim.interval.low, claim.interval.high) == (0.85, 0.94)


@pytest.mark.parametrize(
    "line",
    [
        {"name": "accuracy", "value": 0.9},
        {"name": "AUROC", "value": 90},
        {"name": "AUROC", "suppressed": True},
        {"name": "AUROC", "value": 0.9, "finding": "gout"},
    ],
)
def test_what_cannot_be_compared_is_no_claim(line: dict[str, Any]) -> None:
    assert claims(line) == []


def test_of_several_findings_a_line_must_name_its_own() -> None:
    found = claims(
        {"name": "AUROC", "value": 0.8},
        {"name": "AUROC pneumonia", "value": 0.81},
        {"name": "AUC for pleural effusion", "value": 0.82},
        {"name": "AUC", "value": 0.83, "finding": "effusion"},
        {"name": "AUC pneumonia or effusion", "value": 0.84},
        findings=BOTH,
    )

    told = [(claim.finding, claim.interval.estimate) for claim in found]
    assert told == [("pneumonia", 0.81), ("effusion", 0.82), ("effusion", 0.83)]


def test_a_claim_of_a_group_is_not_one_of_all_cases() -> None:
    found = claims(
        {"name": "sensitivity", "value": 0.95, "axis": "sex", "level": "F"},
        {"name": "sensitivity", "value": 0.85},
    )

    assert [(claim.axis, claim.level) for claim in found] == [("sex", "F"), (None, None)]
    held = strictest(found, "pneumonia", "sensitivity", 0.5)
    assert held is not None
    assert held.interval.estimate == 0.85


def test_the_strictest_comparable_claim_is_the_one_to_match() -> None:
    found = claims(
        {"name": "sensitivity at 0.5", "value": 0.8},
        {"name": "sensitivity at 0.9", "value": 0.95},
        {"name": "sensitivity", "value": 0.85},
        {"name": "AUROC at 0.9", "value": 0.7},
    )

    held = strictest(found, "pneumonia", "sensitivity", 0.5)
    assert held is not None
    assert held.interval.estimate == 0.85
    area = strictest(found, "pneumonia", "auc", 0.5)
    assert area is not None
    assert strictest(found, "pneumonia", "specificity", 0.5) is None
    assert strictest(found, "effusion", "auc", 0.5) is None


def test_the_cards_of_the_demonstration_are_read() -> None:
    folder = PACKAGES / "chest-view"
    card = CardDocument.model_validate(yaml.safe_load((folder / "card.yaml").read_text()))
    described = Manifest.model_validate(yaml.safe_load((folder / "manifest.yaml").read_text()))

    found = {claim.metric: claim for claim in read(card, described.findings)}

    assert found["auc"].interval.estimate == 0.873
    assert found["sensitivity"].interval == wilson(38, 46)
    assert found["specificity"].threshold == 0.998
