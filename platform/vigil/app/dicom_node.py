"""The DICOM node's process: receives until it is told to stop."""

import signal
import threading

from inference.node.process import DicomNode
from vigil.app.settings import Settings, read
from vigil.app.wiring import build_parts
from vigil.kernel import telemetry
from vigil.kernel.telemetry import configure_logging, logger


def serve(settings: Settings) -> None:
    """Receive until SIGTERM or SIGINT."""
    configure_logging(settings.log_level)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    parts = build_parts(settings)
    telemetry.expose(parts.metrics, settings.http_host, settings.dicom_metrics_port)
    node = DicomNode(parts, settings)
    node.start()
    logger("node").info("listening", port=settings.dicom_port, ae_title=settings.ae_title)
    stop.wait()
    node.stop()
    logger("node").info("stopped")


if __name__ == "__main__":
    serve(read())
