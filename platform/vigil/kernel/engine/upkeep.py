"""What changes DBOS's ledger from outside a workflow. Never called inside an open write session.

On SQLite that would wait for itself: the session holds the lock that DBOS's own transaction needs.
"""

from datetime import datetime, timedelta

from dbos import DBOSClient

from vigil.kernel.db import Database
from vigil.kernel.engine import repository
from vigil.kernel.engine.ledger import PIPELINE
from vigil.kernel.engine.queues import queue_of

_BATCH = 500


class Upkeep:
    def __init__(self, database: Database, client: DBOSClient) -> None:
        self._database = database
        self._client = client

    def retry(self, work_id: str) -> bool:
        """Put failed work back into its queue, at the step that failed; says if it was there.

        The id stays, and with it what transactional steps have written: a fork would repeat it.
        """
        with self._database.read() as session:
            work = repository.one(session, work_id)
            step = repository.last_step(session, work_id)
        if work is None or work.state in repository.ACTIVE:
            return False
        first = 1 if step is None else step.number + (0 if step.failed else 1)
        self._client.rewind_workflow(
            work_id,
            start_step=first,
            application_version=PIPELINE,
            queue_name=queue_of(work.task),
            queue_partition_key=work.partition,
        )
        return True

    def resume(self, work_id: str, task: str) -> None:
        """Put work that nobody runs any more back into its queue."""
        self._client.resume_workflow(work_id, queue_name=queue_of(task))

    def delete_finished(self, before: datetime) -> int:
        """Delete finished work, with its outcomes; return how much.

        The outcomes go first: work without them is deleted next time, but outcomes without their
        work would make a later task of the same key believe that its steps were done.
        """
        deleted = 0
        while True:
            with self._database.read() as session:
                ids = repository.finished_before(session, _milliseconds(before), _BATCH)
            if not ids:
                return deleted
            with self._database.write() as session:
                repository.forget_outcomes(session, ids)
            self._client.delete_workflows(list(ids))
            deleted += len(ids)

    def forget_dead_workers(self, now: datetime) -> None:
        with self._database.write() as session:
            repository.forget_workers(session, now - timedelta(days=1))


def _milliseconds(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)
