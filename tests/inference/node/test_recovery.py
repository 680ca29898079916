import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from factories.node import Door, send
from factories.studies import make_data_set, make_sent
from pydicom.uid import generate_uid
from sqlmodel import select

from inference.associations.models import Association, Ending
from inference.node import part10, recovery
from inference.node.models import Quarantine
from inference.node.process import DicomNode
from inference.node.service import ACTOR
from inference.node.settings import NodeSettings
from inference.node.status import Status
from inference.studies.models import Instance
from model_registry.nodes import repository as nodes
from model_registry.nodes import service as node_service
from vigil.kernel.objects import sha256
from vigil.kernel.parts import Parts


def test_bytes_that_were_kept_but_not_indexed_are_filed(door: Door) -> None:
    sent = make_sent()
    objects = door.receiver.parts.objects
    digest = objects.put(part10.encode(sent, door.association.route))

    assert recovery.file_unindexed(door.receiver) == 1

    with door.receiver.parts.database.read() as session:
        instance = session.exec(select(Instance)).one()
    assert (instance.digest, instance.sop_instance_uid) == (digest, sent.sop_instance_uid)
    assert instance.association_id is None
    # The sender had no answer and sends again: the same instance.
    assert door.receiver.receive(door.association, sent).status is Status.SUCCESS
    assert recovery.file_unindexed(door.receiver) == 0


def test_what_is_indexed_or_in_quarantine_or_not_received_is_left_alone(door: Door) -> None:
    door.receiver.receive(door.association, make_sent())
    door.receiver.receive(door.association, make_sent(sop_instance_uid="1.2.3"))
    door.receiver.parts.objects.put(b"a model package, perhaps")

    assert recovery.file_unindexed(door.receiver) == 0


def test_unindexed_bytes_that_cannot_be_filed_go_to_quarantine(door: Door) -> None:
    sent = make_sent(data_set=b"\x00" * 50)
    door.receiver.parts.objects.put(part10.encode(sent, door.association.route))

    recovery.file_unindexed(door.receiver)

    with door.receiver.parts.database.read() as session:
        assert session.exec(select(Quarantine)).one().status == Status.CANNOT_UNDERSTAND


def test_unindexed_bytes_of_a_source_that_is_gone_go_to_quarantine(door: Door) -> None:
    database = door.receiver.parts.database
    door.receiver.parts.objects.put(part10.encode(make_sent(), door.association.route))
    with database.write() as session:
        source = nodes.node_for_calling_ae(session, "MODALITY")
        assert source is not None
        node_service.retire_node(session, ACTOR, node_id=source.id, reason="gone")

    recovery.file_unindexed(door.receiver)

    with database.read() as session:
        assert session.exec(select(Quarantine)).one().site_id is None


def test_associations_of_a_node_that_died_are_marked_lost_with_their_counts(door: Door) -> None:
    door.receiver.receive(door.association, make_sent())
    door.receiver.receive(door.association, make_sent(sop_instance_uid="1.2.3"))

    assert recovery.close_lost(door.receiver) == 1
    assert recovery.close_lost(door.receiver) == 0

    with door.receiver.parts.database.read() as session:
        row = session.exec(select(Association)).one()
    assert (row.ending, row.stored, row.refused) == (Ending.LOST, 1, 1)


def test_associations_of_another_node_stay_open(door: Door) -> None:
    door.receiver.name = "VIGIL@elsewhere:11112"

    assert recovery.close_lost(door.receiver) == 0


# A node of its own process, which kills itself as `kill -9` would, with the bytes put and no index.
_DIES = """
import os, signal, sys
from pathlib import Path
from prometheus_client import CollectorRegistry
from vigil.kernel.db import Database
from vigil.kernel.engine.queue import Queue
from vigil.kernel.events import Events
from vigil.kernel.keys import Keys
from vigil.kernel.objects import LocalObjectStore
from vigil.kernel.parts import Parts
from inference.node.process import DicomNode
from inference.node.settings import NodeSettings

class Dying(LocalObjectStore):
    def put(self, data):
        digest = super().put(data)
        if b"KILL-HERE" in data:
            os.kill(os.getpid(), signal.SIGKILL)
        return digest

folder, url = Path(sys.argv[1]), sys.argv[2]
settings = NodeSettings(data_dir=folder, dicom_host="127.0.0.1", dicom_port=0)
parts = Parts(settings, Database(url), Dying(folder / "objects"), Keys(b"test" * 8), Events(),
              None, CollectorRegistry())
node = DicomNode(parts, settings)
node.start()
print(node.port, flush=True)
"""


def test_a_node_killed_between_bytes_and_index_loses_nothing(
    node_parts: Parts, node_settings: NodeSettings, tmp_path: Path
) -> None:
    root = Path(__file__).parents[3]
    process = subprocess.Popen(
        [sys.executable, "-c", _DIES, str(tmp_path), node_parts.database.url],
        env={**os.environ, "PYTHONPATH": f"{root}:{root / 'platform'}"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        study_uid = generate_uid()
        sent = [make_data_set(StudyInstanceUID=study_uid) for _ in range(3)]
        sent[2].StationName = "KILL-HERE"
        answers = send(port, sent)
    finally:
        process.kill()
        returned = process.wait(60)
        if process.stdout is not None:
            process.stdout.close()
    assert returned == -signal.SIGKILL
    assert answers == [0x0000, 0x0000, None]

    node = DicomNode(node_parts, node_settings)
    node.start()
    try:
        end = time.monotonic() + 60
        while len(kept := indexed(node_parts)) < 3 and time.monotonic() < end:
            time.sleep(0.02)
        assert sorted(kept) == sorted(str(data_set.SOPInstanceUID) for data_set in sent)
        # The sender repeats what it had no answer for: success, and still three.
        assert send(node.port, sent[2:]) == [0x0000]
        assert len(indexed(node_parts)) == 3
    finally:
        node.stop()
    with node_parts.database.read() as session:
        endings = {row.ending for row in session.exec(select(Association)).all()}
    assert endings == {Ending.LOST, Ending.RELEASED}


def indexed(parts: Parts) -> list[str]:
    with parts.database.read() as session:
        instances = session.exec(select(Instance)).all()
    for instance in instances:
        assert sha256(parts.objects.get(instance.digest)) == instance.digest
    return [instance.sop_instance_uid for instance in instances]
