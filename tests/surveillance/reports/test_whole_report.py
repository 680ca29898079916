"""One report of every finding, with labels, numbers, a new scanner and a hostile tag."""

import json
from dataclasses import replace
from datetime import timedelta
from random import Random

import sqlalchemy as sa
from factories.steps import InlineSteps
from factories.surveillance import FINDING, START, Place, create_place, run_facts
from sqlmodel import col

from surveillance.axes import levels
from surveillance.records import baseline
from surveillance.records import service as records
from surveillance.records.models import PredictionRecord
from surveillance.references.cases import Case
from surveillance.references.service import Baseline
from surveillance.reports import service
from surveillance.reports.models import EVERY_FINDING, ReportState
from surveillance.reports.tasks import ReportTasks
from vigil.kernel.identity.actor import Actor, Grant
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts

OFFICER = Actor(id="usr_cso", label="cso", grants=(Grant(Role.CSO),), sites=None)
HOSTILE = "</script><script>alert(1)</script>"
CASES, A_DAY = 400, 20


def prepare(parts: Parts) -> Place:
    random = Random(7)
    with parts.database.write() as session:
        place = create_place(session)
        baseline.set_from_cases(
            session,
            OFFICER,
            parts.objects,
            version_id=place.version_id,
            finding_key=FINDING,
            cases=[
                Case(score := random.random(), score >= 0.7, levels({"manufacturer": "Alpha"}))
                for _ in range(400)
            ],
            reason="validation set",
            baseline=Baseline(400, 20),
            effective_from=START,
        )
        for number in range(CASES):
            day = START + timedelta(days=number // A_DAY)
            maker = HOSTILE if number % 4 == 0 else "Alpha"
            facts = run_facts(
                place,
                number,
                day=day,
                score=random.random(),
                attributes={"manufacturer": maker, "patient_sex": random.choice("FM")},
            )
            noisy = {"brightness": float("inf") if number % 50 == 0 else random.random()}
            records.record_run(session, parts.keys, replace(facts, features=noisy))
        truth = sa.case((col(PredictionRecord.score) > 0.6, True), else_=False)
        session.execute(
            sa.update(PredictionRecord)
            .where(col(PredictionRecord.finding_key) == FINDING)
            .values(truth=truth, label_day=START)
        )
    return place


def test_every_finding_in_one_report(parts: Parts) -> None:
    place = prepare(parts)
    with parts.database.write() as session:
        asked = service.request(
            session,
            OFFICER,
            parts.queue,
            version_id=place.version_id,
            site_id=place.site_id,
            from_day=START,
            to_day=START + timedelta(days=30),
        )
    ReportTasks(parts).make(InlineSteps(parts.database), asked.id)
    with parts.database.read() as session:
        report = service.report(session, OFFICER, asked.id)
        html = service.document(session, OFFICER, parts.objects, report.id).decode()
        figures = json.loads(service.figures(session, OFFICER, parts.objects, report.id))
    assert (report.state, report.finding_key) == (ReportState.READY, EVERY_FINDING)
    names = {metric["metric_name"].partition("(")[0] for metric in figures["metrics"]}
    assert names >= {"ValueDrift", "RocAuc", "TPR", "TNR", "Volume", "SubgroupGap", "EngineVerdict"}
    assert figures["renderer"]["network_closed"] in {True, False}
    assert "alert(1)</script>" not in html
    found = report.summary
    assert found is not None
    assert found["counts"]["outcomes"] == {"SUCCEEDED": CASES}
    assert found["counts"]["is_balanced"]
    assert found["counts"]["findings"][FINDING]["labelled"] == CASES
    assert found["unseen"]["manufacturer"] == [HOSTILE.lower()]
    assert found["left_out"]["brightness"] == "not known of any case of the reference"
    assert {column["column"] for column in found["columns"]} == {"score", "manufacturer"}
    assert found["insufficient"]
    assert "Verdicts: " in str(report.verdict)
