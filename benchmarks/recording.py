"""What it costs to record a prediction and to fold a million: processor time, not the clock.

Recording writes the record of a run and of each finding, and their daily counts on every axis. One
run a transaction is what a worker does; a batch is what a backfill does.
"""

import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from inference.runs.models import Outcome, RunMode
from model_registry.deployments.models import Deployment, Mode
from model_registry.versions.models import Model, ModelVersion, VersionStatus
from surveillance.axes import levels
from surveillance.measures.histogram import quantile_edges
from surveillance.records import service
from surveillance.records.bulk import Coded, Columns, Numbers, fold
from surveillance.records.facts import FindingFacts, RunFacts
from surveillance.records.folding import Frozen
from surveillance.records.repository import PIECE
from surveillance.references import service as references
from surveillance.references.cases import Case
from surveillance.references.models import ReferenceSource
from vigil.app import schema
from vigil.kernel.db import Database, WriteSession
from vigil.kernel.identity.actor import system_actor
from vigil.kernel.identity.models import Organisation, OrganisationKind, Site
from vigil.kernel.keys import Keys
from vigil.kernel.objects import LocalObjectStore

VIGIL = system_actor("benchmark")
START = date(2026, 1, 1)
THRESHOLD = 0.7
RUNS, BATCH, ROUNDS = 300, 100, 5
MILLION, DAYS, SITES = 1_000_000, 365, 10
BAR_MS, BAR_SECONDS, BAR_MB = 1.0, 30.0, 500


@dataclass(frozen=True)
class Costs:
    """Milliseconds of processor time for each prediction, by findings a run; and of a fold."""

    alone: dict[int, float]
    batched: dict[int, float]
    fold_seconds: float
    fold_cells: int
    megabytes: int


def measure(folder: Path) -> Costs:
    """Record runs of one and of fourteen findings, and fold a million predictions."""
    alone: dict[int, float] = {}
    batched: dict[int, float] = {}
    for findings in (1, 14):
        database = Database(f"sqlite:///{folder}/recording{findings}.sqlite")
        schema.upgrade(database)
        place = _place(database, LocalObjectStore(folder / "objects"), findings)
        for size, kept in ((1, alone), (BATCH, batched)):
            took = [_record(database, place, findings, size, turn) for turn in range(ROUNDS)]
            kept[findings] = min(took) / findings
        database.dispose()
    seconds, cells = _fold()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return Costs(alone, batched, seconds, cells, memory)


def report(costs: Costs) -> str:
    rows = [
        f"| {findings} | {costs.alone[findings]:.2f} | {costs.batched[findings]:.2f} |"
        for findings in costs.alone
    ]
    folded = (
        f"Folding {MILLION:,} predictions into {costs.fold_cells:,} daily rows: "
        f"{costs.fold_seconds:.1f} s of processor (bar {BAR_SECONDS:.0f}), at most "
        f"{costs.megabytes} MB with everything else (bar {BAR_MB})."
    )
    return "\n".join(
        [
            f"Recording a prediction, processor milliseconds (bar {BAR_MS:.0f}):",
            "| findings a run | one run a transaction | batches of 100 runs |",
            "|---|---|---|",
            *rows,
            folded,
        ]
    )


@dataclass(frozen=True)
class _Place:
    version_id: str
    site_id: str
    deployment_id: str


def _record(database: Database, place: _Place, findings: int, size: int, turn: int) -> float:
    """Return the milliseconds of a run."""
    facts = list(_runs(place, findings, f"{findings}-{size}-{turn}"))
    keys = Keys(b"k" * 32)
    before = time.process_time()
    for start in range(0, len(facts), size):
        with database.write() as session:
            service.record_runs(session, keys, facts[start : start + size])
    return (time.process_time() - before) / len(facts) * 1000


