"""A run in the database: begun once, finished once, seen by those of its site."""

from typing import Any

import pytest
from factories.identity import SETUP, create_person, create_site
from factories.wards import Ward

from inference.runs import repository, service
from inference.runs.errors import UnknownRun
from inference.runs.events import RunFinished
from inference.runs.models import Outcome, Run, RunState
from inference.studies import repository as studies
from vigil.kernel.audit import repository as audit
from vigil.kernel.errors import Forbidden
from vigil.kernel.events import Events
from vigil.kernel.identity.roles import Role


@pytest.fixture
def run(ward: Ward) -> Run:
    return ward.plan()


@pytest.fixture
def heard(ward: Ward) -> list[str]:
    """The runs that somebody was told have finished."""
    ids: list[str] = []
    ward.parts.events.subscribe(RunFinished, lambda _, event: ids.append(event.run_id))
    return ids


def finish(ward: Ward, run: Run, **changes: Any) -> Run:
    facts: dict[str, Any] = {"outcome": Outcome.SUCCEEDED, "reason": None} | changes
    with ward.parts.database.write() as session:
        return service.finish(session, SETUP, ward.parts.events, run.id, **facts)


def finding(run: Run, **changes: Any) -> dict[str, Any]:
    facts = {
        "instance_id": run.inputs[0]["instance_id"],
        "sop_instance_uid": run.inputs[0]["sop_instance_uid"],
        "key": "pneumonia",
        "name": "Pneumonia",
        "code": {"scheme": "SCT", "value": "233604007", "meaning": "Pneumonia"},
        "score": 0.7,
        "threshold": 0.5,
        "flagged": True,
    }
    return facts | changes


def test_a_run_that_begins_says_since_when(ward: Ward, run: Run, clock: Any) -> None:
    with ward.parts.database.write() as session:
        assert service.begin(session, SETUP, Events(), run.id)
    first = ward.run(run.id)
    clock.advance(60)
    with ward.parts.database.write() as session:
        # A worker that takes over begins again: the run began when it first did.
        assert service.begin(session, SETUP, Events(), run.id)

    assert first.state is RunState.RUNNING
    assert ward.run(run.id).started_at == first.started_at


def test_a_run_that_has_ended_is_not_begun(ward: Ward, run: Run) -> None:
    finish(ward, run, outcome=Outcome.FAILED, reason="no")
    with ward.parts.database.write() as session:
        assert not service.begin(session, SETUP, Events(), run.id)

    assert ward.run(run.id).state is RunState.FINISHED


def test_a_run_is_finished_once_and_told_once(ward: Ward, run: Run, heard: list[str]) -> None:
    finish(ward, run, findings=[finding(run)], outputs_digest="a" * 64, runtime={"threads": 1})
    finish(ward, run, outcome=Outcome.FAILED, reason="a second worker came late")

    kept = ward.run(run.id)
    assert (kept.state, kept.outcome, kept.reason) == (RunState.FINISHED, Outcome.SUCCEEDED, None)
    assert (kept.outputs_digest, kept.runtime) == ("a" * 64, {"threads": 1})
    assert kept.finished_at is not None
    assert list(ward.findings(run)) == ["pneumonia"]
    assert heard == [run.id]
    with ward.parts.database.read() as session:
        events = audit.recent(session, before=None, subject=run.id, limit=9)
    assert [e.tag for e in events] == ["inference:run:finish", "inference:run:plan"]
    assert (events[0].reason, events[0].detail) == ("1 findings", {"outcome": "SUCCEEDED"})


def test_without_a_result_the_audit_says_why(ward: Ward, run: Run) -> None:
    finish(ward, run, outcome=Outcome.SKIPPED, reason="patient_age unknown")

    with ward.parts.database.read() as session:
        event = audit.recent(session, before=None, subject=run.id, limit=1)[0]
    assert event.reason == "patient_age unknown"


def test_a_listener_that_fails_leaves_the_run_unfinished(ward: Ward, run: Run) -> None:
    def fail(session: object, event: RunFinished) -> None:
        raise ZeroDivisionError

    ward.parts.events.subscribe(RunFinished, fail)

    with pytest.raises(ZeroDivisionError):
        finish(ward, run, findings=[finding(run)])

    assert ward.run(run.id).state is RunState.PLANNED
    assert ward.findings(run) == {}


def test_the_candidates_are_those_pinned_and_no_later_ones(ward: Ward) -> None:
    uid = "1.2.3.4"
    run = ward.plan(StudyInstanceUID=uid)
    ward.receive(StudyInstanceUID=uid)

    with ward.parts.database.read() as session:
        found = service.candidates(session, SETUP, run)
        assert len(studies.instances(session, SETUP, run.study_id)) == 2
    assert [one.sop_instance_uid for one in found] == [run.inputs[0]["sop_instance_uid"]]
    assert found[0].attributes["modality"] == "DX"


def test_another_site_and_a_supplier_see_no_run(ward: Ward, run: Run) -> None:
    finish(ward, run, findings=[finding(run)])
    [kept] = ward.findings(run).values()
    with ward.parts.database.write() as session:
        create_site(session, "RYY01")
        own = create_person(session, "RXX", Role.READER)
        stranger = create_person(session, "RYY", Role.READER)
        supplier = create_person(session, "ACME", Role.SUPPLIER)

    with ward.parts.database.read() as session:
        assert service.run(session, own, run.id).id == run.id
        assert [one.id for one in repository.runs(session, own)] == [run.id]
        for actor in (stranger, supplier):
            assert repository.runs(session, actor) == []
            assert repository.run(session, actor, run.id) is None
            assert repository.finding(session, actor, kept.id) is None
            assert repository.outcomes(session, actor) == []
        with pytest.raises(UnknownRun):
            service.run(session, stranger, run.id)
        with pytest.raises(UnknownRun):
            service.findings(session, stranger, run.id)
        with pytest.raises(Forbidden):
            service.run(session, supplier, run.id)


def test_runs_are_counted_by_version_site_and_outcome(ward: Ward, clock: Any) -> None:
    clock.advance(1)
    finish(ward, ward.plan())
    finish(ward, ward.plan(), outcome=Outcome.SKIPPED, reason="x")
    ward.plan()

    with ward.parts.database.read() as session:
        counted = {outcome: n for *_, outcome, n in repository.outcomes(session, SETUP)}
        none = repository.outcomes(session, SETUP, "ver_other")
    assert counted == {Outcome.SUCCEEDED: 1, Outcome.SKIPPED: 1, None: 1}
    assert none == []
