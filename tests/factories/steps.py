"""The engine's steps, done at once: what a workflow's body is given when no engine runs."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from vigil.kernel.db import Database
from vigil.kernel.engine.errors import RepeatedStep, StepFailed, is_permanent

Outcome = TypeVar("Outcome")


@dataclass
class InlineSteps:
    """Does each step here and now, as often as it may be tried, and remembers its outcome.

    As in the engine an outcome is what JSON leaves of it, an error that a rule raised passes, and
    any other becomes `StepFailed`. A second execution with `again()` finds the outcomes of the
    first.
    """

    database: Database
    outcomes: dict[str, Any] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)

    def again(self) -> "InlineSteps":
        """The steps of the same work, as a worker finds them that takes it over."""
        return InlineSteps(self.database, self.outcomes)

    def run(
        self,
        name: str,
        step: Callable[..., Outcome],
        *arguments: Any,
        attempts: int = 3,
        interval: float = 0,
    ) -> Outcome:
        return self._do(name, lambda: step(*arguments), attempts)

    def transact(
        self,
        name: str,
        step: Callable[..., Outcome],
        *arguments: Any,
        attempts: int = 5,
        interval: float = 0,
    ) -> Outcome:
        def in_one_transaction() -> Outcome:
            with self.database.write() as session:
                return step(session, *arguments)

        return self._do(name, in_one_transaction, attempts)

    def _do(self, name: str, step: Callable[[], Outcome], attempts: int) -> Outcome:
        if name in self.names:
            raise RepeatedStep(name)
        self.names.append(name)
        if name not in self.outcomes:
            self.outcomes[name] = json.loads(json.dumps(_tried(name, step, attempts)))
        outcome: Outcome = self.outcomes[name]
        return outcome


def _tried(name: str, step: Callable[[], Outcome], attempts: int) -> Outcome:
    errors: list[Exception] = []
    while len(errors) < attempts:
        try:
            return step()
        except Exception as error:
            if is_permanent(error):
                raise
            errors.append(error)
    raise StepFailed(name, type(errors[-1]).__name__, attempts) from errors[-1]
