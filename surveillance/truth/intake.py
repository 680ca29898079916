"""Take in a table: a batch is known by its content, every line has a verdict, nothing is lost."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from surveillance.truth import repository
from surveillance.truth.lines import Line, digest
from surveillance.truth.models import TruthBatch
from surveillance.truth.verdicts import REFUSED, Verdict
from vigil.kernel.audit import service as audit
from vigil.kernel.db import WriteSession
from vigil.kernel.identity.actor import Actor

Verdicts = Mapping[int, Verdict]


@dataclass(frozen=True)
class Sent:
    """A table with where it came from."""

    kind: str
    site_id: str
    source: str
    reason: str
    lines: Sequence[Line]


@dataclass(frozen=True)
class Taken:
    """What came of a table.

    Attributes:
        again: the same was sent before; only what could not be taken then was tried now.
        lines: the verdicts of the lines that were tried now.
    """

    batch: TruthBatch
    again: bool
    lines: Verdicts

    @property
    def refused(self) -> dict[int, Verdict]:
        return {number: one for number, one in sorted(self.lines.items()) if one in REFUSED}


def take(
    session: WriteSession, actor: Actor, sent: Sent, judge: Callable[[str, list[Line]], Verdicts]
) -> Taken:
    """Judge what is new of a table; `judge` gets the batch's id and keeps what it accepts."""
    batch, again = _batch(session, actor, sent)
    tried = [line for line in sent.lines if not again or str(line.number) in batch.open_lines]
    found = judge(batch.id, tried) if tried else {}
    # A line that was refused before has one verdict still: that of now.
    counts = Counter(batch.verdicts)
    counts.subtract(batch.open_lines.values())
    counts.update(one.value for one in found.values())
    batch.verdicts = {name: n for name, n in sorted(counts.items()) if n}
    batch.open_lines = {str(line): one.value for line, one in found.items() if one in REFUSED}
    session.add(batch)
    session.flush()
    audit.record(
        session,
        actor,
        f"surveillance:truth:{sent.kind}",
        batch.id,
        sent.reason,
        site=sent.site_id,
        source=sent.source,
        rows=batch.rows,
        times=batch.times,
        verdicts=batch.verdicts,
    )
    return Taken(batch, again=again, lines=found)


def _batch(session: WriteSession, actor: Actor, sent: Sent) -> tuple[TruthBatch, bool]:
    """Return the batch of this content, made if it is new, and whether it was there."""
    batch_id = f"bat_{digest(sent.kind, sent.site_id, sent.lines)}"
    held = repository.batch_locked(session, batch_id)
    if held is not None:
        held.times += 1
        return held, True
    made = TruthBatch(
        id=batch_id,
        site_id=sent.site_id,
        kind=sent.kind,
        source=sent.source,
        rows=len(sent.lines),
        verdicts={},
        open_lines={},
        sent_by=actor.id,
        sent_at=session.now(),
        reason=sent.reason,
    )
    session.add(made)
    session.flush()
    return made, False
