"""The steps of one execution of a workflow, kept by DBOS and by our own table."""

from collections.abc import Callable
from typing import Any

from dbos import DBOS, StepOptions
from dbos._error import DBOSMaxStepRetriesExceeded

from vigil.kernel.db import Database
from vigil.kernel.engine.errors import RepeatedStep, is_permanent
from vigil.kernel.engine.journal import plain, step_failed
from vigil.kernel.engine.models import StepOutcome
from vigil.kernel.engine.queue import Outcome


class DurableSteps:
    def __init__(self, database: Database, work_id: str) -> None:
        self._database = database
        self._work_id = work_id
        self._names: set[str] = set()

    def run(
        self,
        name: str,
        step: Callable[..., Outcome],
        *arguments: Any,
        attempts: int = 3,
        interval: float = 1.0,
    ) -> Outcome:
        return self._do(name, lambda: plain(step(*arguments)), attempts, interval)

    def transact(
        self,
        name: str,
        step: Callable[..., Outcome],
        *arguments: Any,
        attempts: int = 5,
        interval: float = 0.2,
    ) -> Outcome:
        return self._do(name, lambda: self._once(name, step, arguments), attempts, interval)

    def _do(
        self, name: str, step: Callable[[], Outcome], attempts: int, interval: float
    ) -> Outcome:
        if name in self._names:
            raise RepeatedStep(f"The workflow has two steps named {name}: its replay would mix up.")
        self._names.add(name)
        options = StepOptions(
            name=name,
            retries_allowed=True,
            max_attempts=attempts,
            interval_seconds=interval,
            backoff_rate=2.0,
            should_retry=lambda error: not is_permanent(error),
        )
        try:
            return DBOS.run_step(options, step)
        except DBOSMaxStepRetriesExceeded as error:
            raise step_failed(error) from error.errors[-1]

    def _once(self, name: str, step: Callable[..., Outcome], arguments: tuple[Any, ...]) -> Outcome:
        # Two executions that overlap both come here; the primary key lets one of them commit.
        with self._database.write() as session:
            kept = session.get(StepOutcome, (self._work_id, name))
            if kept is not None:
                known: Outcome = kept.outcome
                return known
            outcome = plain(step(session, *arguments))
            session.add(
                StepOutcome(work_id=self._work_id, step=name, outcome=outcome, at=session.now())
            )
        return outcome
