"""The daily look at every stream, as durable work: asked for often, done once for each day."""

from dataclasses import dataclass
from datetime import date, timedelta

from surveillance.streams import evaluation
from vigil.kernel.db import WriteSession
from vigil.kernel.engine.queue import Steps
from vigil.kernel.identity.actor import system_actor
from vigil.kernel.parts import Parts

EVALUATE = "surveillance.evaluate"
ACTOR = system_actor("surveillance")


def ask_for_yesterday(parts: Parts, asked: date | None) -> date:
    """Ask for the evaluation of the last whole day, unless `asked` says that this was done.

    The day is the work's key: however many workers ask, and however often, it is done once.

    Returns:
        The day that is asked for now.
    """
    day = parts.database.clock().date() - timedelta(days=1)
    if day != asked:
        with parts.database.write() as session:
            parts.queue.enqueue(session, EVALUATE, day.isoformat(), key=day.isoformat())
    return day


@dataclass(frozen=True)
class EvaluationTasks:
    parts: Parts

    def evaluate(self, steps: Steps, day: str) -> None:
        """Judge every stream on `day` and raise the alerts that follow."""
        steps.transact("evaluate", self._evaluate, day)

    def _evaluate(self, session: WriteSession, day: str) -> int:
        _, raised = evaluation.evaluate(
            session, ACTOR, self.parts.events, day=date.fromisoformat(day)
        )
        return len(raised)
