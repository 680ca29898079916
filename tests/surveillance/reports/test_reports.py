import csv
import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from factories.steps import InlineSteps
from factories.surveillance import FINDING, START, Place, create_place, many_runs, run_facts

from inference.decisions.models import Decision
from surveillance.axes import levels
from surveillance.records import baseline, inputs
from surveillance.records import service as records
from surveillance.records.facts import RunFacts
from surveillance.references.cases import Case
from surveillance.references.service import Baseline
from surveillance.reports import content, rendering, service
from surveillance.reports.errors import NoDocument, RenderingFailed, UnknownReport
from surveillance.reports.models import Report, ReportState
from surveillance.reports.rendering import Renderer
from surveillance.reports.tasks import ReportTasks
from vigil.kernel.errors import Forbidden, Invalid
from vigil.kernel.identity.actor import Actor, Grant
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts

OFFICER = Actor(id="usr_cso", label="cso", grants=(Grant(Role.CSO),), sites=None)
LAST = START + timedelta(days=60)


def real_scores(realdata: Path) -> list[dict[str, str]]:
    with (realdata / "cxr" / "scores_nih64_multihead.csv").open() as file:
        return list(csv.DictReader(file))


def group(row: dict[str, str]) -> dict[str, Any]:
    return {"patient_sex": row["sex"], "patient_age": int(row["age"]), "view": row["view"]}


def as_cases(rows: Sequence[dict[str, str]]) -> list[Case]:
    return [
        Case(float(r["p_view_AP"]), float(r["p_view_AP"]) >= 0.7, levels(group(r))) for r in rows
    ]


