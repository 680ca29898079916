"""What can go wrong at the node.

Invalid
  Refused           the object cannot be filed; it is answered with a status and kept in quarantine
Forbidden
  CallerRefused     the association is refused: the calling or the called AE title is not known
Unavailable
  NoAnswer          a peer did not answer a C-ECHO
"""

from inference.node.status import Status
from vigil.kernel.errors import Forbidden, Invalid, Unavailable


class Refused(Invalid):
    title = "The object cannot be filed"

    def __init__(self, dicom_status: Status, comment: str) -> None:
        super().__init__(comment)
        self.dicom_status = dicom_status


class CallerRefused(Forbidden):
    """`reason` is the diagnostic of the A-ASSOCIATE-RJ (PS3.8 table 9-21)."""

    title = "The association is refused"

    def __init__(self, detail: str, reason: int) -> None:
        super().__init__(detail)
        self.reason = reason


class NoAnswer(Unavailable):
    title = "The peer does not answer"
