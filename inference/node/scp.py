"""The node on the network: pynetdicom's upper layer and service classes around the receiver.

Three of pynetdicom's habits are changed here. It copies all supported contexts for each
association, so it is given only those that the peer proposes. It believes any PDU length and
collects a data set without limit, so both are bounded. And it can drop an association without an
event, so what ends one is the end of its thread.
"""

import socket
import threading
from collections.abc import Callable, Iterable
from socketserver import TCPServer
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import AE, _config, build_context, evt
from pynetdicom.association import Association
from pynetdicom.events import Event
from pynetdicom.pdu import P_DATA_TF
from pynetdicom.pdu_primitives import SOPClassCommonExtendedNegotiation
from pynetdicom.presentation import PresentationContext
from pynetdicom.transport import RequestHandler, ThreadedAssociationServer

from inference.associations.models import Ending
from inference.node.errors import CallerRefused
from inference.node.part10 import (
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
    SentInstance,
)
from inference.node.service import DATABASE_AWAY, OpenAssociation, Receiver
from inference.node.settings import NodeSettings
from inference.node.status import Answer, Status
from inference.node.syntaxes import TRANSFER_SYNTAXES, VERIFICATION, is_storage
from vigil.kernel.telemetry import logger

MAX_PDU = 131_072
# An A-ASSOCIATE-RQ with 128 contexts is larger than a P-DATA-TF may be.
LONGEST_PDU = 1 << 20
ACSE_SECONDS = 15
_LOOK_SECONDS = 0.25
_STORAGE_SERVICE_CLASS = "1.2.840.10008.4.2"
# A-ASSOCIATE-RJ (PS3.8 table 9-21): result, source, reason.
_PERMANENT, _TRANSIENT = 1, 2
_USER, _PRESENTATION = 1, 3
_CONGESTION = 1


class StorageScp:
    """Listens, and hands what arrives to the receiver."""

    def __init__(self, receiver: Receiver, settings: NodeSettings) -> None:
        self.receiver = receiver
        self.settings = settings
        self._open: dict[Association, OpenAssociation] = {}
        self._ends = threading.Condition()
        self._log = logger("inference.node")
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port it listens on: the one that the system chose where 0 was set."""
        if self._server is None:
            raise RuntimeError("the node does not listen")
        return int(self._server.server_address[1])

    def start(self) -> None:
        # pynetdicom formats every PDU and message for its log, whatever the log's level.
        _config.LOG_HANDLER_LEVEL = "none"
        entity = AE(self.settings.ae_title)
        entity.implementation_class_uid = IMPLEMENTATION_CLASS_UID
        entity.implementation_version_name = IMPLEMENTATION_VERSION_NAME
        entity.maximum_pdu_size = MAX_PDU
        entity.maximum_associations = self.settings.max_associations
        entity.network_timeout = self.settings.dicom_idle_seconds
        entity.acse_timeout = ACSE_SECONDS
        entity.dimse_timeout = self.settings.dicom_idle_seconds
        self._server = _Server(
            entity,
            (self.settings.dicom_host, self.settings.dicom_port),
            self.settings.ae_title,
            [build_context(VERIFICATION)],
            evt_handlers=[
                (evt.EVT_REQUESTED, self._requested),
                (evt.EVT_SOP_COMMON, self._common),
                (evt.EVT_PDU_RECV, self._bounded),
                (evt.EVT_C_STORE, self._store),
            ],
            request_handler=_Handler,
            ended=self._ended,
        )
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, name="dicom-node"
        )
        self._thread.start()

    def stop(self, seconds: float = 10) -> None:
        """Stop listening, abort what is open and wait until each end is noted."""
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._thread.join(seconds)
        for association in list(self._open):
            association.abort()
        with self._ends:
            self._ends.wait_for(lambda: not self._open, seconds)
        self._server = self._thread = None

    def _requested(self, event: Event) -> None:
        association = event.assoc
        request: Any = association.requestor.primitive
        try:
            opened = self.receiver.accept(
                request.calling_ae_title, request.called_ae_title, _host(association)
            )
        except CallerRefused as refused:
            association.acse.send_reject(_PERMANENT, _USER, refused.reason)
            association.kill()
        except DATABASE_AWAY as error:
            self._log.error("database", exc_info=error)
            association.acse.send_reject(_TRANSIENT, _PRESENTATION, _CONGESTION)
            association.kill()
        else:
            self._open[association] = opened
            proposed = request.presentation_context_definition_list
            association.acceptor.supported_contexts = _supported(proposed)

    def _common(self, event: Event) -> dict[str, SOPClassCommonExtendedNegotiation]:
        # Private and retired SOP classes are unknown to pynetdicom: this names their service.
        return {
            str(context.abstract_syntax): _as_storage(str(context.abstract_syntax))
            for context in event.assoc.acceptor.supported_contexts
            if context.abstract_syntax != VERIFICATION
        }

    def _bounded(self, event: Event) -> None:
        message = event.assoc.dimse.message
        if not isinstance(event.pdu, P_DATA_TF) or message is None or not message.data_set:
            return
        # The receiver refuses what is a little too large with a status; this ends a flood.
        if message.data_set.tell() > self.receiver.limit + LONGEST_PDU:
            self._log.warning("instance too large, association aborted")
            event.assoc.abort()

    def _store(self, event: Event) -> Dataset:
        request: Any = event.request
        opened = self._open[event.assoc]
        sent = SentInstance(
            str(request.AffectedSOPClassUID),
            str(request.AffectedSOPInstanceUID),
            str(event.context.transfer_syntax),
            event.encoded_dataset(include_meta=False),
        )
        return _response(self.receiver.receive(opened, sent))

    def _ended(self, association: Association) -> None:
        opened = self._open.get(association)
        if opened is None:
            return
        ending = Ending.RELEASED if association.is_released else Ending.ABORTED
        if association.is_rejected:
            ending = Ending.REFUSED
        try:
            self.receiver.end(opened, ending)
        except DATABASE_AWAY as error:
            # It stays open in the database until the next start marks it lost.
            self._log.error("database", exc_info=error)
        finally:
            with self._ends:
                del self._open[association]
                self._ends.notify_all()


class _Handler(RequestHandler):
    """One connection's thread. It waits for the association, so that its end is never missed."""

    server: "_Server"

    def handle(self) -> None:
        association = self._create_association()
        _bound(association)
        association.start()
        while association.is_alive():
            association.join(_LOOK_SECONDS)
            _wake(association)
        self.server.ended(association)
        self.server.shutdown_request(self.request)