def _runs(place: _Place, findings: int, name: str) -> Iterator[RunFacts]:
    random = np.random.default_rng(1)
    for number in range(RUNS):
        scores = random.random(findings).tolist()
        group = _levels(number)
        yield RunFacts(
            run_id=f"run-{name}-{number}",
            patient_pseudonym=f"patient-{number}",
            version_id=place.version_id,
            site_id=place.site_id,
            deployment_id=place.deployment_id,
            mode=RunMode.LIVE,
            day=START + timedelta(days=number // 50),
            outcome=Outcome.SUCCEEDED,
            levels=group,
            findings=tuple(
                FindingFacts(f"finding_{i}", score, score >= THRESHOLD, group)
                for i, score in enumerate(scores)
            ),
            study_instance_uid=f"1.2.{number}",
        )


def _levels(number: int) -> dict[str, str]:
    return levels(
        {
            "patient_sex": "MFO"[number % 3],
            "patient_age": float(number * 7 % 95),
            "manufacturer": f"maker {number % 4}",
            "view": ("PA", "AP")[number % 2],
        }
    )


def _place(database: Database, objects: LocalObjectStore, findings: int) -> _Place:
    with database.write() as session:
        place = _registered(session)
        scores = np.random.default_rng(2).random(2000).tolist()
        for i in range(findings):
            references.keep(
                session,
                VIGIL,
                objects,
                version_id=place.version_id,
                site_id=None,
                finding_key=f"finding_{i}",
                cases=[Case(score, score >= THRESHOLD) for score in scores],
                source=ReferenceSource.PACKAGE,
                effective_from=START,
                reason="benchmark",
            )
    return place


def _registered(session: WriteSession) -> _Place:
    now = session.now()
    supplier = Organisation(
        id=session.new_id("org"),
        ods_code="SUP",
        name="S",
        kind=OrganisationKind.SUPPLIER,
        created_at=now,
    )
    session.add(supplier)
    session.flush()
    site = Site(
        id=session.new_id("site"),
        organisation_id=supplier.id,
        ods_code="S1",
        name="S1",
        created_at=now,
    )
    model = Model(id=session.new_id("mdl"), organisation_id=supplier.id, name="m", title="M")
    session.add_all([site, model])
    session.flush()
    version = ModelVersion(
        id=session.new_id("ver"),
        model_id=model.id,
        organisation_id=supplier.id,
        version="1.0.0",
        digest="0" * 64,
        size=1,
        manifest={},
        preprocessing_digest="0" * 64,
        status=VersionStatus.APPROVED,
        submitted_by="usr",
        submitted_at=now,
    )
    session.add(version)
    session.flush()
    deployment = Deployment(
        id=session.new_id("dep"),
        model_id=model.id,
        version_id=version.id,
        site_id=site.id,
        mode=Mode.LIVE,
        share=100,
        revision=1,
        thresholds={},
        created_at=now,
    )
    session.add(deployment)
    session.flush()
    return _Place(version.id, site.id, deployment.id)


def _fold() -> tuple[float, int]:
    """Fold a year of ten sites, half of it labelled; return seconds and daily rows.

    In pieces, as records are read: what is added up in the end is not part of it.
    """
    random = np.random.default_rng(3)
    frozen = Frozen("ref", quantile_edges(random.random(5000).tolist()))
    took, rows = 0.0, 0
    for number in range(MILLION // PIECE):
        table = _piece(random, number)
        before = time.process_time()
        folded = list(fold(table, lambda *_: frozen))
        took += time.process_time() - before
        rows += sum(len(one.predictions) + len(one.labelled) for one in folded)
    return took, rows


def _piece(random: np.random.Generator, number: int) -> Columns:
    scores = random.random(PIECE)
    first, last = (DAYS * at * PIECE // MILLION for at in (number, number + 1))
    day = Coded(random.integers(first, last, PIECE), _days(0))
    groups = [_levels(each) for each in range(200)]
    labelled = random.random(PIECE) < 0.5
    truth = np.where(labelled, random.random(PIECE) < scores, -1).astype(np.int8)
    return Columns(
        version_id=Coded.same("ver", PIECE),
        site_id=Coded(random.integers(0, SITES, PIECE), tuple(f"s{n}" for n in range(SITES))),
        mode=Coded.same(RunMode.LIVE, PIECE),
        finding_key=Coded.same("finding", PIECE),
        day=day,
        outcome=Coded.same(Outcome.SUCCEEDED, PIECE),
        score=Numbers(scores, np.zeros(PIECE, dtype=np.int8)),
        flagged=(scores >= THRESHOLD).astype(np.int8),
        decision=Coded.same(None, PIECE),
        levels=_coded(groups, random.integers(0, len(groups), PIECE)),
        truth=truth,
        exam_day=day,
        decision_known_day=Coded.same(None, PIECE),
        truth_known_day=Coded(day.codes, _days(14)),
        label_day=Coded(day.codes, _days(14)),
    )


def _days(later: int) -> tuple[date, ...]:
    return tuple(START + timedelta(days=n + later) for n in range(DAYS))


def _coded(groups: list[dict[str, str]], rows: np.ndarray) -> dict[str, Coded[str]]:
    coded = {axis: Coded.of(group[axis] for group in groups) for axis in groups[0]}
    return {axis: Coded(one.codes[rows], one.values) for axis, one in coded.items()}
