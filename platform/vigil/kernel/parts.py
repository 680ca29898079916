"""The parts a process is made of: built once by `vigil.app.wiring`, passed to whoever asks."""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from vigil.kernel.db import Database
from vigil.kernel.engine.queue import Queue
from vigil.kernel.events import Events
from vigil.kernel.keys import Keys
from vigil.kernel.objects import ObjectStore
from vigil.kernel.settings import KernelSettings


@dataclass(frozen=True)
class Parts:
    settings: KernelSettings
    database: Database
    objects: ObjectStore
    keys: Keys
    events: Events
    queue: Queue
    metrics: CollectorRegistry
