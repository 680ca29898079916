"""The daily look at every stream, as durable work: asked for often, done once for each day."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from surveillance.streams import comparison, evaluation, operations, sealing, silence
from vigil.kernel.db import WriteSession
from vigil.kernel.engine.queue import Steps
from vigil.kernel.identity.actor import system_actor
from vigil.kernel.parts import Parts

EVALUATE = "surveillance.evaluate"
LISTEN = "surveillance.listen"
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


def ask_this_hour(parts: Parts, asked: datetime | None) -> datetime:
    """Ask for a look at who is silent, once an hour, as `ask_for_yesterday` does once a day."""
    hour = parts.database.clock().replace(minute=0, second=0, microsecond=0)
    if hour != asked:
        with parts.database.write() as session:
            key = f"{LISTEN}:{hour.isoformat()}"
            parts.queue.enqueue(session, LISTEN, hour.isoformat(), key=key)
    return hour


@dataclass(frozen=True)
class EvaluationTasks:
    parts: Parts

    def evaluate(self, steps: Steps, day: str) -> None:
        """Judge every stream on `day` and raise the alerts that follow."""
        steps.transact("seal", self._seal, day)
        steps.transact("evaluate", self._evaluate, day)

    def listen(self, steps: Steps, _hour: str) -> None:
        """Raise an alert for every place that has been silent for too long."""
        steps.transact("listen", self._listen)

    def _listen(self, session: WriteSession) -> int:
        found = silence.assess_at(session, ACTOR, session.now())
        return len(evaluation.raise_alerts(session, ACTOR, self.parts.events, found))

    def _seal(self, session: WriteSession, day: str) -> int:
        return sealing.seal(session, date.fromisoformat(day))

    def _evaluate(self, session: WriteSession, day: str) -> int:
        until = date.fromisoformat(day)
        operations.refresh(session, until)
        comparison.refresh(session, until)
        _, raised = evaluation.evaluate(session, ACTOR, self.parts.events, day=until)
        return len(raised)
