"""A worker's watch over itself and the others: heartbeat, takeover, stuck work, old work.

A worker that is silent for `dead_after_seconds` is dead: its work in progress goes back to the
queues, again and again until none is left, because one recovery may fail half way. If the worker
was only slow, DBOS refuses what it still writes, and transactional steps meet in their key.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from dbos import DBOS

from vigil.kernel.db import Database
from vigil.kernel.engine import repository, status
from vigil.kernel.engine.ledger import PIPELINE
from vigil.kernel.engine.metrics import EngineMetrics
from vigil.kernel.engine.models import Worker
from vigil.kernel.engine.settings import EngineSettings
from vigil.kernel.engine.upkeep import Upkeep
from vigil.kernel.telemetry import logger

BEAT_SECONDS = 1.0
LOOK_SECONDS = 15.0
TIDY_SECONDS = 3600.0
_LOG = "kernel.engine"


@dataclass
class _Duty:
    """Something done every so often; a failure is logged and the duty goes on."""

    act: Callable[[], None]
    seconds: float
    due: float = 0.0


class Watch:
    def __init__(
        self,
        database: Database,
        settings: EngineSettings,
        worker_id: str,
        upkeep: Upkeep,
        metrics: EngineMetrics,
        active: Callable[[], frozenset[str]],
    ) -> None:
        self._database = database
        self._settings = settings
        self._worker_id = worker_id
        self._upkeep = upkeep
        self._metrics = metrics
        self._active = active
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="vigil-watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the watch and the worker's own row: others take over at once what it leaves."""
        self._stop.set()
        self._thread.join(timeout=10)
        with self._database.write() as session:
            if mine := repository.worker(session, self._worker_id):
                session.delete(mine)

    def beat(self) -> None:
        """Say that this worker lives."""
        with self._database.write() as session:
            now = repository.database_now(session)
            mine = repository.worker(session, self._worker_id)
            if mine is None:
                mine = Worker(id=self._worker_id, pipeline=PIPELINE, started_at=now, beat_at=now)
            mine.beat_at, mine.pipeline = now, PIPELINE
            session.add(mine)

    def take_over(self) -> None:
        """Put back into the queues what dead workers had in progress."""
        with self._database.read() as session:
            since = repository.database_now(session)
            since -= timedelta(seconds=self._settings.dead_after_seconds)
            alive = {w.id for w in repository.workers(session) if w.beat_at >= since}
            owners = set(repository.owners_of_running(session, PIPELINE))
        dead = owners - alive - {self._worker_id}
        for worker_id in sorted(dead):
            taken = len(DBOS._recover_pending_workflows([worker_id]))  # noqa: SLF001 - no other way
            self._metrics.recovered.inc(taken)
            logger(_LOG).warning("took over", worker=worker_id, pieces=taken)

    def look_for_stuck(self) -> None:
        """Report own work that does not move; start again what no thread runs any more."""
        with self._database.read() as session:
            now = repository.database_now(session).timestamp() * 1000
            limit = now - self._settings.stuck_after_seconds * 1000
            rows = repository.running(session, self._worker_id)
            stuck = [row for row in rows if max(row.moved_at, row.started_at or 0) < limit]
        self._metrics.stuck.set(len(stuck))
        active = self._active()
        for row in stuck:
            lost = row.id not in active
            logger(_LOG).error("stuck", work=row.id, task=row.task, resumed=lost)
            if lost:
                self._upkeep.resume(row.id, row.task)
                self._metrics.resumed.inc()

    def count(self) -> None:
        """Tell Prometheus of the queues."""
        with self._database.read() as session:
            self._metrics.show(status.depths(session))
            others = status.other_pipelines(session)
        self._metrics.other_pipelines.set(sum(other.pieces for other in others))
        for other in others:
            logger(_LOG).error("other pipeline", pipeline=other.pipeline, pieces=other.pieces)

    def tidy(self) -> None:
        """Delete work that is finished and old."""
        with self._database.read() as session:
            now = repository.database_now(session)
        self._upkeep.forget_dead_workers(now)
        days = self._settings.retention_days
        if deleted := self._upkeep.delete_finished(now - timedelta(days=days)):
            logger(_LOG).info("deleted old work", pieces=deleted, days=days)

    def _keep(self) -> None:
        duties = [
            _Duty(self.beat, BEAT_SECONDS),
            _Duty(self.take_over, BEAT_SECONDS),
            _Duty(self.look_for_stuck, LOOK_SECONDS),
            _Duty(self.count, LOOK_SECONDS),
            _Duty(self.tidy, TIDY_SECONDS),
        ]
        while not self._stop.wait(BEAT_SECONDS):
            for duty in duties:
                if duty.due <= time.monotonic():
                    duty.due = time.monotonic() + duty.seconds * 0.9
                    _attempt(duty)


def _attempt(duty: _Duty) -> None:
    try:
        duty.act()
    except Exception:  # noqa: BLE001 - the database may be away: the watch must outlive that
        logger(_LOG).error("watch", duty=duty.act.__name__, exc_info=True)
