"""From an event of inference to a record: enqueued with the event, written exactly once."""

from dataclasses import dataclass, replace
from functools import cached_property

from inference.decisions import repository as decisions
from inference.decisions.events import ReaderDecided
from inference.runs import service as runs
from inference.runs.events import RunFinished
from surveillance.records import reading, service
from surveillance.records.events import RunRecorded
from surveillance.records.vectors import Projector
from vigil.kernel.db import WriteSession
from vigil.kernel.engine.queue import Steps
from vigil.kernel.identity.actor import system_actor
from vigil.kernel.parts import Parts

RECORD = "surveillance.record"
DECIDE = "surveillance.decide"
ACTOR = system_actor("surveillance")


@dataclass(frozen=True)
class SurveillanceTasks:
    """The handlers of two events and the workflows that they enqueue."""

    parts: Parts

    @cached_property
    def projector(self) -> Projector:
        return Projector(self.parts.objects)

    def on_run_finished(self, session: WriteSession, event: RunFinished) -> None:
        self.parts.queue.enqueue(session, RECORD, event.run_id, key=f"{RECORD}:{event.run_id}")

    def on_reader_decided(self, session: WriteSession, event: ReaderDecided) -> None:
        key = f"{DECIDE}:{event.decision_id}"
        self.parts.queue.enqueue(session, DECIDE, event.decision_id, key=key)

    def record(self, steps: Steps, run_id: str) -> None:
        steps.transact("record", self._record, run_id)

    def decide(self, steps: Steps, decision_id: str) -> None:
        steps.transact("decide", self._decide, decision_id)

    def _record(self, session: WriteSession, run_id: str) -> int:
        found = reading.of_run(session, ACTOR, run_id)
        if found is None:
            return 0
        run = runs.run(session, ACTOR, run_id)
        of_vector = self.projector.of_run(session, ACTOR, run, found)
        found = replace(found, features={**found.features, **of_vector})
        rows = service.record_run(session, self.parts.keys, found)
        study = service.study_pseudonym(self.parts.keys, found)
        if rows and study is not None:
            self.parts.events.publish(session, RunRecorded(found.site_id, study))
        return rows

    def _decide(self, session: WriteSession, decision_id: str) -> int:
        """Bring the record up to the latest decision, whichever task of several comes last."""
        decision = decisions.decision(session, ACTOR, decision_id)
        if decision is None:
            return 0
        # The decision may overtake its run's own task; recording twice changes nothing.
        self._record(session, decision.run_id)
        latest = reading.decisions_of(session, ACTOR, decision.run_id)
        run = runs.run(session, ACTOR, decision.run_id)
        day = reading.day_of(run)
        took = reading.decision_time(session, ACTOR, run)
        service.set_numbers(session, self.parts.keys, run.id, took, day)
        return service.set_decisions(session, self.parts.keys, run.id, latest, day)
