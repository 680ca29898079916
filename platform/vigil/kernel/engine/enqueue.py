"""Enqueue work in the caller's transaction, from any process: web, DICOM node, command line."""

from datetime import timedelta

from dbos import EnqueueOptions

from vigil.kernel.db import Database, WriteSession
from vigil.kernel.engine.ledger import open_client
from vigil.kernel.engine.queues import partition_of, queue_of


class TransactionalQueue:
    """The `Queue` of every process. The ledger's tables must exist (`ledger.prepare`)."""

    def __init__(self, database: Database) -> None:
        self._client = open_client(database.engine)

    def enqueue(
        self,
        session: WriteSession,
        task: str,
        *arguments: str,
        key: str,
        priority: int = 5,
        partition: str | None = None,
        delay: timedelta | None = None,
    ) -> None:
        options = EnqueueOptions(
            workflow_name=task,
            queue_name=queue_of(task),
            workflow_id=work_id(task, key),
            priority=priority,
        )
        if delay:
            options["delay_seconds"] = delay.total_seconds()
        if chosen := partition_of(task, partition):
            options["queue_partition_key"] = chosen
        self._client.enqueue_in_transaction(session, options, *arguments)


def work_id(task: str, key: str) -> str:
    """Return the identity of a piece of work: a key is the task's own."""
    return f"{task}:{key}"
