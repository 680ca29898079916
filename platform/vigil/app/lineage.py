"""Where a version comes from, what refers to it, and every digest on the way: one floor's view.

Runs, deployments and reports live on different floors, so this stands above all of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends
from pydantic import BaseModel
from sqlmodel import col

from inference.runs.models import Run
from model_registry.deployments.models import Deployment
from model_registry.packages.document import read_yaml
from model_registry.packages.errors import BrokenPackage
from model_registry.packages.layout import CARD, CHANGE_PLAN, MODEL, REFERENCE, SAFETY_CASE
from model_registry.safety import repository as safety
from model_registry.safety.models import Acceptance, SafetyCase
from model_registry.versions import contents
from model_registry.versions import repository as versions_repository
from model_registry.versions import service as versions
from model_registry.versions.comparison import Contents
from model_registry.versions.models import ModelVersion
from surveillance.axes import ALL
from surveillance.records.models import WHOLE_RUN, AggregateDay
from surveillance.reports.models import Report
from transparency_cards.cards import repository as cards
from transparency_cards.cards.models import Card
from vigil.kernel.db import ReadSession
from vigil.kernel.errors import NotFound
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.repository import within_sites
from vigil.kernel.identity.roles import Permission
from vigil.kernel.objects import ObjectStore
from vigil.kernel.web.dependencies import PartsDep, Reading, allowed
from vigil.kernel.web.route import ApiRoute

router = APIRouter(prefix="/api/v1/versions", tags=["models"], route_class=ApiRoute)
Reader = Annotated[Actor, Depends(allowed(Permission.REGISTRY_READ))]
_TRAINING = ("training_data", "trained_on", "training", "development_data")
_CHAIN = (
    ("Weights", MODEL),
    ("Card", CARD),
    ("Safety case document", SAFETY_CASE),
    ("Change plan", CHANGE_PLAN),
    ("Reference scores", REFERENCE),
)
# Runs and reports are patients' affairs: a supplier is told of its deployments and documents only.
_OF_SITES: Mapping[str, Any] = {"runs": Run, "reports": Report}


@dataclass(frozen=True)
class Lineage:
    """Where a version comes from and what stands on it.

    Attributes:
        before: the version of the model that was submitted before it.
        after: the one that was submitted after it.
        follows: what the manifest itself says that it follows.
        trained_on: what its card says.
        digests: what is named by which SHA-256, from the outermost inwards.
        uses: how many of each refer to it, of those that the reader may see.
    """

    before: ModelVersion | None
    after: ModelVersion | None
    follows: str | None
    trained_on: str | None
    digests: Sequence[tuple[str, str]]
    uses: Mapping[str, int]


@dataclass(frozen=True)
class LocalFigures:
    """What a version came to at the reader's own sites."""

    runs: int = 0
    findings: int = 0
    flagged: int = 0
    decided: int = 0
    overridden: int = 0

    @property
    def flag_rate(self) -> float | None:
        return self.flagged / self.findings if self.findings else None

    @property
    def override_rate(self) -> float | None:
        return self.overridden / self.decided if self.decided else None


def lineage_of(
    session: ReadSession, actor: Actor, objects: ObjectStore, version: ModelVersion
) -> Lineage:
    """Trace a version that the actor may read."""
    try:
        held = contents.contents_of(session, objects, version)
    except NotFound:
        # The archive may be lost; what the database knows is still told.
        held = Contents(version.manifest, {}, {})
    follows = version.manifest.get("follows") or {}
    return Lineage(
        before=versions_repository.predecessor(session, version),
        after=versions_repository.successor(session, version),
        follows=follows.get("version"),
        trained_on=_trained_on(held),
        digests=_digests(session, version, held),
        uses=_uses(session, actor, version),
    )


def figures(
    session: ReadSession, actor: Actor, version_ids: Sequence[str]
) -> dict[str, LocalFigures]:
    """Return what versions came to, from the daily counts: never from a patient's rows."""
    if not actor.may(Permission.SURVEILLANCE_READ):
        return {}
    day = AggregateDay
    is_run = col(day.finding_key) == WHOLE_RUN
    columns = (
        sa.func.sum(sa.case((is_run, day.n), else_=0)),
        sa.func.sum(sa.case((is_run, 0), else_=day.n)),
        sa.func.sum(sa.case((is_run, 0), else_=day.flagged)),
        sa.func.sum(sa.case((is_run, 0), else_=day.decided)),
        sa.func.sum(sa.case((is_run, 0), else_=day.override_fp + day.override_fn)),
    )
    statement = (
        sa.select(col(day.version_id), *columns)
        .where(col(day.axis) == ALL, col(day.version_id).in_(version_ids))
        .group_by(col(day.version_id))
    )
    rows = session.execute(within_sites(statement, actor, day.site_id)).all()
    return {row[0]: LocalFigures(*(int(value or 0) for value in row[1:])) for row in rows}


class LineageView(BaseModel):
    """Where a version comes from, what stands on it, and every digest on the way."""

    version_id: str
    submitted_at: datetime
    predecessor_id: str | None
    successor_id: str | None
    follows: str | None
    trained_on: str | None
    digests: dict[str, str]
    uses: dict[str, int]


@router.get("/{version_id}/lineage")
def show_lineage(version_id: str, session: Reading, actor: Reader, parts: PartsDep) -> LineageView:
    version = versions.version(session, actor, version_id)
    found = lineage_of(session, actor, parts.objects, version)
    return LineageView(
        version_id=version.id,
        submitted_at=version.submitted_at,
        predecessor_id=found.before.id if found.before else None,
        successor_id=found.after.id if found.after else None,
        follows=found.follows,
        trained_on=found.trained_on,
        digests=dict(found.digests),
        uses=dict(found.uses),
    )


def _trained_on(held: Contents) -> str | None:
    """Return what the card says of the training data, in its own words."""
    try:
        card = read_yaml(held.documents[CARD], CARD) if CARD in held.documents else {}
    except BrokenPackage:
        return None
    said = next((card[key] for key in _TRAINING if card.get(key)), None)
    return None if said is None else _text(said)


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_text(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return "; ".join(_text(inner) for inner in value)
    return str(value)


def _digests(session: ReadSession, version: ModelVersion, held: Contents) -> list[tuple[str, str]]:
    chain = [("Package", version.digest), ("Preprocessing", version.preprocessing_digest)]
    chain += [(what, held.digests[name]) for what, name in _CHAIN if name in held.digests]
    case = safety.signed_case(session, version.digest)
    card = cards.in_force(session, version.id)
    if case is not None:
        chain.append(("Signed safety case", case.content_digest))
    if card is not None:
        chain.append(("Published card", card.content_digest))
    return chain


def _uses(session: ReadSession, actor: Actor, version: ModelVersion) -> dict[str, int]:
    is_supplier = actor.supplier_id is not None
    kinds: dict[str, Any] = {"deployments": Deployment, "safety_cases": SafetyCase, "cards": Card}
    if not is_supplier:
        kinds = {"deployments": Deployment, **_OF_SITES, "acceptances": Acceptance, **kinds}
    return {name: _count(session, actor, table, version) for name, table in kinds.items()}


def _count(session: ReadSession, actor: Actor, table: Any, version: ModelVersion) -> int:
    statement = sa.select(sa.func.count()).where(col(table.version_id) == version.id)
    if "site_id" in table.model_fields and actor.supplier_id is None:
        statement = within_sites(statement, actor, table.site_id)
    return int(session.execute(statement).scalar_one())
