"""Simulations as durable work: cut off, gone on with, nothing raised or left behind."""

import json
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from factories.identity import SETUP
from factories.simulation import make_rows, write_parquet
from factories.steps import InlineSteps
from factories.surveillance import FINDING, START, Place, create_place, many_runs, reference_cases
from sqlmodel import select

from surveillance.alerts.models import Alert
from surveillance.records import baseline
from surveillance.records import service as records
from surveillance.references.service import Baseline
from surveillance.simulation import service, tasks
from surveillance.simulation.errors import BadQuestion, BadTable, NoResult
from surveillance.simulation.models import Simulation, SimulationState
from surveillance.simulation.question import Question
from surveillance.simulation.tasks import SimulationTasks
from surveillance.simulation.uploads import uploads_of
from surveillance.streams.evaluation import judge
from surveillance.streams.kinds import Stream, StreamKind
from vigil.kernel.identity.models import Site
from vigil.kernel.parts import Parts

QUICK = Question(threshold=0.92, grid=False)


@pytest.fixture
def place(parts: Parts) -> Place:
    """A site with a reference and sixty days, the scores higher in the last twenty."""
    with parts.database.write() as session:
        found = create_place(session)
        baseline.set_from_cases(
            session,
            SETUP,
            parts.objects,
            version_id=found.version_id,
            site_id=None,
            finding_key=FINDING,
            cases=reference_cases(),
            baseline=Baseline(600, 24),
            effective_from=START,
            reason="validation set",
        )
        quiet = many_runs(found, days=40, per_day=40)
        later = many_runs(
            found, days=20, per_day=40, start=START + timedelta(days=40), seed=2, low=0.4
        )
        records.record_runs(session, parts.keys, [*quiet, *later])
    return found


def table(parts: Parts, tmp_path: Path, site_id: str, **rows: Any) -> Simulation:
    content = write_parquet(tmp_path / "t.parquet", make_rows(**rows)).read_bytes()
    with parts.database.write() as session:
        return service.simulate(
            session,
            SETUP,
            parts.queue,
            uploads_of(parts.settings),
            site_id=site_id,
            title="Before go-live",
            question=QUICK,
            document=BytesIO(content),
            reference=None,
            reason="to choose tolerances",
        )


def asked(parts: Parts, place: Place, days: int = 60) -> Simulation:
    with parts.database.write() as session:
        return service.backfill(
            session,
            SETUP,
            parts.queue,
            version_id=place.version_id,
            site_id=place.site_id,
            from_day=START,
            to_day=START + timedelta(days=days - 1),
            among=None,
            reason="had it been running",
        )


def ended(parts: Parts, row: Simulation) -> tuple[Simulation, dict[str, Any]]:
    with parts.database.read() as session:
        found = service.simulation(session, SETUP, row.id)
        return found, json.loads(service.result(session, SETUP, parts.objects, row.id))


def test_a_table_is_simulated_and_deleted(parts: Parts, place: Place, tmp_path: Path) -> None:
    row = table(parts, tmp_path, place.site_id, shift=0.5)
    uploads = uploads_of(parts.settings)
    assert uploads.path(row.id, "table").exists()

    SimulationTasks(parts).run(InlineSteps(parts.database), row.id)

    found, result = ended(parts, row)
    assert (found.state, found.note) == (SimulationState.FINISHED.value, None)
    assert result["accounts"]["rows"] == sum(result["accounts"]["of"].values())
    assert next(s for s in result["streams"] if s["kind"] == "score")["first_escalation"]
    assert list(uploads.folder.iterdir()) == []
    with parts.database.read() as session:
        page = service.sheet(session, SETUP, parts.objects, row.id).decode()
        assert session.exec(select(Alert)).all() == []
    assert "<svg" in page
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")


