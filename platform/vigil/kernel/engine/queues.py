"""The queues, as data: few, because each is polled.

A task's queue follows from the first word of its name, so that a process which runs no work, such
as the DICOM node, knows where to put it.
"""

from dataclasses import dataclass

from vigil.kernel.engine.settings import EngineSettings

DEFAULT = "default"
_QUEUES = {
    "run": "runs",
    "runs": "runs",
    "delivery": "deliveries",
    "deliveries": "deliveries",
    "report": "reports",
    "reports": "reports",
    "webhooks": "outside",
    "readiness": "outside",
}
_PARTITIONED = frozenset({"runs"})


@dataclass(frozen=True)
class QueueLimits:
    """How much of a queue one worker does at once, in all and of one partition."""

    name: str
    at_once: int
    per_partition: int | None = None
    poll_seconds: float = 0.1


def limits(settings: EngineSettings) -> tuple[QueueLimits, ...]:
    """Return every queue. A reading room waits for runs and deliveries, nobody for a report."""
    runs = settings.run_concurrency
    return (
        QueueLimits("runs", at_once=runs * 4, per_partition=runs),
        QueueLimits("deliveries", at_once=8, poll_seconds=0.2),
        QueueLimits("reports", at_once=1, poll_seconds=1.0),
        # Waits for programs and peers of others, some of which never answer.
        QueueLimits("outside", at_once=16, poll_seconds=0.5),
        QueueLimits(DEFAULT, at_once=8, poll_seconds=0.25),
    )


def queue_of(task: str) -> str:
    """Return the queue of `task`: that of `runs.execute` is `runs`."""
    return _QUEUES.get(task.partition(".")[0], DEFAULT)


def partition_of(task: str, wanted: str | None) -> str | None:
    """Return the partition to enqueue under: a partitioned queue never runs work that has none."""
    return (wanted or task) if queue_of(task) in _PARTITIONED else None
