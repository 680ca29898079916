"""Versions at sites, and runs as surveillance sees them, for tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from factories.identity import create_organisation, create_site

from inference.decisions.models import Decision
from inference.runs.models import Outcome, RunMode
from model_registry.deployments.models import Deployment, Mode
from model_registry.versions.models import Model, ModelVersion, VersionStatus
from surveillance.axes import levels
from surveillance.records.facts import FindingFacts, RunFacts
from surveillance.references.cases import Case
from vigil.kernel.db import WriteSession
from vigil.kernel.identity.models import OrganisationKind

FINDING = "pneumonia"
START = date(2026, 9, 1)
THRESHOLD = 0.7


@dataclass(frozen=True)
class Place:
    """A version deployed at a site."""

    version_id: str
    model_id: str
    supplier_id: str
    site_id: str
    deployment_id: str


def create_place(
    session: WriteSession,
    site_code: str = "RXX01",
    version_of: Place | None = None,
    manifest: dict[str, Any] | None = None,
) -> Place:
    """Deploy a version at a new site: a new version, or one that another place has."""
    site = create_site(session, site_code)
    if version_of is None:
        model, version = _create_version(session, f"S{site_code[:3]}", manifest or {})
    else:
        model = session.get_one(Model, version_of.model_id)
        version = session.get_one(ModelVersion, version_of.version_id)
    deployment = Deployment(
        id=session.new_id("dep"),
        model_id=model.id,
        version_id=version.id,
        site_id=site.id,
        mode=Mode.LIVE,
        share=100,
        revision=1,
        thresholds={},
        created_at=session.now(),
    )
    session.add(deployment)
    session.flush()
    return Place(version.id, model.id, model.organisation_id, site.id, deployment.id)


def _create_version(
    session: WriteSession, supplier_code: str, manifest: dict[str, Any]
) -> tuple[Model, ModelVersion]:
    supplier = create_organisation(session, supplier_code, OrganisationKind.SUPPLIER)
    model = Model(id=session.new_id("mdl"), organisation_id=supplier.id, name="cxr", title="Chest")
    session.add(model)
    session.flush()
    version = ModelVersion(
        id=session.new_id("ver"),
        model_id=model.id,
        organisation_id=supplier.id,
        version="1.0.0",
        digest=session.new_id("x")[-8:] * 8,
        size=1,
        manifest=manifest,
        preprocessing_digest="0" * 64,
        status=VersionStatus.APPROVED,
        submitted_by="usr_supplier",
        submitted_at=session.now(),
    )
    session.add(version)
    session.flush()
    return model, version


def run_facts(
    place: Place,
    number: int,
    *,
    day: date = START,
    score: float | None = 0.5,
    outcome: Outcome = Outcome.SUCCEEDED,
    mode: RunMode = RunMode.LIVE,
    decision: Decision | None = None,
    attributes: Mapping[str, object] | None = None,
    supersedes: str | None = None,
) -> RunFacts:
    group = levels(attributes or {})
    flagged = score is not None and score >= THRESHOLD
    finding = FindingFacts(FINDING, score, flagged, group, decision)
    return RunFacts(
        run_id=f"run_{place.site_id}_{number}",
        patient_pseudonym=f"patient-{number // 2}",
        version_id=place.version_id,
        site_id=place.site_id,
        deployment_id=place.deployment_id,
        mode=mode,
        day=day,
        outcome=outcome,
        levels=group,
        findings=(finding,) if outcome is Outcome.SUCCEEDED else (),
        supersedes_run_id=supersedes,
    )


def many_runs(
    place: Place,
    *,
    days: int,
    per_day: int,
    start: date = START,
    seed: int = 1,
    override_rate: float = 0.04,
    low: float = 0.0,
    decided: float = 1.0,
) -> list[RunFacts]:
    """Runs with uniform scores from `low` to one, of which readers decided a share."""
    random = Random(seed)
    facts = []
    for number in range(days * per_day):
        score = random.uniform(low, 1)
        facts.append(
            run_facts(
                place,
                seed * 1_000_000 + number,
                day=start + timedelta(days=number // per_day),
                score=score,
                decision=_decision(random, score, override_rate)
                if random.random() < decided
                else None,
                attributes=_attributes(random),
            )
        )
    return facts


def reference_cases(n: int = 2000, seed: int = 9) -> Sequence[Case]:
    random = Random(seed)
    scores = [random.random() for _ in range(n)]
    return [Case(score, score >= THRESHOLD, levels(_attributes(random))) for score in scores]


def _attributes(random: Random) -> dict[str, object]:
    return {
        "patient_sex": random.choice(["F", "M", "O", None]),
        "patient_age": random.choice([5, 30, 50, 70, 90, None]),
        "manufacturer": random.choice(["Alpha", "Beta  Ltd", None]),
        "view": random.choice(["PA", "AP"]),
    }


def _decision(random: Random, score: float, override_rate: float) -> Decision:
    overridden = random.random() < override_rate
    if score >= THRESHOLD:
        return Decision.OVERRIDE_FP if overridden else Decision.AGREE_POS
    return Decision.OVERRIDE_FN if overridden else Decision.AGREE_NEG