class _Server(ThreadedAssociationServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, *arguments: Any, ended: Callable[[Association], None], **named: Any) -> None:
        self.ended = ended
        super().__init__(*arguments, **named)

    def get_request(self) -> tuple[socket.socket, Any]:
        client, address = super().get_request()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Or a peer that stops within a PDU would hold its thread for ever.
        client.settimeout(self.ae.network_timeout)
        return client, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        logger("inference.node").exception("connection failed")

    def shutdown(self) -> None:
        # pynetdicom's own also asks the AE to forget a server that it must have started itself.
        TCPServer.shutdown(self)
        self.server_close()


def _wake(association: Association) -> None:
    # A caller that went away without a word would be waited for until the ACSE timeout.
    upper_layer: Any = association.dul
    was_started = upper_layer.ident is not None
    if was_started and not upper_layer.is_alive() and association.requestor.primitive is None:
        upper_layer.to_user_queue.put(None)


def _bound(association: Association) -> None:
    connection: Any = association.dul.socket
    receive: Callable[[int], bytearray] = connection.recv

    def bounded(length: int) -> bytearray:
        if length > LONGEST_PDU:
            raise ConnectionError("the peer announced a PDU beyond every limit")
        return receive(length)

    connection.recv = bounded


def _host(association: Association) -> str:
    information = association.requestor.address_info
    return information.address if information else ""


def _supported(proposed: Iterable[PresentationContext]) -> list[PresentationContext]:
    """Return what the node supports of the contexts that a peer proposes."""
    offered: dict[str, set[str]] = {}
    for context in proposed:
        syntaxes = offered.setdefault(str(context.abstract_syntax), set())
        syntaxes.update(str(syntax) for syntax in context.transfer_syntax)
    supported = [build_context(VERIFICATION)]
    for abstract, syntaxes in offered.items():
        taken = [syntax for syntax in TRANSFER_SYNTAXES if syntax in syntaxes]
        if taken and is_storage(abstract):
            supported.append(build_context(abstract, taken))
    return supported


def _as_storage(sop_class_uid: str) -> SOPClassCommonExtendedNegotiation:
    item = SOPClassCommonExtendedNegotiation()
    item.sop_class_uid = sop_class_uid
    item.service_class_uid = _STORAGE_SERVICE_CLASS
    return item


def _response(answer: Answer) -> Dataset:
    response = Dataset()
    response.Status = int(answer.status)
    if answer.status is not Status.SUCCESS:
        response.ErrorComment = answer.comment
    return response
