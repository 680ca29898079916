from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from factories.identity import SETUP
from factories.node import Door
from factories.studies import encode, make_data_set, make_sent
from pydicom.uid import generate_uid
from sqlmodel import select

from inference.associations import repository as associations
from inference.associations.models import Association, Ending
from inference.node import repository
from inference.node.errors import CallerRefused
from inference.node.models import Quarantine
from inference.node.service import ACTOR
from inference.node.status import Answer, Status
from inference.studies import repository as studies
from inference.studies.models import Instance, Study
from vigil.kernel.audit.models import AuditEvent
from vigil.kernel.db import Database
from vigil.kernel.objects import StoreFull


def rows(door: Door, table: type[Any]) -> list[Any]:
    with door.receiver.parts.database.read() as session:
        return list(session.exec(select(table)).all())


def test_what_is_answered_with_success_is_stored_and_indexed(door: Door) -> None:
    sent = make_sent()

    answer = door.receiver.receive(door.association, sent)

    assert answer == Answer(Status.SUCCESS)
    [instance] = rows(door, Instance)
    assert instance.sop_instance_uid == sent.sop_instance_uid
    assert instance.association_id == door.association.id
    assert instance.attributes["body_part"] == "CHEST"
    assert instance.attributes["calling_ae"] == "MODALITY"
    assert instance.attributes["transfer_syntax_uid"] == sent.transfer_syntax_uid
    kept = door.receiver.parts.objects.get(instance.digest)
    assert kept.endswith(sent.data_set)
    assert instance.size == len(kept)


def test_the_same_again_is_success_and_changes_nothing(door: Door) -> None:
    sent = make_sent()
    door.receiver.receive(door.association, sent)
    before = rows(door, Study)

    assert door.receiver.receive(door.association, sent).status is Status.SUCCESS

    assert len(rows(door, Instance)) == 1
    assert rows(door, Study) == before
    assert rows(door, Quarantine) == []


def test_other_bytes_under_a_known_uid_are_kept_apart_and_refused(door: Door) -> None:
    data_set = make_data_set()
    door.receiver.receive(door.association, make_sent(data_set))
    data_set.PatientAge = "062Y"

    for _ in range(2):
        answer = door.receiver.receive(door.association, make_sent(data_set))

    assert answer.status is Status.DUPLICATE_SOP_INSTANCE
    [kept] = rows(door, Quarantine)
    assert kept.status == 0x0111
    assert door.receiver.parts.objects.get(kept.object_digest).endswith(encode(data_set))
    assert rows(door, Instance)[0].attributes["patient_age"] == 61


def test_a_known_uid_in_another_study_is_a_duplicate_too(door: Door) -> None:
    data_set = make_data_set()
    door.receiver.receive(door.association, make_sent(data_set))
    data_set.StudyInstanceUID = generate_uid()

    answer = door.receiver.receive(door.association, make_sent(data_set))

    assert answer.status is Status.DUPLICATE_SOP_INSTANCE


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"sop_instance_uid": "1.2.3"}, Status.DATA_SET_MISMATCH),
        ({"sop_class_uid": "1.2.3"}, Status.DATA_SET_MISMATCH),
        ({"data_set": b"\x00" * 99}, Status.CANNOT_UNDERSTAND),
        ({"sop_instance_uid": "1.2.OR 1=1"}, Status.INVALID_SOP_INSTANCE),
    ],
)
def test_what_cannot_be_filed_is_kept_and_refused(
    door: Door, changes: dict[str, Any], status: Status
) -> None:
    sent = make_sent(**changes)

    answer = door.receiver.receive(door.association, sent)

    assert answer.status is status
    [kept] = rows(door, Quarantine)
    assert (kept.status, kept.association_id) == (status, door.association.id)
    assert door.receiver.parts.objects.get(kept.object_digest).endswith(sent.data_set)
    assert rows(door, Instance) == []


def test_comments_fit_and_say_nothing_of_the_data_set(door: Door) -> None:
    data_set = make_data_set(PatientID="IDENTIFIER")

    answer = door.receiver.receive(door.association, make_sent(data_set, sop_instance_uid="1.2.3"))

    assert len(answer.comment) <= 64
    assert "IDENTIFIER" not in answer.comment
    assert data_set.SOPInstanceUID not in answer.comment


def test_an_instance_over_the_limit_is_refused(door: Door) -> None:
    sent = make_sent(data_set=bytes(41_000_000))

    assert door.receiver.receive(door.association, sent).status is Status.RESOURCE_LIMITATION


