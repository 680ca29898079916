"""Queries for simulations, each within the sites the actor may read."""

from collections.abc import Sequence

from sqlmodel import col, select

from surveillance.simulation.models import Simulation, SimulationState
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.repository import within_sites

_OPEN = (SimulationState.PLANNED.value, SimulationState.RUNNING.value)


def simulation(session: ReadSession, actor: Actor, simulation_id: str) -> Simulation | None:
    statement = select(Simulation).where(Simulation.id == simulation_id)
    return session.exec(within_sites(statement, actor, Simulation.site_id)).first()


def simulations(
    session: ReadSession, actor: Actor, *, before: str | None, limit: int
) -> Sequence[Simulation]:
    """List simulations, newest first."""
    statement = within_sites(select(Simulation), actor, Simulation.site_id)
    if before is not None:
        statement = statement.where(Simulation.id < before)
    return session.exec(statement.order_by(col(Simulation.id).desc()).limit(limit)).all()


def unfinished(session: ReadSession) -> frozenset[str]:
    """Return the ids of those whose table is still needed."""
    statement = select(Simulation.id).where(col(Simulation.state).in_(_OPEN))
    return frozenset(session.exec(statement).all())
