"""One attempt at a message as a durable workflow: send, then note how it went."""

from typing import Any

from model_registry.webhooks import delivering
from model_registry.webhooks.sender import Answer, Cause, Sender
from vigil.kernel.db import WriteSession
from vigil.kernel.engine.errors import StepFailed
from vigil.kernel.engine.queue import Steps
from vigil.kernel.identity.actor import system_actor
from vigil.kernel.parts import Parts

ACTOR = system_actor("webhooks")


class WebhookTasks:
    """The workflow registered as `webhooks.deliver`."""

    def __init__(self, parts: Parts, sender: Sender) -> None:
        self.parts = parts
        self.sender = sender

    def deliver(self, steps: Steps, delivery_id: str, number: str) -> None:
        try:
            # Once only: the next attempt, after a wait, is a workflow of its own.
            outcome = steps.run("send", self._send, delivery_id, number, attempts=1)
        except StepFailed:
            outcome = _as_json(Answer(cause=Cause.FAULT))
        if outcome is not None:
            steps.transact("note", self._note, delivery_id, number, outcome)

    def _send(self, delivery_id: str, number: str) -> dict[str, Any] | None:
        with self.parts.database.read() as session:
            parcel = delivering.parcel(
                session, ACTOR, self.parts.keys, delivery_id=delivery_id, number=int(number)
            )
        if parcel is None:
            return None
        return _as_json(self.sender.send(parcel.url, parcel.body, parcel.headers, parcel.kind))

    def _note(
        self, session: WriteSession, delivery_id: str, number: str, outcome: dict[str, Any]
    ) -> None:
        cause = outcome["cause"]
        answer = Answer(outcome["status"], None if cause is None else Cause(cause))
        delivering.note(
            session,
            ACTOR,
            self.parts.queue,
            delivery_id=delivery_id,
            number=int(number),
            answer=answer,
        )


def _as_json(answer: Answer) -> dict[str, Any]:
    return {"status": answer.status, "cause": answer.cause}
