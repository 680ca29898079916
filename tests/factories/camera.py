"""A camera that makes small radiographs and sends each until it is told that it was stored."""

import random
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from factories.pacs import Sockets, answers
from factories.studies import make_data_set
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian, generate_uid
from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.dsutils import encode

from vigil.kernel.objects import sha256

SIDE = 64
SUCCESS = 0x0000


def radiographs(patient: int, images: int, chance: random.Random) -> list[Dataset]:
    """One study of a patient's chest, in computed radiography, as noise."""
    study, series = generate_uid(), generate_uid()
    return [
        make_data_set(
            SOPClassUID=ComputedRadiographyImageStorage,
            Modality="CR",
            PatientID=f"TEST-{patient}",
            StudyInstanceUID=study,
            SeriesInstanceUID=series,
            Rows=SIDE,
            Columns=SIDE,
            PixelData=chance.randbytes(SIDE * SIDE * 2),
        )
        for _ in range(images)
    ]


@dataclass
class Camera:
    """Sends its studies one after the other, each over an association of its own.

    Attributes:
        pause: seconds that it takes for an image.
        patience: seconds for which it tries to send a study.
        acknowledged: digest of the data set of each instance that was answered with success.
        again: how often an instance had to be sent again, for want of an answer.
        failed: what was not acknowledged before the patience for it ended.
    """

    title: str
    port: int
    pause: float = 0.0
    patience: float = 120.0
    acknowledged: dict[str, str] = field(default_factory=dict)
    again: int = 0
    failed: list[str] = field(default_factory=list)

    def send_all(self, studies: Iterable[list[Dataset]]) -> None:
        for study in studies:
            self.send(study)

    def send(self, study: list[Dataset]) -> None:
        """Send until all of it is acknowledged; note what was not, when patience ends."""
        deadline = time.monotonic() + self.patience
        waiting = study
        while waiting and time.monotonic() < deadline:
            waiting = self._attempt(waiting)
            if waiting:
                time.sleep(0.2)
        self.failed += [str(one.SOPInstanceUID) for one in waiting]

    def start(self, studies: Iterable[list[Dataset]]) -> threading.Thread:
        thread = threading.Thread(target=self.send_all, args=(studies,), name=self.title)
        thread.start()
        return thread

    def _attempt(self, instances: list[Dataset]) -> list[Dataset]:
        """Return what was not acknowledged."""
        if not answers(self.port):
            return instances
        entity = AE(self.title)
        entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 10
        entity.add_requested_context(ComputedRadiographyImageStorage, ExplicitVRLittleEndian)
        sockets = Sockets()
        peer = entity.associate(
            "127.0.0.1", self.port, ae_title="VIGIL", evt_handlers=[sockets.handler]
        )
        waiting = [one for one in instances if not self._stored(peer, one)]
        if peer.is_established:
            peer.release()
        sockets.close()
        return waiting

    def _stored(self, peer: Association, instance: Dataset) -> bool:
        if not peer.is_established:
            return False
        time.sleep(self.pause)
        instance.file_meta = FileMetaDataset()
        instance.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        try:
            stored = bool(peer.send_c_store(instance).get("Status") == SUCCESS)
        except RuntimeError:
            # The node died between two instances.
            stored = False
        if stored:
            self.acknowledged[str(instance.SOPInstanceUID)] = _digest(instance)
        else:
            self.again += 1
        return stored


def _digest(instance: Dataset) -> str:
    """Return the digest of the data set as it went over the wire."""
    return sha256(encode(instance, is_implicit_vr=False, is_little_endian=True) or b"")
