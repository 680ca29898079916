"""Callers of the node, and a receiver with an open association, for tests of receiving."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from factories.studies import make_data_set
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian
from pynetdicom import AE, build_context
from pynetdicom.association import Association

from inference.node.service import OpenAssociation, Receiver
from inference.node.syntaxes import VERIFICATION


@dataclass(frozen=True)
class Door:
    """A receiver, and an association with it that a known source holds open."""

    receiver: Receiver
    association: OpenAssociation


def call(port: int, calling: str = "MODALITY", called: str = "VIGIL", **named: Any) -> Association:
    """Ask the node on this port for an association."""
    entity = AE(calling)
    entity.acse_timeout = entity.dimse_timeout = 20
    contexts = named.pop("contexts", None) or [
        build_context(VERIFICATION),
        build_context(DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian),
    ]
    return entity.associate("127.0.0.1", port, contexts, ae_title=called, **named)


def sendable(**changes: Any) -> Dataset:
    """A data set that pynetdicom sends, and that can be saved as a file."""
    return with_meta(make_data_set(**changes))


def with_meta(data_set: Dataset) -> Dataset:
    data_set.file_meta = FileMetaDataset()
    data_set.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return data_set


def send(port: int, data_sets: Iterable[Dataset]) -> list[int | None]:
    """Send over one association; return each status, None where there was no answer."""
    peer = call(port)
    answers = [peer.send_c_store(with_meta(one)).get("Status") for one in data_sets]
    if peer.is_established:
        peer.release()
    return answers
