"""Ask a node by C-ECHO and keep what it answered.

The database is read before and written after: nobody waits for a peer with a transaction open.
"""

import time
from dataclasses import asdict, dataclass
from typing import Any

from inference.node.echo import SECONDS, echo
from inference.node.errors import NoAnswer
from inference.node.settings import own_ae_title
from inference.readiness.models import EchoProof
from model_registry.nodes import service as nodes
from model_registry.nodes.models import Node
from vigil.kernel.audit import service as audit
from vigil.kernel.db import WriteSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.parts import Parts

# Somebody waits for the answer: less patience than a worker has.
WATCHED_SECONDS = 5


@dataclass(frozen=True)
class Asked:
    """How a C-ECHO went."""

    ok: bool
    said: str
    seconds: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def check_now(parts: Parts, actor: Actor, node_id: str) -> EchoProof:
    """Ask a node now, for somebody who waits."""
    with parts.database.read() as session:
        node = nodes.node_by_id(session, actor, node_id)
        actor.require(Permission.READINESS_WRITE, node.site_id)
    asked = ask(parts, node, seconds=WATCHED_SECONDS)
    with parts.database.write() as session:
        return keep(session, actor, node, asked)


def ask(parts: Parts, node: Node, *, seconds: float = SECONDS) -> Asked:
    """Send a C-ECHO; what goes wrong is an answer too. Never called inside a session."""
    began = time.perf_counter()
    try:
        taken = echo(
            node.host,
            node.port,
            calling_ae=own_ae_title(parts.settings),
            called_ae=node.ae_title,
            seconds=seconds,
        )
    except NoAnswer as error:
        return Asked(ok=False, said=error.detail, seconds=time.perf_counter() - began)
    return Asked(ok=True, said=f"{node.ae_title} answered.", seconds=taken)


def keep(session: WriteSession, actor: Actor, node: Node, asked: Asked) -> EchoProof:
    proof = EchoProof(
        id=session.new_id("ech"),
        node_id=node.id,
        site_id=node.site_id,
        at=session.now(),
        ok=asked.ok,
        said=asked.said,
        seconds=round(asked.seconds, 4),
        by=actor.id,
    )
    session.add(proof)
    session.flush()
    audit.record(session, actor, "readiness:node:echo", node.id, asked.said, ok=asked.ok)
    return proof
