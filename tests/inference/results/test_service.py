"""Results of runs in the database."""

import io

import pytest
from factories.identity import SETUP, create_person, create_site
from factories.results import keep_result
from factories.runs import create_run
from pydicom import dcmread

from inference.results import service
from inference.runs.models import Outcome
from vigil.kernel.audit import repository as audit
from vigil.kernel.identity.roles import Role
from vigil.kernel.objects import LocalObjectStore
from vigil.kernel.parts import Parts


def test_a_result_is_made_once(parts: Parts, objects: LocalObjectStore) -> None:
    with parts.database.write() as session:
        run = create_run(session, objects, create_site(session).id).run

    first, second = keep_result(parts, run), keep_result(parts, run)

    assert first.id == second.id
    document = dcmread(io.BytesIO(objects.get(first.digest)))
    assert document.SOPInstanceUID == first.sop_instance_uid
    assert len(document.CurrentRequestedProcedureEvidenceSequence) == 1
    with parts.database.read() as session:
        tags = [event.tag for event in audit.chain(session)]
    assert tags.count("inference:result:make") == 1


def test_making_again_later_gives_the_same_bytes(parts: Parts, objects: LocalObjectStore) -> None:
    with parts.database.write() as session:
        run = create_run(session, objects, create_site(session).id).run

    assert service.make(parts, SETUP, run.id) == service.make(parts, SETUP, run.id)


@pytest.mark.parametrize("outcome", [Outcome.SKIPPED, Outcome.NO_RESULT, Outcome.FAILED])
def test_a_run_without_a_result_says_not_analysed(
    parts: Parts, objects: LocalObjectStore, outcome: Outcome
) -> None:
    with parts.database.write() as session:
        run = create_run(session, objects, create_site(session).id, outcome=outcome).run

    data = objects.get(keep_result(parts, run).digest)

    assert b"NOT ANALYSED by" in data
    assert b"patient_age unknown" in data


def test_a_cancelled_run_says_nothing(parts: Parts, objects: LocalObjectStore) -> None:
    with parts.database.write() as session:
        run = create_run(session, objects, create_site(session).id, outcome=Outcome.CANCELLED).run

    assert service.make(parts, SETUP, run.id) == []


def test_a_superseding_result_names_the_one_before(parts: Parts, objects: LocalObjectStore) -> None:
    with parts.database.write() as session:
        finished = create_run(session, objects, create_site(session).id)
    before = keep_result(parts, finished.run)
    with parts.database.write() as session:
        again = create_run(session, objects, finished.run.site_id, supersedes=finished)

    after = dcmread(io.BytesIO(objects.get(keep_result(parts, again.run).digest)))

    series = after.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0]
    assert series.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == before.sop_instance_uid
    assert after.SOPInstanceUID != before.sop_instance_uid


def test_what_nobody_saw_is_not_named_as_superseded(
    parts: Parts, objects: LocalObjectStore
) -> None:
    with parts.database.write() as session:
        finished = create_run(session, objects, create_site(session).id)
        again = create_run(session, objects, finished.run.site_id, supersedes=finished)

    after = dcmread(io.BytesIO(objects.get(keep_result(parts, again.run).digest)))

    assert "PredecessorDocumentsSequence" not in after


def test_another_site_reads_no_result(parts: Parts, objects: LocalObjectStore) -> None:
    with parts.database.write() as session:
        run = create_run(session, objects, create_site(session, "RXX01").id).run
        create_site(session, "RYY01")
        stranger = create_person(session, "RYY", Role.OPERATOR)
        reader = create_person(session, "RXX", Role.OPERATOR)
    keep_result(parts, run)

    with parts.database.read() as session:
        assert service.results_of(session, stranger, run.id) == []
        assert len(service.results_of(session, reader, run.id)) == 1
