"""How the floors are joined: who hears which event, and who keeps which gate.

Everything that one floor may not import from a higher one is passed to it here.
"""

from collections.abc import Sequence

from inference.decisions.events import ReaderDecided
from inference.runs.events import RunFinished
from model_registry.approvals.service import VersionGate
from model_registry.deployments import service as deployments
from model_registry.deployments.gates import ReleaseGate
from model_registry.safety.events import AcceptanceSigned
from model_registry.versions.events import VersionWithdrawn
from surveillance.local_tests.planned import PlannedTests
from surveillance.local_tests.reference import LocalTestEvents
from surveillance.records.events import RunRecorded
from surveillance.records.tasks import SurveillanceTasks
from surveillance.truth import service as truth
from transparency_cards.cards.service import PublishedCard
from vigil.app.settings import Settings
from vigil.kernel.db import Database, WriteSession
from vigil.kernel.engine.enqueue import TransactionalQueue
from vigil.kernel.events import Events
from vigil.kernel.identity.actor import system_actor
from vigil.kernel.keys import load_or_create
from vigil.kernel.objects import LocalObjectStore
from vigil.kernel.parts import Parts
from vigil.kernel.private import private_folder
from vigil.kernel.telemetry import new_registry

# What the approval of a version rests on beside the registry's own evidence, whatever the site.
VERSION_GATES: Sequence[VersionGate] = (PublishedCard(),)
GATES: Sequence[ReleaseGate] = (PublishedCard(), PlannedTests())


def build_parts(settings: Settings) -> Parts:
    """Build what every process is made of."""
    private_folder(settings.data_dir)
    private_folder(settings.objects)
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
    parts.events.subscribe(VersionWithdrawn, _suspend_withdrawn)
    parts.events.subscribe(RunFinished, watching.on_run_finished)
    parts.events.subscribe(ReaderDecided, watching.on_reader_decided)
    parts.events.subscribe(RunRecorded, truth.on_run_recorded)
    parts.events.subscribe(AcceptanceSigned, LocalTestEvents(parts).on_acceptance_signed)


def _suspend_withdrawn(session: WriteSession, event: VersionWithdrawn) -> None:
    """Stop a version everywhere: whoever withdrew it need not be able to suspend it there."""
    reason = f"The version was withdrawn: {event.reason}"
    deployments.suspend_all_of(session, system_actor("registry"), event.version_id, reason)
