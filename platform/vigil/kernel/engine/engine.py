"""The engine of a worker process: it takes work from the queues and brings it to its end."""

from collections.abc import Callable

from dbos import DBOS, DBOSConfig
from prometheus_client import CollectorRegistry

from vigil.kernel.db import Database
from vigil.kernel.engine.journal import JsonSerializer
from vigil.kernel.engine.ledger import (
    APPLICATION,
    PIPELINE,
    open_client,
    open_ledger,
    prepare,
)
from vigil.kernel.engine.metrics import EngineMetrics
from vigil.kernel.engine.queue import Steps, Workflow
from vigil.kernel.engine.queues import limits
from vigil.kernel.engine.settings import EngineSettings
from vigil.kernel.engine.slot import Slot
from vigil.kernel.engine.status import RETRY
from vigil.kernel.engine.steps import DurableSteps
from vigil.kernel.engine.tables import DBOS_SCHEMA
from vigil.kernel.engine.upkeep import Upkeep
from vigil.kernel.engine.watch import Watch

MAX_STARTS = 10


class Engine:
    """One a process: DBOS keeps its instance and its register of workflows in globals."""

    def __init__(
        self, database: Database, settings: EngineSettings, metrics: CollectorRegistry
    ) -> None:
        self._database = database
        self._settings = settings
        self._slot = Slot(settings.data_dir, settings.worker_slot)
        self._ledger = open_ledger(database)
        self._client = open_client(self._ledger)
        self._upkeep = Upkeep(database, self._client)
        self._workflows: dict[str, Workflow] = {RETRY: self._retry}
        self._watch = Watch(
            database,
            settings,
            self._slot.worker_id,
            self._upkeep,
            EngineMetrics(metrics),
            self._active,
        )

    @property
    def worker_id(self) -> str:
        return self._slot.worker_id

    def register(self, task: str, workflow: Workflow) -> None:
        """Name the workflow of a task, before `launch`. Its queue follows from the name."""
        self._workflows[task] = workflow

    def launch(self) -> None:
        """Begin to work, first on what this worker had in progress when it last ended.

        Raises:
            SlotTaken: another process on this machine has this worker's slot.
        """
        self._slot.acquire()
        prepare(self._database)
        self._register_queues()
        self._dbos = DBOS(config=self._config())
        for task, workflow in self._workflows.items():
            DBOS.workflow(name=task, max_recovery_attempts=MAX_STARTS)(self._body(workflow))
        # Before DBOS: a worker that holds work but never beat is taken for dead.
        self._watch.beat()
        DBOS.launch()
        self._watch.start()

    def shutdown(self, wait_seconds: int = 5) -> None:
        """Take no more work, and give what is in progress some time to end."""
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=wait_seconds)
        self._watch.stop()
        self._client.destroy()
        self._ledger.dispose()
        self._slot.release()

    def _config(self) -> DBOSConfig:
        return DBOSConfig(
            name=APPLICATION,
            system_database_engine=self._ledger,
            dbos_system_schema=DBOS_SCHEMA,
            run_migrations=False,
            application_version=PIPELINE,
            executor_id=self._slot.worker_id,
            serializer=JsonSerializer(),
            log_level="WARNING",
            enable_otlp=False,
        )

    def _register_queues(self) -> None:
        # Before DBOS is launched, which looks for new queues only now and then.
        for queue in limits(self._settings):
            self._client.register_queue(
                queue.name,
                worker_concurrency=queue.at_once,
                partition_worker_concurrency=queue.per_partition,
                polling_interval_sec=queue.poll_seconds,
                on_conflict="always_update",
            )

    def _body(self, workflow: Workflow) -> Callable[..., None]:
        def body(*arguments: str) -> None:
            work_id = DBOS.workflow_id
            if work_id is None:
                raise RuntimeError("a workflow was called directly: enqueue it")
            workflow(DurableSteps(self._database, work_id), *arguments)

        return body

    def _active(self) -> frozenset[str]:
        """Return the ids of what a thread of this process is running now."""
        return frozenset(self._dbos._active_workflows_set.activeList())  # noqa: SLF001 - no other way

    def _retry(self, steps: Steps, *arguments: str) -> None:
        steps.run("put back", self._upkeep.retry, *arguments)
