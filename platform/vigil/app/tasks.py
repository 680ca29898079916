"""Every workflow that a worker can run, under the name it is enqueued by."""

from inference.delivery import service as delivery
from inference.delivery.scu import DicomSender
from inference.delivery.tasks import DeliveryTasks
from inference.runs import planning
from inference.runs.analysis import Analyst
from inference.runs.tasks import RunTasks
from inference.runtime.golden import PackageRunner
from inference.runtime.pool import Runtimes
from model_registry.versions import service as versions
from model_registry.versions.tasks import VersionTasks
from surveillance.records.tasks import DECIDE, RECORD, SurveillanceTasks
from surveillance.reports import service as reports
from surveillance.reports.tasks import ReportTasks
from surveillance.streams.tasks import EVALUATE, EvaluationTasks
from vigil.app.settings import Settings
from vigil.kernel.engine.queue import Workflow
from vigil.kernel.parts import Parts


def workflows(parts: Parts, settings: Settings, runtimes: Runtimes) -> dict[str, Workflow]:
    """Return the workflow of each task."""
    sender = DicomSender(settings.ae_title, settings.delivery_timeout)
    watching = SurveillanceTasks(parts)
    return {
        planning.TASK: RunTasks(parts, Analyst(parts.objects, runtimes)).execute,
        delivery.TASK: DeliveryTasks(parts, sender, settings.delivery_backoff).attempt,
        versions.ADMIT: VersionTasks(parts, PackageRunner(settings)).admit,
        RECORD: watching.record,
        DECIDE: watching.decide,
        EVALUATE: EvaluationTasks(parts).evaluate,
        reports.MAKE: ReportTasks(parts, settings.report_seconds).make,
    }
