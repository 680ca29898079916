"""The worker process: does durable work, and closes studies when they are complete."""

import signal
import threading
from dataclasses import dataclass
from datetime import date, datetime

from inference.readiness.tasks import ask_today
from inference.runs.closing import close_due
from inference.runs.runtime_watch import tell_change
from inference.runtime.pool import Runtimes
from model_registry.webhooks.outbox import collect
from surveillance.reports.tasks import ask_for_scheduled
from surveillance.streams.tasks import ask_for_yesterday, ask_this_hour
from vigil.app.settings import Settings, read
from vigil.app.tasks import workflows
from vigil.app.wiring import build_parts
from vigil.kernel import telemetry
from vigil.kernel.engine.engine import Engine
from vigil.kernel.identity.actor import system_actor
from vigil.kernel.parts import Parts
from vigil.kernel.telemetry import configure_logging, logger

TICK_SECONDS = 0.5


@dataclass
class Ticks:
    """What a worker looks for twice a second. One that fails does not hold up the others."""

    parts: Parts
    settings: Settings
    evaluated: date | None = None
    listened: datetime | None = None
    echoed: date | None = None
    scheduled: date | None = None

    def do(self) -> None:
        looked = (self.evaluate, self.listen, self.echo, self.schedule)
        for deed in (self.close_studies, *looked, self.tell):
            try:
                deed()
            except Exception as error:
                log = logger("worker")
                log.error("tick failed", deed=deed.__name__, exc_info=error)  # noqa: TRY400 - by type and place only

    def close_studies(self) -> None:
        close_due(self.parts, self.settings.completeness)

    def evaluate(self) -> None:
        self.evaluated = ask_for_yesterday(self.parts, self.evaluated)

    def listen(self) -> None:
        self.listened = ask_this_hour(self.parts, self.listened)

    def echo(self) -> None:
        self.echoed = ask_today(self.parts, self.echoed)

    def schedule(self) -> None:
        self.scheduled = ask_for_scheduled(self.parts, self.scheduled)

    def tell(self) -> None:
        collect(self.parts)


def serve(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT."""
    configure_logging(settings.log_level)
    parts = build_parts(settings)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with parts.database.write() as session:
        tell_change(session, system_actor("worker"))
    telemetry.expose(parts.metrics, settings.http_host, settings.worker_metrics_port)
    runtimes = Runtimes(settings)
    engine = Engine(parts.database, settings, parts.metrics)
    for task, workflow in workflows(parts, settings, runtimes).items():
        engine.register(task, workflow)
    engine.launch()
    log = logger("worker")
    log.info("working", worker=engine.worker_id)
    ticks = Ticks(parts, settings)
    while not stop.wait(TICK_SECONDS):
        ticks.do()
    engine.shutdown()
    runtimes.close()
    log.info("stopped")


if __name__ == "__main__":
    serve(read())
