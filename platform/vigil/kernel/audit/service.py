"""Write the audit in the transaction of the deed, and prove that nothing in it was changed.

Each event's hash is SHA-256 over the hash before it and the event itself, so that a change, a
deletion or an insertion anywhere breaks every hash after it (design invariant 10). What is cut off
at the end only a head noted elsewhere can show: `verify` gives it and takes it.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC
from typing import Any

import sqlalchemy as sa

from vigil.kernel.audit import repository
from vigil.kernel.audit.models import AuditEvent
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.errors import Fault, Invalid
from vigil.kernel.identity.actor import Actor

GENESIS = "0" * 64
# One writer at a time may extend the chain. SQLite has but one writer; PostgreSQL takes this lock.
_CHAIN_LOCK = 0x76_69_67_69_6C
_PENDING = "vigil.audit.pending"


@dataclass(frozen=True)
class Verdict:
    """What a walk along the chain found. `broken_at` is the first bad sequence number."""

    events: int
    head: str
    broken_at: int | None = None

    @property
    def holds(self) -> bool:
        return self.broken_at is None


def audience(actor: Actor) -> str | None:
    """Return whose events the actor may read: None for all, which is the network's and Vigil's.

    An event names no site, so that a hospital's people read what their own organisation did
    (design invariant 12). The chain's verdict is everybody's.
    """
    return None if actor.sites is None else actor.organisation_id or ""


def record(
    session: WriteSession,
    actor: Actor,
    tag: str,
    subject: str,
    reason: str,
    **detail: Any,
) -> None:
    """Note a deed; it is written when the session's block ends, with everything else.

    Args:
        session: the transaction of the deed.
        actor: who did it.
        tag: `source:subject:action`, such as `manager:deployment:approve`.
        subject: the id of what it was done to.
        reason: why, in the actor's words.
        detail: facts for the reader of the audit; JSON, never a patient identifier.
    """
    if not reason.strip():
        raise Invalid.because([Fault("reason", "empty", "Say why, in a sentence")])
    pending: list[AuditEvent] = session.info.setdefault(_PENDING, [])
    if not pending:
        session.before_commit.append(lambda: _write(session, session.info.pop(_PENDING)))
    pending.append(
        AuditEvent(
            sequence=0,
            at=session.now(),
            actor_id=actor.id,
            actor_label=actor.label,
            organisation_id=actor.organisation_id,
            tag=tag,
            subject=subject,
            reason=reason,
            detail=detail,
            previous_hash="",
            hash="",
        )
    )


def verify(session: ReadSession, expected_head: str | None = None) -> Verdict:
    """Walk the whole chain. With `expected_head`, that event must still be in it."""
    previous, count, seen = GENESIS, 0, expected_head is None
    for event in repository.chain(session):
        count += 1
        if event.sequence != count or event.previous_hash != previous or event.hash != _hash(event):
            return Verdict(count, previous, broken_at=count)
        previous = event.hash
        seen = seen or event.hash == expected_head
    return Verdict(count, previous, broken_at=None if seen else count + 1)


def _write(session: WriteSession, events: Iterable[AuditEvent]) -> None:
    # Taken last, so that the lock is held for an instant and not for the whole transaction.
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CHAIN_LOCK})
    head = repository.head(session)
    sequence, previous = (head.sequence, head.hash) if head else (0, GENESIS)
    for event in events:
        sequence += 1
        event.sequence, event.previous_hash = sequence, previous
        event.hash = previous = _hash(event)
        session.add(event)
    session.flush()


def _hash(event: AuditEvent) -> str:
    fields = event.model_dump(exclude={"hash", "at"})
    fields["at"] = event.at.astimezone(UTC).isoformat(timespec="microseconds")
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
