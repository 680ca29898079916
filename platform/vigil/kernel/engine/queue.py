"""What the rest of Vigil knows of the engine: how to enqueue work, and a workflow's shape."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Protocol, TypeVar

from vigil.kernel.db import WriteSession

Outcome = TypeVar("Outcome")


class Queue(Protocol):
    """Enqueue in the caller's transaction: row and work commit together or vanish together."""

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
        """Enqueue `task` with plain text arguments (ids, never data).

        Args:
            session: the transaction that the work belongs to.
            task: the name a workflow was registered under, such as `runs.execute`.
            arguments: ids.
            key: identity of this work: enqueuing the same key again does nothing.
            priority: lower runs first.
            partition: what limits concurrency within the queue, such as a model version.
            delay: how long to wait before the work may start.
        """


class Steps(Protocol):
    """What a workflow body is given to act with. The body itself must be deterministic."""

    def run(
        self,
        name: str,
        step: Callable[..., Outcome],
        *arguments: Any,
        attempts: int = 3,
        interval: float = 1.0,
    ) -> Outcome:
        """Do a step at least once and remember its outcome (JSON). External effects go here.

        Args:
            name: unique within the workflow.
            step: what to do; never called inside an open session.
            arguments: its arguments.
            attempts: how often it is tried; a rule's refusal (`errors.is_permanent`) is final.
            interval: seconds before the second try; doubles each time.

        Raises:
            StepFailed: it failed as often as it may; tells the step and the error's type.
            VigilError: a rule refused.
        """

    def transact(
        self,
        name: str,
        step: Callable[..., Outcome],
        *arguments: Any,
        attempts: int = 5,
        interval: float = 0.2,
    ) -> Outcome:
        """Do `step(session, *arguments)` exactly once: writes and outcome commit together.

        Arguments and errors are those of `run`. The outcome is JSON: it comes back as written,
        in the first execution as in a replay (a tuple as a list).
        """


# The body of a task: `body(steps, *arguments) -> None`, deterministic; all it does, steps do.
Workflow = Callable[..., None]