def test_a_full_store_asks_to_send_again(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(data: bytes) -> str:
        raise StoreFull("full")

    monkeypatch.setattr(door.receiver.parts.objects, "put", full)
    sent = make_sent()

    assert door.receiver.receive(door.association, sent).status is Status.OUT_OF_RESOURCES
    assert rows(door, Instance) == []
    monkeypatch.undo()
    assert door.receiver.receive(door.association, sent).status is Status.SUCCESS


def test_a_database_that_is_away_asks_to_send_again(
    door: Door, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    away = Database(f"sqlite:///{tmp_path}/no/such/folder/vigil.sqlite")
    parts = door.receiver.parts
    object.__setattr__(parts, "database", away)

    assert door.receiver.receive(door.association, make_sent()).status is Status.OUT_OF_RESOURCES


def test_an_unexpected_failure_is_a_processing_failure(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(data: bytes) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr(door.receiver.parts.objects, "put", broken)

    answer = door.receiver.receive(door.association, make_sent())

    assert answer.status is Status.PROCESSING_FAILURE


def test_an_unknown_caller_is_refused_and_noted_once(door: Door) -> None:
    for _ in range(3):
        with pytest.raises(CallerRefused) as caught:
            door.receiver.accept("STRANGER", "VIGIL", "10.0.0.9")
        assert caught.value.reason == 3

    [refused] = [row for row in rows(door, Association) if row.ending is Ending.REFUSED]
    assert (refused.calling_ae, refused.peer_host, refused.refused) == ("STRANGER", "10.0.0.9", 3)
    tags = [event.tag for event in rows(door, AuditEvent)]
    assert tags.count("node:association:refuse") == 1


def test_a_caller_that_asks_for_another_node_is_refused(door: Door) -> None:
    with pytest.raises(CallerRefused) as caught:
        door.receiver.accept("MODALITY", "PACS", "10.0.0.9")

    assert caught.value.reason == 7


def test_an_ae_title_from_the_wire_never_breaks_a_row(door: Door) -> None:
    with pytest.raises(CallerRefused):
        door.receiver.accept("ST\0R\x1bNGER\udcff", "VIGIL", "10.0.0.9")

    assert any(row.calling_ae == "ST?R?NGER?" for row in rows(door, Association))


def test_the_end_of_an_association_is_noted_with_its_counts(door: Door) -> None:
    door.receiver.receive(door.association, make_sent())
    door.receiver.receive(door.association, make_sent(sop_instance_uid="1.2.3"))

    door.receiver.end(door.association, Ending.RELEASED)

    with door.receiver.parts.database.read() as session:
        row = associations.association(session, ACTOR, door.association.id)
    assert row is not None
    assert (row.ending, row.stored, row.refused) == (Ending.RELEASED, 1, 1)
    [event] = [e for e in rows(door, AuditEvent) if e.tag == "node:association:close"]
    assert event.detail == {"stored": 1, "refused": 1}


def test_instances_are_audited_by_study_and_by_association_only(door: Door) -> None:
    study_uid = generate_uid()
    for _ in range(5):
        data_set = make_data_set(StudyInstanceUID=study_uid)
        door.receiver.receive(door.association, make_sent(data_set))
    door.receiver.end(door.association, Ending.RELEASED)

    tags = [event.tag for event in rows(door, AuditEvent) if event.tag.startswith("node:")]
    assert tags == ["node:study:open", "node:association:close"]


def test_one_study_over_many_associations_at_once_loses_nothing(door: Door) -> None:
    study_uid = generate_uid()
    doors = [door.receiver.accept("MODALITY", "VIGIL", "127.0.0.1") for _ in range(4)]
    data_sets = [make_data_set(StudyInstanceUID=study_uid) for _ in range(24)]
    # Each instance is sent twice, on two associations.
    work = [(doors[i % 4], make_sent(data)) for i, data in enumerate(data_sets)]
    work += [(doors[(i + 1) % 4], make_sent(data)) for i, data in enumerate(data_sets)]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda pair: door.receiver.receive(*pair), work))

    assert {answer.status for answer in answers} == {Status.SUCCESS}
    assert len(rows(door, Study)) == 1
    assert len(rows(door, Instance)) == 24
    assert rows(door, Quarantine) == []


def test_the_count_of_answers_names_no_peer(door: Door) -> None:
    door.receiver.receive(door.association, make_sent())
    door.receiver.receive(door.association, make_sent(sop_instance_uid="1.2.3"))

    metrics = door.receiver.parts.metrics
    for answer, count in (("stored", 1), ("refused", 1)):
        labels = {"answer": answer}
        assert metrics.get_sample_value("vigil_dicom_instances_total", labels) == count
    names = {n for m in metrics.collect() for s in m.samples for n in s.labels}
    assert names <= {"answer", "ending", "le"}


def test_quarantine_shows_only_what_is_the_sites(door: Door) -> None:
    door.receiver.receive(door.association, make_sent(sop_instance_uid="1.2.3"))

    with door.receiver.parts.database.read() as session:
        assert len(repository.quarantine(session, SETUP, limit=5)) == 1
        stranger = type(SETUP)(id="u", label="u", sites=frozenset({"site_other"}))
        assert repository.quarantine(session, stranger, limit=5) == []
        assert (
            studies.studies(session, stranger, before=None, state=None, site_id=None, limit=5) == []
        )
