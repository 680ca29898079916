"""Packages with a change plan, and versions that follow one another by its steps."""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from factories.packages import (
    CARD,
    IMAGE,
    SAFETY_CASE,
    WEIGHTS,
    manifest,
    npy,
    onnx_model,
    scores_of,
    yaml_bytes,
)
from factories.safety import Cast
from onnx import numpy_helper

from model_registry.packages.archive import ModelPackage
from model_registry.packages.build import build
from model_registry.plans import service as plans
from model_registry.versions import service as versions
from model_registry.versions.handover import Handover
from model_registry.versions.models import ModelVersion, VersionStatus
from vigil.kernel.db import WriteSession
from vigil.kernel.objects import ObjectStore

SENSITIVITY: dict[str, Any] = {
    "finding": "pneumonia",
    "metric": "sensitivity",
    "dataset": "Internal",
    "min": 0.85,
}
PROTOCOL = {
    "data": "At least 500 further studies of the same hospitals, labelled by two readers",
    "retraining": "The same architecture and the same training code",
    "evaluation": "The sequestered test set, never used for training",
    "update": "Shadow for two weeks, then canary; rollback to the version before",
}
_PLAN: dict[str, Any] = {
    "schema": "vigil/change-plan/v1",
    "title": "Yearly retraining",
    "impact": "Fewer missed findings; the reader decides as before.",
    "steps": [
        {
            "key": "retrain",
            "title": "Retraining on more images",
            "description": "New weights of the same network",
            "may_change": ["WEIGHTS", {"section": "thresholds", "max_change": 0.05}],
            "protocol": PROTOCOL,
            "acceptance": [
                SENSITIVITY,
                {**SENSITIVITY, "axis": "sex", "level": "F", "min": 0.8, "bound": "estimate"},
                {
                    "finding": "pneumonia",
                    "metric": "auc",
                    "dataset": "Internal",
                    "non_inferior_within": 0.02,
                    "bound": "estimate",
                },
                {
                    "finding": "effusion",
                    "metric": "sensitivity",
                    "evidence": "local_test",
                    "min": 0.8,
                },
            ],
            "impact": "The mistakes may be other ones than before.",
        },
        {
            "key": "sharpen",
            "title": "A sharper resampling",
            "description": "Another method of resizing",
            "may_change": [
                {"section": "preprocessing", "paths": ["input.tensors[*].steps[3].*"]},
                "golden",
                {"section": "card", "paths": ["limitations*"]},
            ],
            "protocol": PROTOCOL,
            "acceptance": [SENSITIVITY],
            "impact": "None on who is looked at.",
        },
    ],
}
# Its parts shared with nothing: an alias in YAML is refused.
PLAN: dict[str, Any] = json.loads(json.dumps(_PLAN))


@dataclass
class Papers:
    """Everything that a package says, for a test to change a word of."""

    manifest: dict[str, Any]
    card: dict[str, Any] = field(default_factory=lambda: copy.deepcopy(CARD))
    safety_case: dict[str, Any] = field(default_factory=lambda: copy.deepcopy(SAFETY_CASE))
    plan: dict[str, Any] | None = field(default_factory=lambda: copy.deepcopy(PLAN))
    cases: list[dict[str, Any]] = field(default_factory=list)
    more: dict[str, bytes] = field(default_factory=dict)


Edit = Callable[[Papers], None]


def figures(sensitivity: int = 460, women: float = 0.9, auc: float = 0.95) -> list[dict[str, Any]]:
    """What a card says of its finding: of 500 with it so many found, and so on."""
    return [
        {
            "name": "sensitivity",
            "finding": "pneumonia",
            "value": sensitivity / 500,
            "successes": sensitivity,
            "n": 500,
        },
        {
            "name": "sensitivity",
            "finding": "pneumonia",
            "value": women,
            "axis": "sex",
            "level": "F",
        },
        {"name": "AUROC", "finding": "pneumonia", "value": auc},
    ]


def planned(
    label: str,
    follows: tuple[str, str] | None = None,
    *,
    weights: float = 1.0,
    auc: float = 0.95,
    edit: Edit | None = None,
) -> ModelPackage:
    """Return a package with a plan. `weights` multiplies those of the first version."""
    expected = scores_of(IMAGE * weights).tolist()
    papers = Papers(manifest(version=label))
    if follows is not None:
        papers.manifest["follows"] = {"version": follows[0], "step": follows[1]}
    papers.card["evaluation"] = [{"dataset": "Internal", "metrics": figures(auc=auc)}]
    papers.cases = [
        {
            "name": "ramp",
            "input": {"image": "image.npy"},
            "expected": {"scores": expected},
            "tolerance": 1e-5,
        }
    ]
    if edit is not None:
        edit(papers)
    model = onnx_model()
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(WEIGHTS * weights, "weights"))
    files = {
        "manifest.yaml": yaml_bytes(papers.manifest),
        "model.onnx": model.SerializeToString(),
        "card.yaml": yaml_bytes(papers.card),
        "safety_case.yaml": yaml_bytes(papers.safety_case),
        "golden/cases.yaml": yaml_bytes({"cases": papers.cases}),
        "golden/image.npy": npy(IMAGE),
        **papers.more,
    }
    if papers.plan is not None:
        files["change_plan.yaml"] = yaml_bytes(papers.plan)
    return ModelPackage(files)


def hand_in(
    session: WriteSession,
    objects: ObjectStore,
    cast: Cast,
    package: ModelPackage,
    *,
    status: VersionStatus = VersionStatus.APPROVED,
) -> ModelVersion:
    """A version as checks and approval leave it, held against the plan that it claims."""
    version = versions.submit(
        session, cast.submitter, objects=objects, handover=Handover.of(build(package))
    )
    version.status = VersionStatus.CHECKED
    read = plans.read(session, objects, version)
    plans.keep(session, cast.submitter, version=version, read=read, reason="test")
    version.status = status
    session.add(version)
    session.flush()
    return version
