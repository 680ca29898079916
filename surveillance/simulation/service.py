"""Ask for a trial of the engine, and read what it came to. Nothing here raises an alert."""

from collections.abc import Sequence
from datetime import date
from typing import Any, BinaryIO, Final

from model_registry.versions import service as versions
from surveillance.simulation import reading, repository
from surveillance.simulation.errors import BadQuestion, NoResult, UnknownSimulation
from surveillance.simulation.models import Simulation, SimulationKind, SimulationState
from surveillance.simulation.question import Question
from surveillance.simulation.uploads import REFERENCE, TABLE, Uploads
from vigil.kernel.audit import service as audit
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.engine.queue import Queue
from vigil.kernel.errors import Fault
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.objects import ObjectStore

RUN: Final = "simulation.run"
MOST_DAYS: Final = 3660


def simulate(
    session: WriteSession,
    actor: Actor,
    queue: Queue,
    uploads: Uploads,
    *,
    site_id: str,
    title: str,
    question: Question,
    document: BinaryIO,
    reference: BinaryIO | None,
    reason: str,
) -> Simulation:
    """Take a table, and ask for a run of the engine over it. Its columns are looked at now.

    Raises:
        BadTable: it is too large, no table, or has a column that it must not have.
    """
    actor.require(Permission.SURVEILLANCE_RUN, site_id)
    row = _row(
        session, actor, SimulationKind.TABLE, site_id, title, question.model_dump(mode="json")
    )
    row.has_reference = reference is not None
    uploads.clear(repository.unfinished(session))
    try:
        table = uploads.keep(row.id, TABLE, document)
        reading.columns_of(table, question.axes)
        if reference is not None:
            reading.columns_of(uploads.keep(row.id, REFERENCE, reference), needs_day=False)
        return _asked(session, actor, queue, row, reason)
    except Exception:
        uploads.delete(row.id)
        raise


def backfill(
    session: WriteSession,
    actor: Actor,
    queue: Queue,
    *,
    version_id: str,
    site_id: str,
    from_day: date,
    to_day: date,
    among: int | None,
    reason: str,
) -> Simulation:
    """Ask what the engine would have said of a version's history at a site.

    Raises:
        BadQuestion: the days are the wrong way round, or too many.
        UnknownVersion: there is none for this actor.
    """
    actor.require(Permission.SURVEILLANCE_RUN, site_id)
    version = versions.version(session, actor, version_id)
    check_days(from_day, to_day)
    question = {"from_day": from_day.isoformat(), "to_day": to_day.isoformat(), "among": among}
    title = f"Backfill {from_day} to {to_day}"
    row = _row(session, actor, SimulationKind.BACKFILL, site_id, title, question)
    row.version_id, row.total = version.id, (to_day - from_day).days + 1
    return _asked(session, actor, queue, row, reason)


def check_days(from_day: date, to_day: date) -> None:
    days = (to_day - from_day).days + 1
    if days < 1:
        fault = Fault("from_day", "after the last day", "Swap the two days")
        raise BadQuestion.because([fault])
    if days > MOST_DAYS:
        fault = Fault("from_day", f"{days:,} days", f"Ask for at most {MOST_DAYS:,}")
        raise BadQuestion.because([fault])


def simulation(session: ReadSession, actor: Actor, simulation_id: str) -> Simulation:
    """Return a simulation that the actor may read.

    Raises:
        UnknownSimulation: there is none, or not for this actor.
    """
    actor.require(Permission.SURVEILLANCE_READ)
    found = repository.simulation(session, actor, simulation_id)
    if found is None:
        raise UnknownSimulation("No simulation has this id.")
    return found


def simulations(
    session: ReadSession, actor: Actor, *, before: str | None = None, limit: int = 50
) -> Sequence[Simulation]:
    actor.require(Permission.SURVEILLANCE_READ)
    return repository.simulations(session, actor, before=before, limit=limit)


def result(session: ReadSession, actor: Actor, objects: ObjectStore, simulation_id: str) -> bytes:
    """Return the result as it was written, canonical JSON.

    Raises:
        NoResult: there is none yet.
    """
    row = simulation(session, actor, simulation_id)
    return objects.get(_made(row, row.result_digest))


def sheet(session: ReadSession, actor: Actor, objects: ObjectStore, simulation_id: str) -> bytes:
    """Return the result as one HTML page.

    Raises:
        NoResult: there is none yet.
    """
    row = simulation(session, actor, simulation_id)
    return objects.get(_made(row, row.html_digest))


def advance(session: WriteSession, simulation_id: str, done: int) -> str:
    """Note how far a simulation is."""
    row = session.get_one(Simulation, simulation_id)
    row.state, row.done = SimulationState.RUNNING.value, done
    session.add(row)
    session.flush()
    return row.state


def finish(session: WriteSession, actor: Actor, simulation_id: str, facts: dict[str, str]) -> str:
    """Note the result's digests."""
    row = session.get_one(Simulation, simulation_id)
    row.result_digest, row.html_digest = facts["result"], facts["html"]
    row.state, row.done, row.finished_at = SimulationState.FINISHED.value, row.total, session.now()
    session.add(row)
    session.flush()
    reason = "the result of what was asked for"
    audit.record(
        session, actor, "surveillance:simulation:finish", row.id, reason, result=row.result_digest
    )
    return row.state


def give_up(session: WriteSession, actor: Actor, simulation_id: str, why: str) -> str:
    """Note why there is no result."""
    row = session.get_one(Simulation, simulation_id)
    row.state, row.note = SimulationState.FAILED.value, why
    row.finished_at = session.now()
    session.add(row)
    session.flush()
    audit.record(session, actor, "surveillance:simulation:fail", row.id, why)
    return row.state


def _row(
    session: WriteSession,
    actor: Actor,
    kind: SimulationKind,
    site_id: str,
    title: str,
    question: dict[str, Any],
) -> Simulation:
    return Simulation(
        id=session.new_id("sim"),
        kind=kind.value,
        site_id=site_id,
        title=title,
        question=question,
        created_by=actor.id,
        created_at=session.now(),
    )


def _asked(
    session: WriteSession, actor: Actor, queue: Queue, row: Simulation, reason: str
) -> Simulation:
    session.add(row)
    session.flush()
    audit.record(
        session,
        actor,
        "surveillance:simulation:request",
        row.id,
        reason,
        kind=row.kind,
        site=row.site_id,
        version=row.version_id,
    )
    queue.enqueue(session, RUN, row.id, key=f"{RUN}:{row.id}")
    return row


def _made(row: Simulation, digest: str | None) -> str:
    if digest is None:
        raise NoResult(f"The simulation is {row.state}: {row.note or 'it has no result yet'}")
    return digest