def test_a_table_that_turns_out_bad_fails_with_its_reason_and_is_deleted(
    parts: Parts, place: Place, tmp_path: Path
) -> None:
    uids = [f"1.2.840.1.{n}" for n in range(9)]
    rows = {"day": ["2026-05-01"] * 9, "score": [0.1] * 9, "id": uids}
    content = write_parquet(tmp_path / "t.parquet", rows).read_bytes()
    uploads = uploads_of(parts.settings)
    with parts.database.write() as session:
        row = service.simulate(
            session, SETUP, parts.queue, uploads, site_id=place.site_id, title="x",
            question=QUICK, document=BytesIO(content), reference=None, reason="x",
        )  # fmt: skip
    SimulationTasks(parts).run(InlineSteps(parts.database), row.id)

    with parts.database.read() as session:
        found = service.simulation(session, SETUP, row.id)
        with pytest.raises(NoResult):
            service.result(session, SETUP, parts.objects, row.id)
    assert found.state == SimulationState.FAILED.value
    assert "look like DICOM UIDs" in str(found.note)
    assert list(uploads.folder.iterdir()) == []


def test_a_table_with_identifiers_is_refused_at_once_and_not_kept(
    parts: Parts, place: Place
) -> None:
    uploads = uploads_of(parts.settings)
    with pytest.raises(BadTable, match="patient_id"), parts.database.write() as session:
        service.simulate(
            session, SETUP, parts.queue, uploads, site_id=place.site_id, title="x",
            question=QUICK, document=BytesIO(b"day,score,patient_id\n2026-05-01,1,7\n"),
            reference=None, reason="x",
        )  # fmt: skip
    assert list(uploads.folder.iterdir()) == []
    with parts.database.read() as session:
        assert session.exec(select(Simulation)).all() == []


def test_a_backfill_says_each_day_what_the_engine_would_have(parts: Parts, place: Place) -> None:
    row = asked(parts, place)
    SimulationTasks(parts).run(InlineSteps(parts.database), row.id)

    found, result = ended(parts, row)
    assert (found.state, found.done, found.total) == (SimulationState.FINISHED.value, 60, 60)
    score = next(s for s in result["streams"] if s["kind"] == "score" and s["axis"] == "all")
    change = START + timedelta(days=40)
    first = date.fromisoformat(score["first_escalation"])
    assert change <= first <= change + timedelta(days=7)
    with parts.database.read() as session:
        asked_of = (place.version_id, place.site_id, FINDING)
        for day in (first - timedelta(days=1), first):
            (judged,) = (
                each for each in judge(session, day)
                if each.assessment.stream == Stream(*asked_of, kind=StreamKind.SCORE)
            )  # fmt: skip
            assert (judged.verdict == "escalate") is (day == first)
        assert session.exec(select(Alert)).all() == []


class Killed(BaseException):
    """The process is gone: no handler of ours runs."""


def test_a_backfill_that_is_cut_off_goes_on_where_it_was(
    parts: Parts, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "PIECE", 10)
    row, looked = asked(parts, place), []
    whole = SimulationTasks(parts)._look

    def look(self: SimulationTasks, simulation_id: str, days: list[str], among: int) -> str:
        looked.append(days[0])
        if len(looked) == 3:
            raise Killed
        return whole(simulation_id, days, among)

    monkeypatch.setattr(SimulationTasks, "_look", look)
    steps = InlineSteps(parts.database)
    with pytest.raises(Killed):
        SimulationTasks(parts).run(steps, row.id)
    with parts.database.read() as session:
        assert service.simulation(session, SETUP, row.id).done == 20

    SimulationTasks(parts).run(steps.again(), row.id)

    found, _ = ended(parts, row)
    assert found.state == SimulationState.FINISHED.value
    assert len(looked) == 7
    assert len(set(looked)) == 6


def test_days_the_wrong_way_round_are_refused(parts: Parts, place: Place) -> None:
    with pytest.raises(BadQuestion, match="Swap"):
        asked(parts, place, days=-3)


def test_an_upload_that_nobody_needs_is_cleared_after_a_while(
    parts: Parts, place: Place, tmp_path: Path
) -> None:
    uploads = uploads_of(parts.settings)
    row = table(parts, tmp_path, place.site_id, days=10)
    assert uploads.clear(frozenset()) == 0
    with parts.database.read() as session:
        assert session.get_one(Site, place.site_id)
    assert uploads.path(row.id, "table").exists()
