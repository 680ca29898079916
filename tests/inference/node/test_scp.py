"""The node on real sockets, with pynetdicom, DCMTK and bare bytes as its callers."""

import os
import shutil
import socket
import struct
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from factories.node import call, sendable
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, ImplicitVRLittleEndian, generate_uid
from pynetdicom import build_context
from sqlmodel import select

from inference.associations.models import Association, Ending
from inference.node.process import DicomNode
from inference.node.settings import NodeSettings
from inference.node.syntaxes import VERIFICATION
from inference.studies.models import Instance
from vigil.kernel.parts import Parts

PRIVATE_CLASS = "1.3.12.2.1107.5.9.1"
WORKLIST = "1.2.840.10008.5.1.4.31"
RETIRED_CLASS = "1.2.840.10008.5.1.4.1.1.6"

needs_dcmtk = [
    pytest.mark.server,
    pytest.mark.skipif(shutil.which("storescu") is None, reason="DCMTK is not installed"),
]


def rows(parts: Parts, table: type[Any]) -> list[Any]:
    with parts.database.read() as session:
        return list(session.exec(select(table)).all())


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def endings(parts: Parts) -> list[Ending | None]:
    return [row.ending for row in rows(parts, Association)]


def test_echo_is_answered(node: DicomNode) -> None:
    peer = call(node.port)

    assert peer.send_c_echo().Status == 0x0000
    peer.release()


def test_instances_are_stored_and_the_association_is_noted(
    node: DicomNode, node_parts: Parts
) -> None:
    peer = call(node.port)
    study_uid = generate_uid()
    for _ in range(3):
        assert peer.send_c_store(sendable(StudyInstanceUID=study_uid)).Status == 0x0000
    peer.release()

    assert len(rows(node_parts, Instance)) == 3
    wait_for(lambda: endings(node_parts) == [Ending.RELEASED])
    assert rows(node_parts, Association)[0].stored == 3


def test_refusals_carry_their_status_and_comment(node: DicomNode) -> None:
    peer = call(node.port)
    data_set = sendable()
    peer.send_c_store(data_set)
    data_set.PatientAge = "001Y"

    status = peer.send_c_store(data_set)

    assert (status.Status, status.ErrorComment) == (0x0111, "other bytes under a known UID")
    peer.release()


def test_unknown_callers_are_rejected_for_good(node: DicomNode, node_parts: Parts) -> None:
    peer = call(node.port, calling="STRANGER")

    assert peer.is_rejected
    answer = peer.acceptor.primitive
    assert answer is not None
    assert (answer.result, answer.result_source, answer.diagnostic) == (1, 1, 3)
    assert endings(node_parts) == [Ending.REFUSED]


def test_callers_of_another_node_are_rejected_for_good(node: DicomNode) -> None:
    peer = call(node.port, called="PACS")

    answer = peer.acceptor.primitive
    assert answer is not None
    assert (answer.result, answer.result_source, answer.diagnostic) == (1, 1, 7)


def test_more_associations_than_the_limit_are_rejected_for_now(node: DicomNode) -> None:
    held = [call(node.port) for _ in range(8)]

    beyond = call(node.port)

    assert all(peer.is_established for peer in held)
    answer = beyond.acceptor.primitive
    assert answer is not None
    assert (answer.result, answer.result_source, answer.diagnostic) == (2, 3, 2)
    for peer in held:
        peer.release()


@pytest.mark.parametrize("sop_class", [PRIVATE_CLASS, RETIRED_CLASS])
def test_private_and_retired_classes_are_stored_too(
    node: DicomNode, node_parts: Parts, sop_class: str
) -> None:
    peer = call(node.port, contexts=[build_context(sop_class, ExplicitVRLittleEndian)])

    assert peer.send_c_store(sendable(SOPClassUID=sop_class)).Status == 0x0000
    peer.release()
    assert rows(node_parts, Instance)[0].sop_class_uid == sop_class


def test_services_that_are_not_storage_are_not_accepted(node: DicomNode) -> None:
    peer = call(
        node.port,
        contexts=[build_context(VERIFICATION), build_context(WORKLIST)],
    )

    assert [context.abstract_syntax for context in peer.accepted_contexts] == [VERIFICATION]
    peer.release()


def test_of_several_syntaxes_in_one_context_an_uncompressed_one_is_taken(node: DicomNode) -> None:
    offered = ["1.2.840.10008.1.2.4.90", ImplicitVRLittleEndian, ExplicitVRLittleEndian]
    peer = call(node.port, contexts=[build_context(CTImageStorage, offered)])

    assert peer.accepted_contexts[0].transfer_syntax == [ExplicitVRLittleEndian]
    peer.release()


