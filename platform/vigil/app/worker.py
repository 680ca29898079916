"""The worker process: does durable work, and closes studies when they are complete."""

import signal
import threading

from inference.runs.closing import close_due
from inference.runtime.pool import Runtimes
from vigil.app.settings import Settings
from vigil.app.wiring import build_parts, register_tasks
from vigil.kernel.engine.engine import Engine
from vigil.kernel.telemetry import configure_logging, logger

TICK_SECONDS = 0.5


def serve(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT."""
    configure_logging(settings.log_level)
    parts = build_parts(settings)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    runtimes = Runtimes(settings)
    engine = Engine(parts.database, settings, parts.metrics)
    register_tasks(engine, parts, settings, runtimes)
    engine.launch()
    log = logger("worker")
    log.info("working", worker=engine.worker_id)
    while not stop.wait(TICK_SECONDS):
        try:
            close_due(parts, settings.completeness)
        except Exception as error:  # noqa: BLE001 - the database may be away; it comes back
            log.error("studies not looked at", exc_info=error)
    engine.shutdown()
    runtimes.close()
    log.info("stopped")
