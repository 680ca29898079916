"""C-ECHO as a client: does a peer answer (PS3.4 annex A)?"""

import time

from pynetdicom import AE

from inference.node.errors import NoAnswer
from inference.node.status import Status
from inference.node.syntaxes import VERIFICATION

SECONDS = 10


def echo(host: str, port: int, *, calling_ae: str, called_ae: str) -> float:
    """Ask a peer for an answer; return how many seconds it took, association included.

    Raises:
        NoAnswer: no connection, the association refused, or an answer that is not success.
    """
    began = time.perf_counter()
    entity = AE(calling_ae)
    entity.connection_timeout = entity.acse_timeout = entity.dimse_timeout = SECONDS
    entity.add_requested_context(VERIFICATION)
    association = entity.associate(host, port, ae_title=called_ae)
    if association.is_rejected:
        raise NoAnswer(f"{called_ae} refused the association. Is {calling_ae} known to it?")
    if not association.is_established:
        raise NoAnswer(f"{host}:{port} did not accept an association.")
    status = association.send_c_echo()
    association.release()
    if status.get("Status") != Status.SUCCESS:
        raise NoAnswer(f"{called_ae} did not answer the C-ECHO with success.")
    return time.perf_counter() - began
