"""Send one object over one association: the storage service class user (PS3.4 annex B)."""

import io
import socket
from dataclasses import dataclass
from typing import Any, Protocol

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, evt
from pynetdicom.association import Association

from inference.delivery.models import Cause
from inference.delivery.status import cause_of, is_stored

# A-ASSOCIATE result and reasons, PS3.8 9.3.4.
_ACCEPTED = 0
_REJECTED_TRANSIENT = 2
_SERVICE_USER = 1
_AE_NOT_RECOGNISED = {3, 7}
CONNECT_SECONDS = 10.0


@dataclass(frozen=True)
class Peer:
    """Where to send: an application entity at an address."""

    ae_title: str
    host: str
    port: int


@dataclass(frozen=True)
class Sent:
    """How a sending went: `cause` is None where the peer has the object."""

    status: int | None = None
    cause: Cause | None = None


class Sender(Protocol):
    def send(self, data: bytes, peer: Peer) -> Sent: ...


class DicomSender:
    """Sends objects as `ae_title`, waiting at most `timeout` seconds for each answer."""

    def __init__(self, ae_title: str, timeout: float) -> None:
        self.ae_title = ae_title
        self.timeout = timeout

    def send(self, data: bytes, peer: Peer) -> Sent:
        dataset = dcmread(io.BytesIO(data))
        opened: list[bool] = []
        try:
            association = self._associate(dataset, peer, opened)
        except OSError:
            return Sent(cause=Cause.UNREACHABLE)
        if not association.is_established:
            return Sent(cause=_cause_of_no_association(association, opened))
        try:
            return _store(association, dataset)
        finally:
            association.release()

    def _associate(self, dataset: Dataset, peer: Peer, opened: list[bool]) -> Association:
        entity = AE(self.ae_title)
        entity.connection_timeout = min(self.timeout, CONNECT_SECONDS)
        entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = self.timeout
        # Implicit VR Little Endian is the one that every peer must take (PS3.5 10.1).
        for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian):
            entity.add_requested_context(dataset.SOPClassUID, syntax)

        def on_open(event: Any) -> None:
            # Requests are small and wait for their answers: nothing is won by holding them back.
            opened.append(True)
            event.assoc.dul.socket.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        return entity.associate(
            peer.host,
            peer.port,
            ae_title=peer.ae_title,
            evt_handlers=[(evt.EVT_CONN_OPEN, on_open)],
        )


def _store(association: Association, dataset: Dataset) -> Sent:
    try:
        answer = association.send_c_store(dataset)
    except ValueError:
        return Sent(cause=Cause.NOT_SUPPORTED)
    except RuntimeError:
        # The peer ended the association between accepting it and taking the object.
        return Sent(cause=Cause.INTERRUPTED)
    if "Status" not in answer:
        broken = association.is_aborted or association.is_released
        return Sent(cause=Cause.INTERRUPTED if broken else Cause.NO_ANSWER)
    status = int(answer.Status)
    return Sent(status, None if is_stored(status) else cause_of(status))


def _cause_of_no_association(association: Association, opened: list[bool]) -> Cause:
    answer = association.acceptor.primitive
    if not opened:
        return Cause.UNREACHABLE
    if answer is None or answer.result is None:
        return Cause.INTERRUPTED
    if answer.result == _ACCEPTED:
        return Cause.NOT_SUPPORTED
    if answer.result == _REJECTED_TRANSIENT:
        return Cause.BUSY
    if answer.result_source == _SERVICE_USER and answer.diagnostic in _AE_NOT_RECOGNISED:
        return Cause.NOT_RECOGNISED
    return Cause.REFUSED
