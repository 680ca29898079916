"""C-ECHO as a client: does a peer answer (PS3.4 annex A)?"""

import socket
import time
from typing import Any

from pynetdicom import AE, evt

from inference.node.errors import NoAnswer
from inference.node.status import Status
from inference.node.syntaxes import VERIFICATION

SECONDS = 10
# A-ASSOCIATE-RJ, PS3.8 table 9-21: the service user's reasons 3 and 7, and what is only for now.
_CALLING_UNKNOWN, _CALLED_UNKNOWN = (1, 3), (1, 7)
_TRANSIENT = 2


def echo(
    host: str, port: int, *, calling_ae: str, called_ae: str, seconds: float = SECONDS
) -> float:
    """Ask a peer for an answer; return how many seconds it took, association included.

    `seconds` is what each of connection, association and answer may take.

    Raises:
        NoAnswer: no connection, the association refused, or an answer that is not success; says
            which, and what to do about it.
    """
    began = time.perf_counter()
    _require_address(host, port)
    connected: list[bool] = []
    entity = AE(calling_ae)
    entity.connection_timeout = entity.acse_timeout = entity.dimse_timeout = seconds
    entity.add_requested_context(VERIFICATION)
    noted: Any = (evt.EVT_CONN_OPEN, lambda _: connected.append(True))
    association = entity.associate(host, port, ae_title=called_ae, evt_handlers=[noted])
    if association.is_rejected:
        raise _rejected(association.acceptor.primitive, calling_ae, called_ae)
    if not association.is_established:
        raise _not_established(f"{host}:{port}", bool(connected), bool(association.is_aborted))
    status = association.send_c_echo()
    answered = status.get("Status")
    if association.is_established:
        association.release()
    if answered is None:
        raise NoAnswer(
            f"{called_ae} took the association and did not answer the C-ECHO in time. "
            "Ask its administrator whether it offers the Verification service."
        )
    if answered != Status.SUCCESS:
        raise NoAnswer(
            f"{called_ae} answered the C-ECHO with status {answered:04X}. "
            "Ask its administrator what it means there."
        )
    return time.perf_counter() - began


def _require_address(host: str, port: int) -> None:
    try:
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        raise NoAnswer(
            f"The name {host} has no address. Correct the node's host, or ask for a DNS entry."
        ) from None


def _rejected(primitive: Any, calling_ae: str, called_ae: str) -> NoAnswer:
    why = (primitive.result_source, primitive.diagnostic)
    if why == _CALLING_UNKNOWN:
        return NoAnswer(
            f"{called_ae} does not know {calling_ae}. "
            f"Have {calling_ae} entered as a peer there, with this server's address."
        )
    if why == _CALLED_UNKNOWN:
        return NoAnswer(
            f"What answers there is not {called_ae}. Correct the node's AE title, host or port."
        )
    if primitive.result == _TRANSIENT:
        return NoAnswer(f"{called_ae} refused for now. Check again in some minutes.")
    return NoAnswer(
        f"{called_ae} refused the association (source {why[0]}, reason {why[1]}). "
        f"Ask its administrator to let {calling_ae} in."
    )


def _not_established(address: str, connected: bool, aborted: bool) -> NoAnswer:
    if not connected:
        return NoAnswer(
            f"Nothing accepts a connection at {address}. "
            "See that the peer runs, that host and port are right, and that a firewall lets us out."
        )
    if aborted:
        return NoAnswer(
            f"{address} accepted the connection and ended it without an answer. "
            "See that it is a DICOM port, without TLS."
        )
    return NoAnswer(
        f"{address} offers no Verification service. Ask its administrator to allow C-ECHO."
    )