def as_runs(place: Place, rows: Sequence[dict[str, str]], **extra: Any) -> list[RunFacts]:
    return [
        run_facts(
            place,
            number,
            day=START + timedelta(days=number // 20),
            score=float(row["p_view_AP"]),
            decision=Decision.OVERRIDE_FP if number % 12 == 0 else Decision.AGREE_NEG,
            attributes={**group(row), **extra},
        )
        for number, row in enumerate(rows)
    ]


def prepare(parts: Parts, cases: Sequence[Case], runs: Callable[[Place], list[RunFacts]]) -> Place:
    with parts.database.write() as session:
        place = create_place(session)
        baseline.set_from_cases(
            session,
            OFFICER,
            parts.objects,
            version_id=place.version_id,
            finding_key=FINDING,
            cases=cases,
            reason="validation set",
            baseline=Baseline(decided=400, overridden=20),
            effective_from=START,
        )
        records.record_runs(session, parts.keys, runs(place))
    return place


def make(parts: Parts, place: Place) -> Report:
    with parts.database.write() as session:
        asked = service.request(
            session,
            OFFICER,
            parts.queue,
            version_id=place.version_id,
            site_id=place.site_id,
            finding_key=FINDING,
            from_day=START,
            to_day=LAST,
        )
    ReportTasks(parts).make(InlineSteps(parts.database), asked.id)
    with parts.database.read() as session:
        return service.report(session, OFFICER, asked.id)


def test_real_records_become_a_self_contained_document_and_its_figures(
    parts: Parts, realdata: Path
) -> None:
    rows = real_scores(realdata)
    # A manufacturer that the reference never saw must not end the report (evidently #1531).
    place = prepare(
        parts, as_cases(rows[:600]), lambda p: as_runs(p, rows[600:], manufacturer="New")
    )
    report = make(parts, place)
    assert report.state is ReportState.READY
    assert (report.n_reference, report.n_current) == (600, 400)
    with parts.database.read() as session:
        html = service.document(session, OFFICER, parts.objects, report.id).decode()
    for wanted in re.findall(r"<(?:script|link|img|iframe)\b[^>]*>", html):
        assert not re.search(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//""", wanted)
    assert report.json_digest is not None
    figures = json.loads(parts.objects.get(report.json_digest))
    by_name = {metric["metric_name"].partition("(")[0]: metric for metric in figures["metrics"]}
    assert by_name["OverrideRate"]["value"] == pytest.approx(34 / 400)
    drift = {
        metric["config"]["column"]: metric["config"]
        for metric in figures["metrics"]
        if "column" in metric["config"]
    }
    assert drift["score"] | {"method": "wasserstein", "threshold": 0.1} == drift["score"]
    assert drift["sex"] | {"method": "jensenshannon", "threshold": 0.1} == drift["sex"]
    assert report.verdict is not None
    assert "Readers overrode 34 of 400 decided cases (8.5%" in report.verdict
    assert "Not compared (not known of any case of the reference): manufacturer." in report.verdict


def test_too_few_records_are_said_and_not_rendered(parts: Parts) -> None:
    cases = [Case(number / 300, False) for number in range(300)]
    report = make(parts, prepare(parts, cases, lambda p: many_runs(p, days=3, per_day=10)))
    assert report.state is ReportState.INSUFFICIENT
    assert report.verdict == "Insufficient data: 30 of 200 predictions."
    with parts.database.read() as session, pytest.raises(NoDocument, match="30 of 200"):
        service.document(session, OFFICER, parts.objects, report.id)


def test_without_a_reference_the_report_says_so(parts: Parts) -> None:
    with parts.database.write() as session:
        place = create_place(session)
    assert make(parts, place).verdict == "Insufficient data: no reference was set."


def test_a_renderer_that_fails_or_hangs_is_a_plain_error() -> None:
    with pytest.raises(RenderingFailed, match=r"ended with code 1 \(KeyError\)"):
        Renderer().render({"title": "no columns"})
    with pytest.raises(RenderingFailed, match="within"):
        Renderer(seconds=0.05).render({"title": "no time"})


def test_the_renderer_sees_none_of_our_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VIGIL_DATABASE_URL", "secret")
    seen = rendering._environment(tmp_path)
    assert not [name for name in seen if name.startswith("VIGIL")]
    assert seen["DO_NOT_TRACK"] == "1"


def test_evidently_stays_out_of_our_own_process() -> None:
    program = "import sys, surveillance.reports.tasks; assert 'evidently' not in sys.modules"
    subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        env={"PYTHONPATH": f"{rendering._SOURCE}:{rendering._SOURCE / 'platform'}"},
    )


def test_another_sites_report_is_not_found(parts: Parts) -> None:
    with parts.database.write() as session:
        place = create_place(session)
    report = make(parts, place)
    stranger = Actor(id="u", label="u", grants=(Grant(Role.CSO),), sites=frozenset({"site_other"}))
    with parts.database.read() as session, pytest.raises(UnknownReport):
        service.report(session, stranger, report.id)
    with parts.database.write() as session, pytest.raises(Forbidden):
        _request(session, parts, stranger, place)


def test_days_the_wrong_way_round_are_refused(parts: Parts) -> None:
    with parts.database.write() as session:
        place = create_place(session)
        with pytest.raises(Invalid, match="Swap"):
            _request(session, parts, OFFICER, place, days=-1)


def _request(session: Any, parts: Parts, actor: Actor, place: Place, days: int = 1) -> Report:
    return service.request(
        session,
        actor,
        parts.queue,
        version_id=place.version_id,
        site_id=place.site_id,
        finding_key=FINDING,
        from_day=START,
        to_day=START + timedelta(days=days),
    )


def test_numbers_with_a_reference_are_drawn_beside_it(parts: Parts) -> None:
    with parts.database.write() as session:
        place = create_place(session)
        facts = [
            replace(
                run_facts(place, number, day=START + timedelta(days=number // 20)),
                features={"kvp": float("nan") if number == 3 else 80.0 + number % 7},
            )
            for number in range(400)
        ]
        records.record_runs(session, parts.keys, facts)
        inputs.set_from_records(
            session,
            OFFICER,
            parts.objects,
            version_id=place.version_id,
            site_id=place.site_id,
            first=250,
            reason="what is normal",
        )
        asked = service.request(
            session,
            OFFICER,
            parts.queue,
            version_id=place.version_id,
            site_id=place.site_id,
            finding_key=FINDING,
            from_day=START,
            to_day=LAST,
        )
        found = content.gather(session, OFFICER, parts.objects, asked)
    assert len(found.before.features["kvp"]) == 250
    assert found.before.no_numbers == {"kvp": 1}
    assert found.now.features["kvp"][0] is not None
