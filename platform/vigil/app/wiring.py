"""How the floors are joined: who hears which event, who keeps which gate, who does which task.

Everything that one floor may not import from a higher one is passed to it here.
"""

from collections.abc import Sequence

from inference.decisions.events import ReaderDecided
from inference.delivery import service as delivery
from inference.delivery.scu import DicomSender
from inference.delivery.tasks import DeliveryTasks
from inference.runs import planning
from inference.runs.analysis import Analyst
from inference.runs.events import RunFinished
from inference.runs.tasks import RunTasks
from inference.runtime.golden import PackageRunner
from inference.runtime.pool import Runtimes
from model_registry.deployments.gates import ReleaseGate
from model_registry.versions import service as versions
from model_registry.versions.tasks import VersionTasks
from surveillance.records.tasks import DECIDE, RECORD, SurveillanceTasks
from surveillance.reports import service as reports
from surveillance.reports.tasks import ReportTasks
from transparency_cards.cards.service import PublishedCard
from vigil.app.settings import Settings
from vigil.kernel.db import Database
from vigil.kernel.engine.engine import Engine
from vigil.kernel.engine.enqueue import TransactionalQueue
from vigil.kernel.events import Events
from vigil.kernel.keys import load_or_create
from vigil.kernel.objects import LocalObjectStore
from vigil.kernel.parts import Parts
from vigil.kernel.telemetry import new_registry

GATES: Sequence[ReleaseGate] = (PublishedCard(),)


def build_parts(settings: Settings) -> Parts:
    """Build what every process is made of."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database)
    parts = Parts(
        settings=settings,
        database=database,
        objects=LocalObjectStore(settings.objects),
        keys=load_or_create(settings.secret),
        events=Events(),
        queue=TransactionalQueue(database),
        metrics=new_registry(),
    )
    subscribe(parts)
    return parts


def subscribe(parts: Parts) -> None:
    """Let the upper floors hear what happens below."""
    watching = SurveillanceTasks(parts)
    parts.events.subscribe(RunFinished, watching.on_run_finished)
    parts.events.subscribe(ReaderDecided, watching.on_reader_decided)


def register_tasks(
    engine: Engine, parts: Parts, settings: Settings, runtimes: Runtimes
) -> None:
    """Name every workflow that a worker can run."""
    runs = RunTasks(parts, Analyst(parts.objects, runtimes))
    deliveries = DeliveryTasks(parts, DicomSender(settings.ae_title, settings.delivery_timeout), settings.delivery_backoff)
    watching = SurveillanceTasks(parts)
    runner = PackageRunner(settings)
    engine.register(planning.TASK, runs.execute)
    engine.register(delivery.TASK, deliveries.attempt)
    engine.register(versions.ADMIT, VersionTasks(parts, runner).admit)
    engine.register(RECORD, watching.record)
    engine.register(DECIDE, watching.decide)
    engine.register(reports.MAKE, ReportTasks(parts, settings.report_seconds).make)
