"""Finished runs for tests, on real bytes, with everything that they refer to."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from factories.deployments import place_deployment
from factories.identity import SETUP
from factories.versions import create_version
from pydicom import dcmread
from pydicom.data import get_testdata_file
from sqlmodel import select

from inference.routing.models import RevisionState, RoutingRevision
from inference.routing.repository import published
from inference.runs.models import Finding, Outcome, Run, RunMode, RunState
from inference.studies import service as studies
from inference.studies.arrival import describe
from inference.studies.models import Instance, Study
from inference.studies.repository import instances, locked_study
from model_registry.deployments.models import Deployment, Mode
from vigil.kernel.db import WriteSession
from vigil.kernel.keys import Keys
from vigil.kernel.objects import LocalObjectStore, sha256

PNEUMONIA = {"scheme": "SCT", "value": "233604007", "meaning": "Pneumonia"}
PNEUMOTHORAX = {"scheme": "SCT", "value": "36118008", "meaning": "Pneumothorax"}
KEYS = Keys(b"test" * 8)


@dataclass(frozen=True)
class Finished:
    """A finished run and what it is about."""

    run: Run
    study: Study
    deployment: Deployment
    findings: list[Finding]


def chest_radiograph() -> bytes:
    """A real adult chest radiograph that pydicom-data ships."""
    return Path(str(get_testdata_file("RG1_UNCR.dcm"))).read_bytes()


def file_study(
    session: WriteSession, objects: LocalObjectStore, site_id: str, data: bytes | None = None
) -> Study:
    """A received study with these bytes as its one instance."""
    data = data or chest_radiograph()
    header = dcmread(io.BytesIO(data), stop_before_pixels=True)
    digest = objects.put(data)
    arrival = describe(
        header,
        KEYS,
        site_id=site_id,
        calling_ae="MODALITY",
        transfer_syntax_uid=header.file_meta.TransferSyntaxUID,
        digest=digest,
        data_set_digest=sha256(data),
        size=len(data),
    )
    studies.file_instance(session, SETUP, site_id=site_id, association_id=None, arrival=arrival)
    filed = locked_study(session, SETUP, site_id, header.StudyInstanceUID)
    if filed is None:
        raise LookupError("the study was not filed")
    return filed


def create_run(
    session: WriteSession,
    objects: LocalObjectStore,
    site_id: str,
    *,
    data: bytes | None = None,
    outcome: Outcome = Outcome.SUCCEEDED,
    mode: RunMode = RunMode.LIVE,
    scores: tuple[float, float] = (0.81, 0.02),
    supersedes: Finished | None = None,
    **version: Any,
) -> Finished:
    """A finished run on a real radiograph: pneumonia and pneumothorax, flagged from 0.62."""
    filed = supersedes.study if supersedes else file_study(session, objects, site_id, data)
    deployment = (
        supersedes.deployment
        if supersedes
        else _deployment(session, objects, site_id, mode, **version)
    )
    revision = supersedes.run.study_revision + 1 if supersedes else filed.revision
    inputs = [] if outcome is Outcome.SKIPPED else instances(session, SETUP, filed.id)
    made = create_version(session, objects, **version)
    run = Run(
        id=session.new_id("run"),
        study_id=filed.id,
        study_revision=revision,
        site_id=site_id,
        deployment_id=deployment.id,
        deployment_revision=deployment.revision,
        mode=mode,
        version_id=made.id,
        version_digest=made.digest,
        preprocessing_digest=made.preprocessing_digest,
        routing_revision_id=_routing(session, site_id).id,
        state=RunState.FINISHED,
        outcome=outcome,
        reason=None if outcome is Outcome.SUCCEEDED else "patient_age unknown",
        supersedes_run_id=supersedes.run.id if supersedes else None,
        inputs=[_pin(one) for one in inputs],
        planned_at=session.now(),
        started_at=session.now(),
        finished_at=session.now(),
    )
    session.add(run)
    session.flush()
    found = _findings(session, run, inputs, scores) if outcome is Outcome.SUCCEEDED else []
    return Finished(run, filed, deployment, found)


def _deployment(
    session: WriteSession, objects: LocalObjectStore, site_id: str, mode: RunMode, **version: Any
) -> Deployment:
    made = create_version(session, objects, **version)
    present = session.exec(
        select(Deployment).where(Deployment.version_id == made.id, Deployment.site_id == site_id)
    ).first()
    return present or place_deployment(session, made, site_id, Mode(mode.value))


def _routing(session: WriteSession, site_id: str) -> RoutingRevision:
    present = published(session, site_id)
    if present is not None:
        return present
    revision = RoutingRevision(
        id=session.new_id("rrv"),
        site_id=site_id,
        number=1,
        state=RevisionState.PUBLISHED,
        rules=[],
        digest="0" * 64,
        reason="for a test",
        drafted_by=SETUP.id,
        drafted_at=session.now(),
    )
    session.add(revision)
    session.flush()
    return revision


def _pin(instance: Instance) -> dict[str, str]:
    return {
        "instance_id": instance.id,
        "sop_instance_uid": instance.sop_instance_uid,
        "digest": instance.digest,
    }


def _findings(
    session: WriteSession, run: Run, inputs: Sequence[Instance], scores: tuple[float, float]
) -> list[Finding]:
    found = [
        Finding(
            id=session.new_id("fnd"),
            run_id=run.id,
            site_id=run.site_id,
            instance_id=instance.id,
            sop_instance_uid=instance.sop_instance_uid,
            key=key,
            name=code["meaning"],
            code=code,
            score=score,
            threshold=0.62,
            flagged=score >= 0.62,
        )
        for instance in inputs
        for key, code, score in zip(
            ("pneumonia", "pneumothorax"), (PNEUMONIA, PNEUMOTHORAX), scores, strict=True
        )
    ]
    session.add_all(found)
    session.flush()
    return found