def test_an_aborted_association_is_noted_and_keeps_what_it_brought(
    node: DicomNode, node_parts: Parts
) -> None:
    peer = call(node.port)
    peer.send_c_store(sendable())
    peer.abort()

    wait_for(lambda: endings(node_parts) == [Ending.ABORTED])
    assert len(rows(node_parts, Instance)) == 1


def test_a_broken_connection_is_noted(node: DicomNode, node_parts: Parts) -> None:
    peer = call(node.port)
    connection = peer.dul.socket.socket if peer.dul.socket else None
    assert connection is not None
    connection.shutdown(socket.SHUT_RDWR)

    wait_for(lambda: endings(node_parts) == [Ending.ABORTED])
    connection.close()  # pynetdicom leaves one open that was shut down before it


def test_noise_and_silence_do_not_stop_the_node(node: DicomNode) -> None:
    address = ("127.0.0.1", node.port)
    huge = struct.pack(">BBL", 1, 0, 0xFFFFFFFF)
    for noise in (b"GET / HTTP/1.1\r\n\r\n", b"\x01", huge + b"x" * 5000, b"\x04" * 500, b""):
        with socket.create_connection(address, 5) as stranger:
            stranger.sendall(noise)

    peer = call(node.port)
    assert peer.send_c_echo().Status == 0x0000
    peer.release()


def test_an_announced_pdu_beyond_every_limit_ends_the_connection(node: DicomNode) -> None:
    with socket.create_connection(("127.0.0.1", node.port), 5) as stranger:
        stranger.sendall(struct.pack(">BBL", 1, 0, 0xFFFFFFF0))

        assert stranger.recv(100) == b""


def test_an_idle_association_is_ended(node_parts: Parts, node_settings: NodeSettings) -> None:
    node = DicomNode(node_parts, node_settings.model_copy(update={"dicom_idle_seconds": 1}))
    node.start()
    peer = call(node.port)

    wait_for(lambda: endings(node_parts) == [Ending.ABORTED])
    node.stop()
    assert not peer.is_established or peer.is_aborted


def test_a_data_set_without_end_is_cut_off(node: DicomNode, node_parts: Parts) -> None:
    peer = call(node.port)

    status = peer.send_c_store(sendable(PixelData=bytes(60_000_000)))

    assert "Status" not in status
    assert rows(node_parts, Instance) == []


def test_an_instance_just_over_the_limit_is_refused_with_a_status(node: DicomNode) -> None:
    peer = call(node.port)

    assert peer.send_c_store(sendable(PixelData=bytes(40_100_000))).Status == 0x0213
    peer.release()


def test_senders_at_once_are_all_served(node: DicomNode, node_parts: Parts) -> None:
    study_uid = generate_uid()

    def send(_: int) -> list[int]:
        peer = call(node.port)
        answers = [peer.send_c_store(sendable(StudyInstanceUID=study_uid)).Status for _ in range(5)]
        peer.release()
        return answers

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send, range(4)))

    assert answers == [[0] * 5] * 4
    assert len(rows(node_parts, Instance)) == 20


def test_a_stopped_node_has_ended_every_association(
    node_parts: Parts, node_settings: NodeSettings
) -> None:
    node = DicomNode(node_parts, node_settings)
    node.start()
    peer = call(node.port)
    peer.send_c_store(sendable())

    node.stop()

    assert endings(node_parts) == [Ending.ABORTED]
    assert len(rows(node_parts, Instance)) == 1


def dcmtk(node: DicomNode, *command: str) -> subprocess.CompletedProcess[str]:
    program, *arguments = command
    return subprocess.run(
        [
            program,
            *("-aet", "MODALITY", "-aec", "VIGIL"),
            "127.0.0.1",
            str(node.port),
            *arguments,
        ],
        env={**os.environ, "TCP_NODELAY": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def files(folder: Path, count: int) -> list[str]:
    folder.mkdir()
    study_uid = generate_uid()
    names = []
    for number in range(count):
        path = folder / f"{number}.dcm"
        sendable(StudyInstanceUID=study_uid).save_as(path, enforce_file_format=True)
        names.append(str(path))
    return names


class TestDcmtk:
    pytestmark = needs_dcmtk

    def test_echoscu_is_answered(self, node: DicomNode) -> None:
        assert dcmtk(node, "echoscu").returncode == 0

    def test_storescu_sends_a_study(
        self, node: DicomNode, node_parts: Parts, tmp_path: Path
    ) -> None:
        sent = files(tmp_path / "study", 4)

        assert dcmtk(node, "storescu", *sent).returncode == 0
        assert len(rows(node_parts, Instance)) == 4

    def test_dcmsend_sends_a_study(
        self, node: DicomNode, node_parts: Parts, tmp_path: Path
    ) -> None:
        sent = files(tmp_path / "study", 4)

        assert dcmtk(node, "dcmsend", *sent).returncode == 0
        assert len(rows(node_parts, Instance)) == 4
