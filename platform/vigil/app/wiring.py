"""How the floors are joined: who hears which event, and who keeps which gate.

Everything that one floor may not import from a higher one is passed to it here.
"""

from collections.abc import Sequence

from inference.decisions.events import ReaderDecided
from inference.runs.events import RunFinished
from model_registry.deployments.gates import ReleaseGate
from surveillance.records.tasks import SurveillanceTasks
from transparency_cards.cards.service import PublishedCard
from vigil.app.settings import Settings
from vigil.kernel.db import Database
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
