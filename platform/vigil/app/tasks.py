"""Every workflow that a worker can run, under the name it is enqueued by."""

from inference.delivery import service as delivery
from inference.delivery.scu import DicomSender
from inference.delivery.tasks import DeliveryTasks
from inference.readiness.tasks import CHECK, ReadinessTasks
from inference.runs import planning
from inference.runs.analysis import Analyst
from inference.runs.tasks import RunTasks
from inference.runtime.golden import PackageRunner
from inference.runtime.pool import Runtimes
from model_registry.submissions.rehearsal import REHEARSE
from model_registry.submissions.tasks import SubmissionTasks
from model_registry.versions import service as versions
from model_registry.versions.tasks import VersionTasks
from model_registry.webhooks import delivering as webhooks
from model_registry.webhooks.sender import HttpSender
from model_registry.webhooks.settings import hosts_of
from model_registry.webhooks.tasks import WebhookTasks
from surveillance.local_tests import service as local_tests
from surveillance.local_tests.tasks import LocalTestTasks
from surveillance.records.tasks import DECIDE, RECORD, SurveillanceTasks
from surveillance.reports import service as reports
from surveillance.reports.rendering import Renderer
from surveillance.reports.tasks import SCHEDULE, ReportTasks
from surveillance.simulation import service as simulation
from surveillance.simulation.tasks import SimulationTasks
from surveillance.streams.tasks import EVALUATE, LISTEN, EvaluationTasks
from vigil.app.settings import Settings
from vigil.kernel.engine.queue import Workflow
from vigil.kernel.parts import Parts


def workflows(parts: Parts, settings: Settings, runtimes: Runtimes) -> dict[str, Workflow]:
    """Return the workflow of each task."""
    sender = DicomSender(settings.ae_title, settings.delivery_timeout)
    watching = SurveillanceTasks(parts)
    messenger = HttpSender(hosts_of(settings), settings.webhook_timeout)
    renderer = Renderer(settings.report_seconds, settings.report_megabytes)
    reporting = ReportTasks(parts, renderer)
    analyst = Analyst(parts.objects, runtimes)
    return {
        planning.TASK: RunTasks(parts, analyst).execute,
        local_tests.RUN: LocalTestTasks(parts, analyst).run,
        delivery.TASK: DeliveryTasks(parts, sender, settings.delivery_backoff).attempt,
        versions.ADMIT: VersionTasks(parts, PackageRunner(settings)).admit,
        REHEARSE: SubmissionTasks(parts, PackageRunner(settings)).rehearse,
        RECORD: watching.record,
        DECIDE: watching.decide,
        EVALUATE: EvaluationTasks(parts).evaluate,
        LISTEN: EvaluationTasks(parts).listen,
        CHECK: ReadinessTasks(parts).check,
        webhooks.TASK: WebhookTasks(parts, messenger).deliver,
        simulation.RUN: SimulationTasks(parts).run,
        reports.MAKE: reporting.make,
        SCHEDULE: reporting.schedule,
    }
