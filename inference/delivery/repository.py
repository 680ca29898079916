"""Queries for deliveries, each within the sites the actor may read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select

from inference.delivery.models import Cause, Delivery, DeliveryAttempt, DeliveryState
from inference.results.models import Result
from inference.runs.models import Run
from inference.studies.models import Study
from model_registry.deployments.models import Deployment
from model_registry.nodes.models import Node
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.repository import within_sites


def deliveries(
    session: ReadSession,
    actor: Actor,
    *,
    state: DeliveryState | None = None,
    run_id: str | None = None,
    after: str | None = None,
    limit: int = 100,
) -> Sequence[Delivery]:
    """Return deliveries, newest first: ids sort by the time they were made."""
    statement = select(Delivery).order_by(col(Delivery.id).desc()).limit(limit)
    if state is not None:
        statement = statement.where(Delivery.state == state)
    if state is DeliveryState.DEAD:
        statement = statement.where(col(Delivery.discarded_at).is_(None))
    if run_id is not None:
        statement = statement.where(Delivery.run_id == run_id)
    if after is not None:
        statement = statement.where(Delivery.id < after)
    return session.exec(within_sites(statement, actor, Delivery.site_id)).all()


def delivery(session: ReadSession, actor: Actor, delivery_id: str) -> Delivery | None:
    statement = select(Delivery).where(Delivery.id == delivery_id)
    return session.exec(within_sites(statement, actor, Delivery.site_id)).first()


def locked(session: WriteSession, actor: Actor, delivery_id: str) -> Delivery | None:
    """Return the delivery as it is now, held against other writers (PostgreSQL)."""
    statement = (
        select(Delivery)
        .where(Delivery.id == delivery_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return session.exec(within_sites(statement, actor, Delivery.site_id)).first()


def locked_dead(
    session: WriteSession, actor: Actor, *, cause: Cause | None, node_id: str | None
) -> Sequence[Delivery]:
    statement = (
        select(Delivery)
        .where(Delivery.state == DeliveryState.DEAD, col(Delivery.discarded_at).is_(None))
        .order_by(Delivery.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if cause is not None:
        statement = statement.where(Delivery.cause == cause)
    if node_id is not None:
        statement = statement.where(Delivery.node_id == node_id)
    return session.exec(within_sites(statement, actor, Delivery.site_id)).all()


def of_result(session: ReadSession, actor: Actor, result_id: str) -> Sequence[Delivery]:
    statement = select(Delivery).where(Delivery.result_id == result_id)
    return session.exec(within_sites(statement, actor, Delivery.site_id)).all()


def of_run(session: ReadSession, actor: Actor, run_id: str) -> Sequence[Delivery]:
    statement = select(Delivery).where(Delivery.run_id == run_id).order_by(Delivery.id)
    return session.exec(within_sites(statement, actor, Delivery.site_id)).all()


def attempts(session: ReadSession, actor: Actor, delivery_id: str) -> Sequence[DeliveryAttempt]:
    statement = (
        select(DeliveryAttempt)
        .join(Delivery, col(Delivery.id) == col(DeliveryAttempt.delivery_id))
        .where(DeliveryAttempt.delivery_id == delivery_id)
        .order_by(col(DeliveryAttempt.number))
    )
    return session.exec(within_sites(statement, actor, Delivery.site_id)).all()


def backlog(
    session: ReadSession, actor: Actor
) -> Sequence[tuple[DeliveryState, Cause | None, int, datetime]]:
    """Count what is not delivered, by state and cause, with the oldest of each."""
    statement: Any = (
        select(Delivery.state, Delivery.cause, sa.func.count(), sa.func.min(Delivery.created_at))
        .where(Delivery.state != DeliveryState.DELIVERED, col(Delivery.discarded_at).is_(None))
        .group_by(col(Delivery.state), col(Delivery.cause))
        .order_by(col(Delivery.state), col(Delivery.cause))
    )
    rows: Sequence[Any] = session.exec(within_sites(statement, actor, Delivery.site_id)).all()
    return [tuple(row) for row in rows]


def node_of(session: ReadSession, actor: Actor, delivery: Delivery) -> Node:
    statement = select(Node).where(Node.id == delivery.node_id)
    return session.exec(within_sites(statement, actor, Node.site_id)).one()


def result_of(session: ReadSession, actor: Actor, delivery: Delivery) -> Result:
    statement = select(Result).where(Result.id == delivery.result_id)
    return session.exec(within_sites(statement, actor, Result.site_id)).one()


def run(session: ReadSession, actor: Actor, run_id: str) -> Run:
    statement = select(Run).where(Run.id == run_id)
    return session.exec(within_sites(statement, actor, Run.site_id)).one()


def deployment(session: ReadSession, actor: Actor, deployment_id: str) -> Deployment:
    statement = select(Deployment).where(Deployment.id == deployment_id)
    return session.exec(within_sites(statement, actor, Deployment.site_id)).one()


def patient_pseudonym(session: ReadSession, actor: Actor, study_id: str) -> str:
    statement = select(Study.patient_pseudonym).where(Study.id == study_id)
    return str(session.exec(within_sites(statement, actor, Study.site_id)).one())
