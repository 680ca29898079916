"""One attempt at a delivery as a durable workflow: send, then note how it went."""

from typing import Any

from inference.delivery import attempts
from inference.delivery.backoff import Backoff
from inference.delivery.models import Cause
from inference.delivery.scu import Sender, Sent
from vigil.kernel.db import WriteSession
from vigil.kernel.engine.errors import StepFailed
from vigil.kernel.engine.queue import Steps
from vigil.kernel.errors import NotFound
from vigil.kernel.identity.actor import system_actor
from vigil.kernel.parts import Parts

ACTOR = system_actor("worker")


class DeliveryTasks:
    """The workflow registered as `deliveries.attempt`."""

    def __init__(self, parts: Parts, sender: Sender, backoff: Backoff) -> None:
        self.parts = parts
        self.sender = sender
        self.backoff = backoff

    def attempt(self, steps: Steps, delivery_id: str, number: str) -> None:
        outcome = self._outcome(steps, delivery_id, number)
        if outcome is not None and "held" in outcome:
            steps.transact("hold", self._hold, delivery_id, number, outcome["held"])
        elif outcome is not None:
            steps.transact("note", self._note, delivery_id, number, outcome)

    def _outcome(self, steps: Steps, delivery_id: str, number: str) -> dict[str, Any] | None:
        try:
            # Once only: the next attempt, after a wait, is a workflow of its own.
            return steps.run("send", self._send, delivery_id, number, attempts=1)
        except NotFound:
            return _as_json(Sent(cause=Cause.MISSING))
        except StepFailed:
            return _as_json(Sent(cause=Cause.FAULT))

    def _send(self, delivery_id: str, number: str) -> dict[str, Any] | None:
        with self.parts.database.read() as session:
            parcel = attempts.parcel(session, ACTOR, delivery_id=delivery_id, number=int(number))
        if parcel is None:
            return None
        if parcel.held is not None:
            return {"held": parcel.held}
        if parcel.peer is None:
            return _as_json(Sent(cause=Cause.RETIRED))
        return _as_json(self.sender.send(self.parts.objects.get(parcel.digest), parcel.peer))

    def _hold(self, session: WriteSession, delivery_id: str, number: str, why: str) -> None:
        attempts.hold(
            session,
            ACTOR,
            self.parts.queue,
            delivery_id=delivery_id,
            number=int(number),
            why=why,
        )

    def _note(
        self, session: WriteSession, delivery_id: str, number: str, outcome: dict[str, Any]
    ) -> None:
        cause = outcome["cause"]
        attempts.note(
            session,
            ACTOR,
            self.parts.queue,
            self.backoff,
            delivery_id=delivery_id,
            number=int(number),
            sent=Sent(outcome["status"], None if cause is None else Cause(cause)),
        )


def _as_json(sent: Sent) -> dict[str, Any]:
    return {"status": sent.status, "cause": sent.cause}
