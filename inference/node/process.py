"""The node as a process runs it: settle what was left behind, listen, stop cleanly."""

import socket
import threading

from inference.node import recovery
from inference.node.scp import StorageScp
from inference.node.service import DATABASE_AWAY, Receiver
from inference.node.settings import NodeSettings
from vigil.kernel.errors import VigilError
from vigil.kernel.parts import Parts
from vigil.kernel.telemetry import logger


class DicomNode:
    """One node of this host. Two on one host have different ports, and so different names."""

    def __init__(self, parts: Parts, settings: NodeSettings) -> None:
        name = f"{settings.ae_title}@{socket.gethostname()}:{settings.dicom_port}"
        self.receiver = Receiver(parts, settings, name)
        self.scp = StorageScp(self.receiver, settings)
        self._recovering: threading.Thread | None = None

    @property
    def port(self) -> int:
        return self.scp.port

    def start(self) -> None:
        """Listen, and meanwhile file what a node before this one had not indexed."""
        recovery.close_lost(self.receiver)
        self.scp.start()
        self._recovering = threading.Thread(target=self._recover, name="recovery", daemon=True)
        self._recovering.start()

    def stop(self) -> None:
        self.scp.stop()
        if self._recovering is not None:
            self._recovering.join(1)

    def _recover(self) -> None:
        try:
            self.receiver.parts.objects.discard_abandoned()
            recovery.file_unindexed(self.receiver)
        except (VigilError, OSError, *DATABASE_AWAY) as error:
            # What is left is found again at the next start.
            logger("inference.node").error("recovery", exc_info=error)
