"""What readiness is made of, for tests: nodes that answered, calls, shadow runs, evidence."""

from datetime import date, datetime, timedelta

import sqlalchemy as sa
from factories.identity import SETUP
from factories.runs import create_run

from inference.associations.models import Association, Ending
from inference.delivery.models import Delivery
from inference.readiness import service
from inference.readiness.checking import Asked, keep
from inference.readiness.items import ItemKey
from inference.readiness.models import Evidence
from inference.readiness.service import Document
from inference.runs.models import Outcome, Run, RunMode
from inference.studies.models import Study
from model_registry.nodes.models import Node
from vigil.kernel.db import WriteSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.objects import LocalObjectStore, ObjectStore


def record(
    session: WriteSession,
    objects: ObjectStore,
    item: ItemKey = ItemKey.DPIA,
    *,
    actor: Actor = SETUP,
    site_id: str | None = None,
    model_id: str | None = None,
    expires_on: date | None = None,
    valid_from: date | None = None,
    document: Document | None = None,
) -> Evidence:
    return service.record(
        session,
        actor,
        objects,
        item=item,
        site_id=site_id,
        model_id=model_id,
        reference="IG-2026-14",
        owner="data protection officer",
        valid_from=valid_from or session.now().date(),
        expires_on=expires_on,
        document=document,
        reason="assessed",
    )


def answered(session: WriteSession, node: Node, *, ok: bool = True) -> None:
    """A C-ECHO as if it had been sent."""
    said = f"{node.ae_title} answered." if ok else f"{node.ae_title} refused."
    keep(session, SETUP, node, Asked(ok, said, 0.01))


def call(session: WriteSession, node: Node, *, stored: int = 0, at: datetime | None = None) -> None:
    """An association that a source opened."""
    session.add(
        Association(
            id=session.new_id("asc"),
            site_id=node.site_id,
            calling_ae=node.ae_title,
            called_ae="VIGIL",
            peer_host=node.host,
            receiver="test",
            opened_at=at or session.now(),
            closed_at=at or session.now(),
            ending=Ending.RELEASED,
            stored=stored,
        )
    )
    session.flush()


def delivered(session: WriteSession, delivery: Delivery) -> None:
    session.execute(
        sa.update(Delivery)
        .where(sa.column("id") == delivery.id)
        .values(state="delivered", delivered_at=session.now())
    )


def shadow_runs(
    session: WriteSession,
    objects: LocalObjectStore,
    site_id: str,
    *,
    count: int = 100,
    days: float = 8,
    failed: int = 0,
) -> Run:
    """So many finished shadow runs, spread evenly; return the first."""
    first = create_run(session, objects, site_id, mode=RunMode.SHADOW).run
    began = session.now() - timedelta(days=days)
    step = timedelta(days=days) / max(count - 1, 1)
    study = session.get_one(Study, first.study_id)
    for number in range(count):
        row = first if number == 0 else Run(**first.model_dump() | {"id": session.new_id("run")})
        if number:
            copied = Study(
                **study.model_dump()
                | {"id": session.new_id("std"), "study_instance_uid": f"1.2.{number}"}
            )
            session.add(copied)
            session.flush()
            row.study_id = copied.id
        row.planned_at = began + number * step
        row.outcome = Outcome.FAILED if number < failed else Outcome.SUCCEEDED
        session.add(row)
    session.flush()
    return first
