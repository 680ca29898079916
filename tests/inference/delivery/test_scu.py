"""Sending to real archives, and to peers that misbehave as archives do."""

import io
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from factories.results import make_report
from pydicom import dcmread
from pydicom.uid import Comprehensive3DSRStorage, CTImageStorage, ImplicitVRLittleEndian
from pynetdicom import AE, evt

from inference.delivery.models import Cause, Failure
from inference.delivery.scu import DicomSender, Peer, Sent
from inference.results.sr import make_sr

SENDER = DicomSender("VIGIL", timeout=30)
# pynetdicom leaves the socket of a failed connection to the garbage collector.
unclosed = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


@contextmanager
def scp(
    status: int = 0x0000, sop_class: str = Comprehensive3DSRStorage, **options: Any
) -> Iterator[Peer]:
    """A peer that answers every C-STORE with this status."""
    entity = AE("PACS")
    entity.add_supported_context(sop_class, options.pop("syntax", None) or "1.2.840.10008.1.2.1")
    for name, value in options.items():
        setattr(entity, name, value)
    handlers: list[Any] = [(evt.EVT_C_STORE, lambda _event: status)]
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    assert server is not None
    try:
        yield Peer("PACS", "127.0.0.1", server.server_address[1])
    finally:
        server.shutdown()


@pytest.fixture(scope="module")
def data() -> bytes:
    return make_sr(make_report()).data


@pytest.mark.server
def test_dcmtk_receives_the_same_data_set(storescp: Any, data: bytes) -> None:
    with storescp.up():
        assert SENDER.send(data, storescp.peer) == Sent(status=0)

    received = dcmread(storescp.received()[0])
    assert received == dcmread(io.BytesIO(data))


@pytest.mark.server
def test_orthanc_lists_it_and_a_second_sending_adds_nothing(
    start_orthanc: Callable[..., Any], data: bytes
) -> None:
    orthanc = start_orthanc()

    assert SENDER.send(data, orthanc.peer).cause is None
    assert SENDER.send(data, orthanc.peer).cause is None

    assert orthanc.instances() == [make_sr(make_report()).sop_instance_uid]


@pytest.mark.server
def test_an_orthanc_that_does_not_know_us_refuses_for_good(
    start_orthanc: Callable[..., Any], data: bytes
) -> None:
    orthanc = start_orthanc(DicomCheckCalledAet=True)

    sent = SENDER.send(data, Peer("SOMEBODY", "127.0.0.1", orthanc.peer.port))

    assert sent.cause is Cause.NOT_RECOGNISED
    assert sent.cause.failure is Failure.PERMANENT


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (0x0000, None),
        (0xB000, None),
        (0xB006, None),
        (0xB007, None),
        (0x0111, None),
        (0xA700, Cause.BUSY),
        (0xA702, Cause.BUSY),
        (0x0213, Cause.BUSY),
        (0x0110, Cause.PEER_ERROR),
        (0xA900, Cause.REFUSED),
        (0xC000, Cause.REFUSED),
        (0xC211, Cause.REFUSED),
        (0x0122, Cause.NOT_SUPPORTED),
        (0x0124, Cause.REFUSED),
    ],
)
def test_each_status_has_its_meaning(status: int, cause: Cause | None, data: bytes) -> None:
    with scp(status) as peer:
        assert SENDER.send(data, peer) == Sent(status, cause)


def test_an_unknown_calling_title_is_permanent(data: bytes) -> None:
    with scp(require_calling_aet=["OTHER"]) as peer:
        assert SENDER.send(data, peer) == Sent(cause=Cause.NOT_RECOGNISED)


def test_a_peer_with_no_association_to_spare_is_busy(data: bytes) -> None:
    with scp(maximum_associations=1) as peer:
        entity = AE("OTHER")
        entity.add_requested_context(Comprehensive3DSRStorage)
        first = entity.associate(peer.host, peer.port, ae_title=peer.ae_title)
        assert SENDER.send(data, peer) == Sent(cause=Cause.BUSY)
        first.release()


def test_a_peer_that_takes_no_sr_does_not_support_it(data: bytes) -> None:
    with scp(sop_class=CTImageStorage) as peer:
        assert SENDER.send(data, peer) == Sent(cause=Cause.NOT_SUPPORTED)


def test_a_peer_that_takes_only_implicit_little_endian_gets_that(data: bytes) -> None:
    with scp(syntax=ImplicitVRLittleEndian) as peer:
        assert SENDER.send(data, peer) == Sent(status=0)


@unclosed
def test_a_closed_port_is_unreachable() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    sent = SENDER.send(make_sr(make_report()).data, Peer("PACS", "127.0.0.1", port))

    assert sent == Sent(cause=Cause.UNREACHABLE)
    assert Cause.UNREACHABLE.failure is Failure.TRANSIENT


@unclosed
def test_a_host_without_an_address_is_unreachable(data: bytes) -> None:
    assert SENDER.send(data, Peer("PACS", "no-such-host.invalid", 104)) == Sent(
        cause=Cause.UNREACHABLE
    )


def test_a_port_that_speaks_no_dicom_is_an_interruption(data: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            connection, _ = listener.accept()
            connection.recv(10)
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        sent = SENDER.send(data, Peer("PACS", "127.0.0.1", listener.getsockname()[1]))
        thread.join()

    assert sent == Sent(cause=Cause.INTERRUPTED)


@unclosed
def test_a_peer_that_never_answers_is_given_up_in_time(data: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        peer = Peer("PACS", "127.0.0.1", listener.getsockname()[1])
        sent = DicomSender("VIGIL", timeout=1).send(data, peer)

    assert sent.cause is not None
    assert sent.cause.failure is Failure.TRANSIENT
