"""Ask every destination each day whether it still answers, as durable work."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from inference.readiness import repository
from inference.readiness.checking import Asked, ask, keep
from model_registry.nodes import service as nodes
from vigil.kernel.db import WriteSession
from vigil.kernel.engine.queue import Steps
from vigil.kernel.errors import NotFound
from vigil.kernel.identity.actor import system_actor
from vigil.kernel.parts import Parts

CHECK = "readiness.check"
ACTOR = system_actor("readiness")


def ask_today(parts: Parts, asked: date | None) -> date:
    """Ask for today's C-ECHO of every active destination, unless `asked` says that this was done.

    Node and day are the work's key: however many workers ask, and however often, it is done once.

    Returns:
        The day that is asked for now.
    """
    day = parts.database.clock().date()
    if day != asked:
        with parts.database.write() as session:
            for node in repository.active_nodes(session, ACTOR):
                if node.is_destination:
                    key = f"{node.id}:{day.isoformat()}"
                    parts.queue.enqueue(session, CHECK, node.id, key=key, priority=9)
    return day


@dataclass(frozen=True)
class ReadinessTasks:
    parts: Parts

    def check(self, steps: Steps, node_id: str) -> None:
        """Ask one node, and keep what it answered."""
        asked = steps.run("ask", self._ask, node_id, attempts=1)
        if asked is not None:
            steps.transact("keep", self._keep, node_id, asked)

    def _ask(self, node_id: str) -> dict[str, Any] | None:
        with self.parts.database.read() as session:
            try:
                node = nodes.node_by_id(session, ACTOR, node_id)
            except NotFound:
                return None
        return ask(self.parts, node).as_json() if node.active else None

    def _keep(self, session: WriteSession, node_id: str, asked: dict[str, Any]) -> None:
        keep(session, ACTOR, nodes.node_by_id(session, ACTOR, node_id), Asked(**asked))
