"""Every real file, the odd ones too: the right status for each, from a node that goes on."""

import csv
import time
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest
from factories.node import call
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_partial
from pydicom.uid import ImplicitVRLittleEndian
from pynetdicom import build_context
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_STORE
from sqlmodel import select

from inference.node.models import Quarantine
from inference.node.process import DicomNode
from inference.node.syntaxes import TRANSFER_SYNTAXES, VERIFICATION, is_storage
from inference.studies.models import Instance
from vigil.kernel.parts import Parts

STORED, DUPLICATE, CANNOT_UNDERSTAND, MISMATCH = 0x0000, 0x0111, 0xC000, 0xA900
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
OWN_UID = "1.2.3.4"
# More contexts than this do not fit into one association (PS3.8 9.3.2.2: odd ids up to 255).
MOST_CONTEXTS = 128


@dataclass(frozen=True)
class RealFile:
    """A file as a sender that does not decode it would send it."""

    name: str
    odd: str
    sop_class: str
    sop_instance: str
    transfer_syntax: str
    data_set: bytes

    @property
    def context(self) -> tuple[str, str]:
        return self.sop_class, self.transfer_syntax


def real_files(folder: Path) -> Iterator[RealFile]:
    with (folder / "manifest.csv").open() as table:
        for row in csv.DictReader(table):
            file = _load(folder, row["file"], row["odd_or_broken"])
            if file.data_set and file.transfer_syntax in TRANSFER_SYNTAXES:
                yield file


def _load(folder: Path, name: str, odd: str) -> RealFile:
    raw = (folder / name).read_bytes()
    target = BytesIO(raw)
    try:
        # Stops at the first element after the meta information, and stands before it.
        meta = read_partial(target, stop_when=lambda *_: True).file_meta
    except InvalidDicomError:
        # No preamble: a sender would take the whole file for the data set.
        return RealFile(name, odd, SECONDARY_CAPTURE, OWN_UID, ImplicitVRLittleEndian, raw)
    sop_class = str(meta.get("MediaStorageSOPClassUID") or SECONDARY_CAPTURE)
    return RealFile(
        name,
        odd,
        sop_class if is_storage(sop_class) else SECONDARY_CAPTURE,
        str(meta.get("MediaStorageSOPInstanceUID") or OWN_UID),
        str(meta.get("TransferSyntaxUID") or ImplicitVRLittleEndian),
        raw[target.tell() :],
    )


def store(peer: Association, file: RealFile) -> int | None:
    """Send the bytes as they are, which `send_c_store` would decode and encode again."""
    [context] = [
        accepted.context_id
        for accepted in peer.accepted_contexts
        if (accepted.abstract_syntax, accepted.transfer_syntax[0]) == file.context
    ]
    assert context is not None
    request = C_STORE()
    request.MessageID = 1
    request.AffectedSOPClassUID = file.sop_class
    request.AffectedSOPInstanceUID = file.sop_instance
    request.Priority = 2
    request.DataSet = BytesIO(file.data_set)
    peer._reactor_checkpoint.clear()
    while not peer._is_paused:
        time.sleep(0.001)
    peer.dimse.send_msg(request, context)
    _, response = peer.dimse.get_msg(block=True)
    peer._reactor_checkpoint.set()
    return getattr(response, "Status", None)


@pytest.fixture
def files(realdata: Path) -> list[RealFile]:
    return list(real_files(realdata / "dicom"))


@pytest.mark.timeout(60)
def test_every_real_file_gets_the_right_status_and_the_node_goes_on(
    node: DicomNode, node_parts: Parts, files: list[RealFile]
) -> None:
    contexts = sorted({file.context for file in files})
    assert len(contexts) < MOST_CONTEXTS
    proposed = [build_context(*context) for context in contexts]
    peer = call(node.port, contexts=[build_context(VERIFICATION), *proposed])

    answers = {file.name: store(peer, file) for file in files}

    assert peer.send_c_echo().Status == STORED
    peer.release()
    assert len(answers) > 200
    assert set(answers.values()) == {STORED, DUPLICATE, CANNOT_UNDERSTAND, MISMATCH}
    seen: set[str] = set()
    for file in files:
        assert answers[file.name] in allowed(file, file.sop_instance in seen), file.name
        if answers[file.name] == STORED:
            seen.add(file.sop_instance)
    with node_parts.database.read() as session:
        kept = session.exec(select(Instance)).all()
        quarantined = session.exec(select(Quarantine)).all()
    assert {instance.sop_instance_uid for instance in kept} == seen
    for row in quarantined:
        assert node_parts.objects.exists(row.object_digest)
    for instance in kept:
        assert node_parts.objects.exists(instance.digest)


def allowed(file: RealFile, is_known: bool) -> set[int]:
    """What the manifest's notes allow. Test suites re-encode one file many times."""
    if "meta/data SOPInstanceUID mismatch" in file.odd:
        return {MISMATCH, CANNOT_UNDERSTAND}
    if "empty dataset" in file.odd:
        # Cut off within the pixel data, where pydicom gives up all and the node reads no further.
        return {STORED, DUPLICATE}
    if "no SOPInstanceUID" in file.odd or "no preamble" in file.odd:
        return {MISMATCH, CANNOT_UNDERSTAND, DUPLICATE}
    if "strict read fails" in file.odd:
        return {CANNOT_UNDERSTAND}
    if is_known:
        return {STORED, DUPLICATE}
    # Some of the oldest images have no Patient ID, and some of these no Study UID either.
    return {STORED} | ({CANNOT_UNDERSTAND} if "PatientID" in file.odd else set())
